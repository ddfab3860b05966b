"""Opening a checkpoint that is not a sequence classifier: refused before its weights are read, loaded whole, and pinned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from robustness.victims.transformers import adapters, checkpoints
from robustness.victims.transformers.derivatives import embedded
from robustness.victims.transformers.heads import check_head
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.tokens import Tokens
from robustness.victims.transformers.vocabulary import check_ids, load_tokenizer, vocabulary_notes


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint in memory. ``pins``: what identifies it, by content."""

    model: Any
    tokens: Tokens
    config: Any
    pins: dict[str, str]
    device: str
    notes: tuple[str, ...]


def opened(
    path_or_name: str,
    auto: str,
    check: Callable[[Any], object],
    *,
    what: str,
    device: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    max_length: int | None = None,
    offline: bool = False,
) -> Opened:
    """Load a checkpoint in float32 by a class of transformers, such as ``AutoModelForTokenClassification``.

    ``check``: raises where the config fits no such victim, before weights are read. ``what``: what it is with a
    trained head, for the message where that is missing.

    Raises:
        UsageError: no such folder, a device or length that cannot be used, whatever ``check`` raises.
        VictimError: it cannot be loaded, lacks a trained head, or has weights in pickles only.
        MissingExtraError: torch or transformers is not installed.
    """
    folder = checkpoints.locate(path_or_name)
    if folder is not None:
        checkpoints.check_folder(folder, allow_pickle=allow_pickle)
    transformers = checkpoints.prepare(offline)
    source = path_or_name if folder is None else str(folder)
    with checkpoints.explained(path_or_name, offline=offline):
        used = checkpoints.pick_device(device)
        adapter = checkpoints.beside_weights(path_or_name, folder, offline=offline)
        if adapter is not None:
            adapters.check_adapter(path_or_name, adapter, allow_pickle=allow_pickle)
        common: dict[str, Any] = {"local_files_only": offline or folder is not None, "trust_remote_code": trust_remote_code}
        config = transformers.AutoConfig.from_pretrained(source, **common)
        check(config)
        tokenizer = load_tokenizer(transformers, source, folder, config, common)
        options = common | checkpoints.attention(used) | {"config": config}
        model = _model(getattr(transformers, auto), source, options, what, allow_pickle=allow_pickle)
        check_ids(source, tokenizer, embedded(model))
        pins = checkpoints.identity(checkpoints.snapshot(path_or_name, folder, offline=offline), tokenizer)
        pins |= checkpoints.code_identity(model, tokenizer, config)
        if adapter is not None:
            adapters.check_applied(source, model)
            pins |= checkpoints.adapter_identity(source, adapter, str(model.name_or_path), offline=offline)
    tokens = Tokens(tokenizer, token_limit(tokenizer, model, max_length))
    pins |= {"max_tokens": str(tokens.limit)}
    return Opened(model, tokens, config, pins, used, vocabulary_notes(tokenizer, config))


def _model(auto: Any, source: str, options: dict[str, Any], what: str, *, allow_pickle: bool) -> Any:
    import torch

    safe = {} if allow_pickle else {"use_safetensors": True}
    model, loading = auto.from_pretrained(
        source, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True, **safe, **options
    )
    check_head(source, model.config, loading, what)
    return model
