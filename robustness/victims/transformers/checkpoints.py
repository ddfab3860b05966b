"""Checkpoints on disk or on a hub: found, refused when they are pickles, read quietly, and pinned by a hash."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from robustness.errors import UsageError, VictimError, cut
from robustness.victims.extras import require
from robustness.victims.transformers import adapters
from robustness.victims.transformers.fast import processor
from robustness.victims.transformers.fast.kernels import keep_memory, pack
from robustness.victims.transformers.vocabulary import SAVE, built_in, saved_files

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.msgpack", "*.h5")
OWN_CODE = "transformers_modules"
"""The package that transformers puts the code of checkpoints into."""


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
        VictimError: no ``config.json``; no safetensors file, unless pickles are allowed and there are some; an adapter alone.
    """
    if not (folder / "config.json").is_file():
        if (folder / adapters.CONFIG).is_file():
            adapters.check_bare(str(folder), folder / adapters.CONFIG)
        raise VictimError(f"{folder} holds no config.json, it holds {_listing(folder)}; is it the folder of a saved checkpoint?")
    weights, pickles = ([path.name for path in found if path.name not in adapters.WEIGHTS] for found in _weights(folder))
    if weights:
        return
    if pickles and not allow_pickle:
        raise VictimError(
            f"{folder} has no safetensors weights, only {', '.join(pickles)}, which may run code when read; "
            "save the checkpoint again with safetensors, or pass --allow-pickle if you trust its author"
        )
    if not pickles:
        if (folder / adapters.CONFIG).is_file():
            adapters.check_bare(str(folder), folder / adapters.CONFIG)
        raise VictimError(f"{folder} holds no weights (*.safetensors), it holds {_listing(folder)}")


def _weights(folder: Path) -> tuple[list[Path], list[Path]]:
    return sorted(folder.glob("*.safetensors")), sorted(p for pattern in PICKLES for p in folder.glob(pattern))


def find_file(name: str, folder: Path | None, file: str, *, offline: bool) -> Path | None:
    """One file of a checkpoint, a local folder's or a hub's; None where it has none of that name."""
    if folder is not None:
        return folder / file if (folder / file).is_file() else None
    from transformers.utils import cached_file

    try:
        found = cached_file(name, file, local_files_only=offline)
    except OSError:
        return None
    return None if found is None else Path(str(found))


def check_config(file: Path) -> None:
    """Refuse a ``config.json`` that names code to be fetched from a hub, such as a kernel for attention.

    Raises:
        VictimError: it does, or it is no JSON.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise VictimError(f"{file} is not JSON: {problem}") from problem
    for key, value in _implementations(found):
        if "/" in value:
            raise VictimError(
                f"{file} sets {key} to {value!r}, code to be fetched from a hub and run; remove the entry from config.json"
            )


def beside_weights(name: str, folder: Path | None, *, offline: bool) -> Path | None:
    """Check the config before anything is loaded by it; the config of an adapter, where one lies beside it."""
    config, adapter = (find_file(name, folder, file, offline=offline) for file in ("config.json", adapters.CONFIG))
    if config is not None:
        check_config(config)
    elif adapter is not None:
        adapters.check_bare(name, adapter)
    return adapter


def refuse_adapter(name: str, folder: Path | None, *, offline: bool) -> None:
    """Check what lies beside the weights of a model that helps an attack; it is used without adapters.

    Raises:
        VictimError: there is one, or the config cannot be trusted.
    """
    if beside_weights(name, folder, offline=offline) is not None:
        raise VictimError(f"{name} holds a PEFT adapter ({adapters.CONFIG}); merge it into the weights first")


def _implementations(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text under a key such as ``_attn_implementation``, however deep."""
    if isinstance(value, str):
        yield from [(key, value)] if key else []
    elif isinstance(value, (dict, list)):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _implementations(inner, str(name) if "_implementation" in str(name) else key)


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
        if Path(name).expanduser().is_dir():
            hint = "its files are damaged or do not match each other"
        elif "safetensors" in first:
            hint = "it has no safetensors weights; pass --allow-pickle if you trust its author"
        if isinstance(problem, ImportError):
            hint = "it needs a package that is not installed"
        if "trust_remote_code" in first:
            hint = "it brings its own code; pass --trust-remote-code if you trust its author"
        raise VictimError(f"cannot load {name!r}: {hint} ({type(problem).__name__}: {first})") from problem


def snapshot(name: str, folder: Path | None, *, offline: bool) -> Path:
    """The folder whose files were loaded: the given one, or the hub cache's snapshot."""
    if folder is not None:
        return folder
    from transformers.utils import cached_file

    return Path(str(cached_file(name, "config.json", local_files_only=offline))).parent


def identity(folder: Path, tokenizer: Any) -> dict[str, str]:
    """SHA-256 of the weights, the config and the tokenizer files, by content: copies of a checkpoint are one victim.

    Raises:
        VictimError: there is no file that could be pinned as the weights or as the tokenizer.
    """
    safe, pickles = _weights(folder)
    named = {folder / str(file) for file in (getattr(tokenizer, "vocab_files_names", None) or {}).values()}
    files = sorted({*saved_files(folder), *(file for file in named if file.is_file())})
    if not (safe or pickles):
        raise VictimError(f"{folder} holds no weights that could be pinned, it holds {_listing(folder)}")
    if not files and named:
        raise VictimError(f"{folder} holds no file of a tokenizer that could be pinned, it holds {_listing(folder)}; {SAVE}")
    pinned = digest(files) if files else built_in(tokenizer)
    return {"weights": digest(safe or pickles), "config": digest([folder / "config.json"]), "tokenizer": pinned}


def adapter_identity(name: str, adapter: Path, base: str, *, offline: bool) -> dict[str, str]:
    """What pins an applied adapter: its files, the version of peft, and the base model where that came from elsewhere."""
    from importlib.metadata import version

    files = [adapter, *(path for path in map(adapter.with_name, adapters.WEIGHTS) if path.is_file())]
    pins = {"adapter": digest(files), "peft": version("peft")}
    if base in ("", name, str(adapter.parent)):
        return pins
    elsewhere = snapshot(base, locate(base), offline=offline)
    check_config(elsewhere / "config.json")
    safe, pickles = _weights(elsewhere)
    return pins | {"base": digest(safe or pickles)}


def code_identity(*loaded: Any) -> dict[str, str]:
    """SHA-256 of the Python files that a checkpoint brought along and that were imported for these objects."""
    classes = {kind for thing in loaded for kind in type(thing).__mro__}
    packages = {kind.__module__.rpartition(".")[0] for kind in classes if kind.__module__.startswith(f"{OWN_CODE}.")}
    modules = [module for name, module in sys.modules.items() if name.rpartition(".")[0] in packages]
    files = {Path(str(module.__file__)) for module in modules if getattr(module, "__file__", None)}
    return {"code": digest(sorted(files, key=lambda file: (file.name, str(file))))} if files else {}


def digest(files: Iterable[Path]) -> str:
    """One SHA-256 over names and contents, in the order given."""
    total = hashlib.sha256()
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
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def aligned(model: Any) -> Any:
    """The model with its weights copied to where torch allocates.

    Read in place from a file they start at whatever byte the file's header ends, and kernels round differently by that.
    """
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.data = tensor.data.clone()
    return model


def settled(model: Any, device: str) -> Any:
    """The model on its device, ready to be asked: in evaluation mode, on a processor with aligned weights.

    They are packed where the processor's instructions make that faster.
    """
    ready = aligned(model).to(device).eval()
    if device == "cpu":
        keep_memory()
        processor.limit_threads()
        if processor.kernels(processor.instructions()) == processor.PACKED:
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
