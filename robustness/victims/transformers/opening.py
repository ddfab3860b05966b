"""Opening a checkpoint: refused before its weights are read, loaded by its room, checked, and pinned by content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustness.victims.transformers import adapters, checkpoints
from robustness.victims.transformers.derivatives import embedded
from robustness.victims.transformers.heads import check_head
from robustness.victims.transformers.vocabulary import check_ids, load_tokenizer


@dataclass(frozen=True, slots=True)
class Opening:
    """A checkpoint whose config is read and whose weights are not. ``source``: its folder, or its name on the hub."""

    transformers: Any
    source: str
    config: Any
    device: str
    _named: str
    _folder: Path | None
    _adapter: Path | None
    _common: dict[str, Any]
    _offline: bool

    @property
    def options(self) -> dict[str, Any]:
        """What ``from_pretrained`` of a model takes.

        The config is given as a whole, because an attention that config.json names would override the one requested here.
        """
        return self._common | checkpoints.attention(self.device) | {"config": self.config}

    def tokenizer(self) -> Any:
        """The tokenizer beside the config, as transformers opens it."""
        return load_tokenizer(self.transformers, self.source, self._folder, self.config, self._common)

    def headed(self, auto: str, what: str, *, allow_pickle: bool) -> Any:
        """The model in float32 by a class of transformers, such as ``AutoModelForTokenClassification``, with its trained head.

        Mismatched sizes are allowed, because they are reported better here. ``what``: what it is with a trained head.
        """
        import torch

        safe = {} if allow_pickle else {"use_safetensors": True}
        model, loading = getattr(self.transformers, auto).from_pretrained(
            self.source, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True, **safe, **self.options
        )
        check_head(self.source, model.config, loading, what)
        return model

    def pins(self, model: Any, tokenizer: Any) -> dict[str, str]:
        """What identifies the loaded model, after checks that the tokenizer and an adapter belong to it."""
        check_ids(self.source, tokenizer, embedded(model))
        pins = checkpoints.identity(checkpoints.snapshot(self._named, self._folder, offline=self._offline), tokenizer)
        pins |= checkpoints.code_identity(model, tokenizer, self.config)
        if self._adapter is not None:
            adapters.check_applied(self.source, model)
            pins |= checkpoints.adapter_identity(self.source, self._adapter, str(model.name_or_path), offline=self._offline)
        return pins


@contextmanager
def opening(
    path_or_name: str,
    *,
    device: str | None,
    allow_pickle: bool,
    trust_remote_code: bool,
    offline: bool,
    takes_adapter: bool = True,
) -> Iterator[Opening]:
    """Read a checkpoint's config; whatever transformers raises inside becomes one error that names the way out.

    Raises:
        UsageError: no such folder, a device that cannot be used.
        VictimError: it cannot be loaded, has weights in pickles only, or an adapter where ``takes_adapter`` is false.
        MissingExtraError: torch or transformers is not installed.
    """
    folder = checkpoints.locate(path_or_name)
    if folder is not None:
        checkpoints.check_folder(folder, allow_pickle=allow_pickle)
    transformers = checkpoints.prepare(offline)
    source = path_or_name if folder is None else str(folder)
    with checkpoints.explained(path_or_name, offline=offline):
        used = checkpoints.pick_device(device)
        adapter = None
        if takes_adapter:
            adapter = checkpoints.beside_weights(path_or_name, folder, offline=offline)
        else:
            checkpoints.refuse_adapter(path_or_name, folder, offline=offline)
        if adapter is not None:
            adapters.check_adapter(path_or_name, adapter, allow_pickle=allow_pickle)
        common: dict[str, Any] = {"local_files_only": offline or folder is not None, "trust_remote_code": trust_remote_code}
        config = transformers.AutoConfig.from_pretrained(source, **common)
        yield Opening(transformers, source, config, used, path_or_name, folder, adapter, common, offline)
