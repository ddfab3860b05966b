"""Checkpoints on disk or on a hub: found, refused when they are pickles, read quietly, and pinned by a hash."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from robustness.errors import UsageError, VictimError, cut
from robustness.victims.extras import require
from robustness.victims.kernels import keep_memory, pack

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.msgpack", "*.h5")
TOKENIZER_FILES = (
    "tokenizer*", "vocab.*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model", "bpe.codes",
)  # fmt: skip
UNBOUNDED = 1_000_000
"""Tokenizers without a limit say 10**30; anything this large is none."""


def prepare(offline: bool) -> Any:
    """Import transformers (and torch), with the hub forbidden when ``offline``. Returns the transformers module."""
    if offline:  # read by huggingface_hub when it is imported; local_files_only covers the case that it already was
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    require("torch", "hf")
    return require("transformers", "hf")


@contextmanager
def quietly() -> Iterator[None]:
    """Keep transformers' progress bars and advice off the terminal while loading; errors still raise."""
    from transformers.utils import logging

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def locate(name: str) -> Path | None:
    """The folder that ``name`` names, or None when it is a hub name.

    Raises:
        UsageError: it looks like a path, but no such folder exists.
    """
    path = Path(name).expanduser()
    if name and path.is_dir():
        return path
    if name and path.exists():
        raise UsageError(f"expected the folder of a checkpoint, got the file {name}; give the folder that holds config.json")
    if name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name or not name:
        raise UsageError(f"no such folder: {name!r}; give the folder that holds config.json, or a hub name such as owner/name")
    return None


def check_folder(folder: Path, *, allow_pickle: bool) -> None:
    """Refuse a folder without config or without weights that may be read.

    Raises:
        VictimError: no ``config.json``; no safetensors file, unless pickles are allowed and there are some.
    """
    if not (folder / "config.json").is_file():
        raise VictimError(f"{folder} holds no config.json, it holds {_listing(folder)}; is it the folder of a saved checkpoint?")
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(p.name for pattern in PICKLES for p in folder.glob(pattern))
    if pickles and not allow_pickle:
        raise VictimError(
            f"{folder} has no safetensors weights, only {', '.join(pickles)}, which may run code when read; "
            "save the checkpoint again with safetensors, or pass --allow-pickle if you trust its author"
        )
    if not pickles:
        raise VictimError(f"{folder} holds no weights (*.safetensors), it holds {_listing(folder)}")


def _listing(folder: Path) -> str:
    names = sorted(p.name for p in folder.iterdir())
    return (", ".join(names[:8]) + (" …" if len(names) > 8 else "")) or "nothing"


@contextmanager
def explained(name: str, *, offline: bool) -> Iterator[None]:
    """Turn whatever transformers raises while loading into one error that names the checkpoint and the way out."""
    try:
        with quietly():
            yield
    except (VictimError, UsageError):
        raise
    except Exception as problem:
        first = cut(" ".join(str(problem).split()), 500)
        hint = "it is not in the local cache and --offline forbids the hub" if offline else "is the name right?"
        if "safetensors" in first:
            hint = "it has no safetensors weights; pass --allow-pickle if you trust its author"
        if "trust_remote_code" in first:
            hint = "it brings its own code; pass --trust-remote-code if you trust its author"
        raise VictimError(f"cannot load {name!r}: {hint} ({type(problem).__name__}: {first})") from problem


def snapshot(name: str, folder: Path | None, *, offline: bool) -> Path:
    """The folder whose files were loaded: the given one, or the hub cache's snapshot."""
    if folder is not None:
        return folder
    from transformers.utils import cached_file

    return Path(str(cached_file(name, "config.json", local_files_only=offline))).parent


def identity(folder: Path) -> dict[str, str]:
    """SHA-256 of the weights, the config and the tokenizer files, by content: copies of a checkpoint are one victim."""
    weights = sorted(folder.glob("*.safetensors")) or sorted(p for pattern in PICKLES for p in folder.glob(pattern))
    tokenizer = sorted({p for pattern in TOKENIZER_FILES for p in folder.glob(pattern) if p.is_file()})
    return {"weights": digest(weights), "config": digest([folder / "config.json"]), "tokenizer": digest(tokenizer)}


def digest(files: Iterable[Path]) -> str:
    """One SHA-256 over names and contents, in the order given."""
    total = sha256()
    for file in files:
        total.update(f"{file.name}\0{file_digest(file)}\n".encode())
    return total.hexdigest()


def file_digest(file: Path) -> str:
    """SHA-256 of a file's content, read in blocks, and once only while it stays unchanged."""
    real = file.resolve()
    stat = real.stat()
    return _hash_file(real, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _hash_file(path: Path, size: int, changed: int) -> str:
    del size, changed  # part of the key: a changed file is read again
    total = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def token_limit(tokenizer: Any, config: Any, asked: int | None) -> int | None:
    """The most tokens that the model reads: what was asked, else the tighter of the tokenizer's and the config's limits.

    Raises:
        UsageError: more was asked than the model has positions for.
    """
    limits = [int(n) for n in (tokenizer.model_max_length, _positions(config)) if n is not None and 0 < n < UNBOUNDED]
    limit = min(limits, default=None)
    if asked is None:
        return limit
    if asked < 1 or (limit is not None and asked > limit):
        raise UsageError(f"max_length must be from 1 to the {limit} tokens that the checkpoint reads, got {asked}")
    return asked


def _positions(config: Any) -> int | None:
    positions = getattr(config, "max_position_embeddings", None)
    if positions is None or positions < 1:
        return None
    if "roberta" in config.model_type or config.model_type in ("camembert", "longformer", "mpnet", "bigbird_pegasus"):
        return int(positions) - (config.pad_token_id or 0) - 1  # their positions start after the padding index
    return int(positions)


def aligned(model: Any) -> Any:
    """The model with its weights copied to where torch allocates.

    Read in place from a file they start at whatever byte the file's header ends, and kernels round differently by that.
    """
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.data = tensor.data.clone()
    return model


def settled(model: Any, device: str) -> Any:
    """The model on its device, ready to be asked: in evaluation mode, on a processor with aligned and packed weights."""
    ready = aligned(model).to(device).eval()
    if device == "cpu":
        keep_memory()
        pack(ready)
    return ready


def attention(device: str) -> dict[str, str]:
    """Options of ``from_pretrained``: on a processor plain attention, which rounds the same however far a batch is padded.

    It is as fast there as the fused kernel at the lengths that matter.
    """
    return {"attn_implementation": "eager"} if device == "cpu" else {}


def pick_device(asked: str | None) -> str:
    """The device asked for, else the first GPU, else the processor."""
    import torch

    if asked is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=asked)
    except Exception as problem:  # torch raises RuntimeError, AssertionError or NotImplementedError
        raise UsageError(f"the device {asked!r} cannot be used here ({problem}); try cpu") from problem
    return asked
