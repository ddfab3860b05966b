"""Hugging Face sequence classifiers: any checkpoint, local or from a hub, for one text or for a pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.errors import UsageError, VictimError
from robustness.victims import checkpoints
from robustness.victims.base import TokenGradients, Victim, VictimInfo
from robustness.victims.derivatives import Derivatives, whole_words, word_ids
from robustness.victims.kernels import read_first
from robustness.victims.mixing import ALWAYS, NEVER, mixable, probe_texts
from robustness.victims.tokens import Tokens, batch
from robustness.victims.unpadded import PADDING_COST, unpad

ROW_QUANTUM = 4
LENGTH_QUANTUM = 4
"""On a processor in float32, rows of one padded length in multiples of four score the same whatever stands beside them."""

Scoring = Callable[[Any], Any]
"""From logits (n, outputs) in float64 to scores (n, classes) whose rows sum to one."""


class TransformerVictim:
    """A classifier of token ids that answers ``.logits``; on a processor its scores do not depend on the batch."""

    def __init__(self, info: VictimInfo, model: Any, tokens: Tokens, scoring: Scoring, pad_id: int, device: str) -> None:
        self._tokens, self._scoring = tokens, scoring
        self._model = checkpoints.settled(model, device)
        self._pad_id, self._device = pad_id, device
        self._left = getattr(model.config, "model_type", "") == "xlnet"  # reads its last token, so padding goes first
        self._info = info
        self._derivatives = Derivatives(self._model, scoring, tokens_first=self._left)
        unpadded = self._lightened(len(info.fields))
        if info.row_quantum:
            mixed = self._mixable(len(info.fields))
            self._info = replace(info, mixed_lengths=mixed, padding_cost=PADDING_COST if unpadded else 1.0)

    def _lightened(self, fields: int) -> bool:
        """Take out of the model what no answer depends on; whether padding is among it."""

        def ask() -> Any:
            return self._logits(self._padded(probe_texts(fields))).cpu().numpy()

        if self._device == "cpu" and any(unpad(self._model, ask, first=first) for first in (True, False)):
            return True
        read_first(self._model, ask)
        return False

    def _mixable(self, fields: int) -> tuple[int, int]:
        return mixable(self._scores, self._tokens, self._pad_id, fields=fields, left=self._left, rows=ROW_QUANTUM)

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> NDArray[np.float64]:
        """Scores, (n, classes). Padded to the longest or the least that mixes, rounded up to a multiple of the length quantum.

        Raises:
            VictimError: a text holds a lone surrogate; the other inputs are not answered either.
        """
        if not inputs:
            return np.empty((0, len(self._info.labels)))
        return self._scores(self._padded(inputs, self._info.mixed_lengths[0]))

    def _padded(self, inputs: Sequence[Input], least: int = 0) -> dict[str, NDArray[np.int64]]:
        encoded, limit = self._tokens.encode(inputs), self._tokens.limit
        return batch(encoded, self._pad_id, left=self._left, multiple=self._info.length_quantum, limit=limit, least=least)

    def _scores(self, columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self._scoring(self._logits(columns).double().cpu()).numpy()
        return scores

    def _logits(self, columns: Mapping[str, NDArray[np.int64]]) -> Any:
        import torch

        with torch.inference_mode():
            return self._model(**{name: torch.from_numpy(c).to(self._device) for name, c in columns.items()}).logits

    def token_gradients(self, inputs: Sequence[Input], labels: Sequence[int]) -> list[TokenGradients]:
        """Loss gradients with regard to each token's embedding, dropout off; padded like ``predict``."""
        import torch

        encoded = self._tokens.encode(inputs)
        columns = self._padded(inputs)
        found = self._derivatives.of({name: torch.from_numpy(c).to(self._device) for name, c in columns.items()}, labels)
        rows = (row[-len(e) :] if self._left else row[: len(e)] for row, e in zip(found, encoded, strict=True))
        ids = (e.columns["input_ids"] for e in encoded)
        return [TokenGradients(*one) for one in zip(self._tokens.places(inputs), ids, rows, strict=True)]

    def embeddings(self) -> NDArray[np.float32]:
        """The input embedding of every token, (vocabulary, d)."""
        return self._derivatives.embeddings()

    def word_ids(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of each word as it reads inside a text."""
        return word_ids(self._tokens.tokenizer, words)

    def whole_words(self) -> list[tuple[int, str]]:
        """Every token that is a whole word by itself, with that word."""
        return whole_words(self._tokens.tokenizer)

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens of each input, special tokens included, after truncation."""
        return self._tokens.lengths(inputs)

    def truncated(self, inputs: Sequence[Input]) -> list[bool]:
        """Which inputs are longer than the model reads."""
        return self._tokens.truncated(inputs)

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of each input's token ids and token types after truncation; None for one with a lone surrogate."""
        return self._tokens.readings(inputs)

    def unknown_tokens(self, inputs: Sequence[Input]) -> list[tuple[int, int]]:
        """(unknown tokens, tokens without special ones) of each input, after truncation."""
        return self._tokens.unknown(inputs)

    def close(self) -> None:
        """Nothing is held beyond memory."""


def load_huggingface(
    path_or_name: str,
    *,
    device: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    max_length: int | None = None,
    offline: bool = False,
    fields: Sequence[str] = ("text",),
    label: str | None = None,
) -> Victim:
    """Load a sequence-classification checkpoint from a folder or a hub.

    ``fields``: one name, or two for a checkpoint that reads pairs. ``label``: for a multi-label checkpoint, the label
    to audit, as one class against the rest. Weights are read in float32.

    Raises:
        UsageError: no such folder, a device or length that cannot be used, a head that is no classifier.
        VictimError: the checkpoint cannot be loaded, lacks a trained head, or has weights in pickles only.
        MissingExtraError: torch or transformers is not installed.
    """
    if not 1 <= len(set(fields)) == len(fields) <= 2:
        raise UsageError(f"a checkpoint reads one field or two different ones, got {list(fields)}")
    folder = checkpoints.locate(path_or_name)
    if folder is not None:
        checkpoints.check_folder(folder, allow_pickle=allow_pickle)
    transformers = checkpoints.prepare(offline)
    source = path_or_name if folder is None else str(folder)
    with checkpoints.explained(path_or_name, offline=offline):
        common: dict[str, Any] = {"local_files_only": offline or folder is not None, "trust_remote_code": trust_remote_code}
        used = checkpoints.pick_device(device)
        loading = common | checkpoints.attention(used) | ({} if allow_pickle else {"use_safetensors": True})
        model = _classifier(transformers, source, loading)
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **common)
        pins = checkpoints.identity(checkpoints.snapshot(path_or_name, folder, offline=offline))
    labels, scoring = reading(model.config, label)
    tokens = Tokens(tokenizer, checkpoints.token_limit(tokenizer, model.config, max_length))
    pad_id, notes = padding(tokenizer, model.config)
    pins |= {"max_tokens": str(tokens.limit), "label": label or ""}
    info = describe(f"hf:{path_or_name}", "hf", labels, tokens, pins, used, fields=tuple(fields), notes=notes)
    return TransformerVictim(info, model, tokens, scoring, pad_id, used)


def describe(
    name: str,
    kind: str,
    labels: tuple[str, ...],
    tokens: Tokens,
    pins: Mapping[str, str],
    device: str,
    *,
    fields: tuple[str, ...] = ("text",),
    notes: tuple[str, ...] = (),
) -> VictimInfo:
    """What a transformer says of itself; off the processor it promises nothing about batches."""
    exact = device == "cpu"
    return VictimInfo(
        name=name,
        kind=kind,
        labels=labels,
        fields=fields,
        identity=tuple(sorted(pins.items())),
        row_quantum=ROW_QUANTUM if exact else 0,
        length_quantum=LENGTH_QUANTUM if exact else 1,
        mixed_lengths=NEVER if exact else ALWAYS,
        max_tokens=tokens.limit,
        gradients=bool(tokens.tokenizer.is_fast),
        notes=notes if exact else (*notes, f"on {device} the last digits of a score depend on the batch"),
    )


def _classifier(transformers: Any, source: str, options: Mapping[str, Any]) -> Any:
    import torch

    auto = transformers.AutoModelForSequenceClassification
    model, loading = auto.from_pretrained(source, dtype=torch.float32, output_loading_info=True, **options)
    missing = sorted(loading["missing_keys"])
    if missing:  # transformers fills them with random numbers and only warns
        raise VictimError(
            f"{source!r} is no trained sequence classifier: it lacks {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}; "
            "give a checkpoint that was fine-tuned for classification"
        )
    return model


def padding(tokenizer: Any, config: Any) -> tuple[int, tuple[str, ...]]:
    """The padding token and what to note about it; told to the config too, where heads look for the last real token."""
    known = [i for i in (config.pad_token_id, tokenizer.pad_token_id) if i is not None and i >= 0]
    pad_id = next(iter(known), tokenizer.eos_token_id)
    if pad_id is None:
        raise VictimError("the tokenizer has neither a padding nor an end-of-text token; set pad_token in tokenizer_config.json")
    config.pad_token_id = pad_id
    return pad_id, () if known else ("no padding token: shorter texts of a batch are padded with the end-of-text token",)


def reading(config: Any, label: str | None) -> tuple[tuple[str, ...], Scoring]:
    """Label names, and how logits become scores: softmax, or the sigmoid of one label against the rest.

    Raises:
        UsageError: a regression head; a multi-label head without ``label``; a ``label`` that it does not have.
    """
    names = tuple(str(config.id2label[i]) for i in range(config.num_labels))
    several = config.problem_type == "multi_label_classification" and len(names) > 1
    if config.problem_type == "regression":
        raise UsageError(
            "the checkpoint predicts a number (problem_type is regression), not a class; only classifiers can be audited"
        )
    if len(set(names)) != len(names):
        raise UsageError(f"the checkpoint's id2label names a label twice: {', '.join(names)}; correct its config.json")
    if several and label is None:
        raise UsageError(
            f"the checkpoint is multi-label; name the one to audit against the rest, hf:NAME#LABEL, among: {', '.join(names)}"
        )
    if len(names) > 1 and not several:
        if label is not None:
            raise UsageError(f"label={label!r} picks from a multi-label checkpoint, but this one's classes exclude each other")
        return names, softmax
    chosen = names[0] if label is None else label
    if chosen not in names:
        raise UsageError(f"the checkpoint has no label {chosen!r}; it has: {', '.join(names)}")
    index = names.index(chosen)
    return (f"not {chosen}", chosen), lambda logits: _one_against_rest(logits[:, index])


def softmax(logits: Any) -> Any:
    """Scores of exclusive classes."""
    return logits.softmax(dim=-1)


def _one_against_rest(logits: Any) -> Any:
    import torch

    return torch.stack([(-logits).sigmoid(), logits.sigmoid()], dim=-1)
