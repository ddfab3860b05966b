"""Hugging Face sequence classifiers: any checkpoint, local or from a hub, for one text or for a pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.errors import UsageError, VictimError
from robustness.victims.base import Attribution, TokenGradients, Victim, VictimInfo
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.derivatives import NO_GRADIENTS, Derivatives, derivatives, embedded, whole_words, word_ids
from robustness.victims.transformers.fast import memory
from robustness.victims.transformers.fast.cores import by_parts, shareable
from robustness.victims.transformers.fast.kernels import read_first
from robustness.victims.transformers.fast.mixing import ALWAYS, NEVER, ROW_QUANTUM, independent, probe_texts
from robustness.victims.transformers.fast.unpadded import PADDING_COST, fills, unpad
from robustness.victims.transformers.heads import Scoring, check_kind, reading
from robustness.victims.transformers.opening import opening
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.probing import NOTE, Rest, accepted, padding_matters, uneven_texts
from robustness.victims.transformers.tokens import Encoded, Tokens, batch
from robustness.victims.transformers.vocabulary import vocabulary_notes

LENGTH_QUANTUM = 4
"""On a processor in float32, rows of one padded length in multiples of four score the same whatever stands beside them."""


class TransformerVictim:
    """A classifier of token ids that answers ``.logits``; on a processor its scores do not depend on the batch."""

    def __init__(self, info: VictimInfo, model: Any, tokens: Tokens, scoring: Scoring, pad_id: int, device: str) -> None:
        self._tokens, self._scoring = tokens, scoring
        self._model = checkpoints.settled(model, device)
        self._pad_id, self._device = pad_id, device
        self._free_pad = not _padding_known(model.config)
        self._left = getattr(model.config, "model_type", "") == "xlnet"  # reads its last token, so padding goes first
        self._takes = accepted(self._model)
        self._derivatives = derivatives(self._model, scoring, tokens_first=self._left)
        self._info = info if self._derivatives else replace(info, gradients=False, notes=(*info.notes, NO_GRADIENTS))
        self._rest: Rest | None = None
        self._fitted(len(info.fields))
        tokens_in, overhead = memory.room(lambda probe: self._ask(probe, 1), tokens.lengths, len(info.fields), device)
        self._info = replace(self._info, batch_tokens=tokens_in, batch_overhead=overhead)
        self._shareable = device == "cpu" and self._rest is None and not self._free_pad and shareable(self._model)

    def _fitted(self, fields: int) -> None:
        """Try what padding does to the answers, then make them cheaper where that changes none."""
        texts, rest, pad = probe_texts(fields), Rest(self._model), _config_padding(self._model.config)
        bare = padding_matters(self._ask, uneven_texts(texts, self._tokens.lengths, LENGTH_QUANTUM), LENGTH_QUANTUM)
        if self._free_pad:
            _pad_with(self._model.config, pad)
        if rest.disturbed():  # a text of one length changes how the next is read, so each is asked as if it were the first
            rest.restore()
            self._rest, bare = rest, True
        if bare:
            info = self._info
            self._info = replace(info, row_quantum=info.row_quantum or 1, length_quantum=1, mixed_lengths=NEVER)
            self._info = replace(self._info, notes=(*info.notes, NOTE))
            return
        unpadded = self._lightened(texts)
        if self._info.row_quantum:
            quantum, mixed = independent(
                self._scores, self._tokens, self._pad_id, single=unpadded and fills(self._model), fields=fields, left=self._left
            )
            cost = PADDING_COST if unpadded else 1.0
            self._info = replace(self._info, row_quantum=quantum, mixed_lengths=mixed, padding_cost=cost)

    def _lightened(self, texts: Sequence[Input]) -> bool:
        """Take out of the model what no answer depends on; whether padding is among it."""

        def ask() -> Any:
            return self._ask(texts, LENGTH_QUANTUM)

        if self._device == "cpu" and any(unpad(self._model, ask, first=first) for first in (True, False)):
            return True
        read_first(self._model, ask)
        return False

    def _ask(self, inputs: Sequence[Input], step: int) -> NDArray[np.float64]:
        """Logits, padded to a multiple of ``step`` tokens."""
        encoded = self._tokens.encode(inputs)
        columns = batch(encoded, self._pad_id, left=self._left, multiple=step, limit=self._tokens.limit)
        logits: NDArray[np.float64] = self._logits(columns).double().cpu().numpy()
        return logits

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> NDArray[np.float64]:
        """Scores, (n, classes), or numbers, (n, 1).

        Padded to the longest or the least that mixes, rounded up to a multiple of the length quantum.

        Raises:
            VictimError: a text holds a lone surrogate; the other inputs are not answered either.
        """
        scores = np.empty((len(inputs), len(self._info.labels) or 1))
        encoded = self._tokens.encode(inputs)
        for rows in self._together(encoded):
            scores[rows] = self._answers([encoded[n] for n in rows])
        return scores

    def _answers(self, encoded: list[Encoded]) -> NDArray[np.float64]:
        """Scores of rows that may be asked in one go."""

        def forward(rows: list[Encoded]) -> NDArray[np.float64]:
            return self._scores(self._padded(rows))

        quantum = self._info.row_quantum if self._shareable else 0
        return by_parts(forward, encoded, [len(row) for row in encoded], quantum)

    def _together(self, encoded: Sequence[Encoded]) -> list[list[int]]:
        """Which rows may be asked in one go: all, but for what padding would change and what the model takes no mix of.

        A head that reads the last end-of-text token wants equally many in each row, and a text may hold one literally. What is
        asked apart is filled up by repetition, so that each row scores as in any other batch.
        """
        groups: dict[tuple[int, int], list[int]] = defaultdict(list)
        bare = self._info.length_quantum == 1 and self._info.row_quantum > 0
        ends = _end_tokens(self._model.config)
        for n, row in enumerate(encoded):
            groups[len(row) if bare else 0, int(np.isin(row.columns["input_ids"], ends).sum()) if ends else 0].append(n)
        found, quantum = list(groups.values()), max(1, self._info.row_quantum)
        return found if len(found) == 1 else [rows + rows[:1] * (-len(rows) % quantum) for rows in found]

    def _padded(self, encoded: Sequence[Encoded]) -> dict[str, NDArray[np.int64]]:
        multiple, least = self._info.length_quantum, self._info.mixed_lengths[0]
        return batch(encoded, self._pad_id, left=self._left, multiple=multiple, limit=self._tokens.limit, least=least)

    def _scores(self, columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self._scoring(self._logits(columns).double().cpu()).numpy()
        return scores

    def _logits(self, columns: Mapping[str, NDArray[np.int64]]) -> Any:
        import torch

        with torch.inference_mode():
            return self._model(**self._ready(columns)).logits[: len(columns["input_ids"])]

    def _ready(self, columns: Mapping[str, NDArray[np.int64]]) -> dict[str, Any]:
        """What the model takes of the columns, as tensors; the model itself as it was before it was ever asked."""
        import torch

        if self._rest is not None:
            self._rest.restore()
        if self._free_pad:
            columns = self._with_free_padding(columns)
        return {name: torch.from_numpy(c).to(self._device) for name, c in columns.items() if self._takes(name)}

    def _with_free_padding(self, columns: Mapping[str, NDArray[np.int64]]) -> Mapping[str, NDArray[np.int64]]:
        """Pad with a token that no row holds: heads look for the last token that is not padding."""
        ids, real = columns["input_ids"], columns["attention_mask"] == 1
        held = set(np.unique(ids[real]).tolist())
        free = next(number for number in (self._pad_id, *range(len(held) + 1)) if number not in held)
        _pad_with(self._model.config, free)
        return {**columns, "input_ids": np.where(real, ids, free)}

    def token_gradients(self, inputs: Sequence[Input], labels: Sequence[int]) -> list[TokenGradients]:
        """Loss gradients with regard to each token's embedding, dropout off; padded like ``predict``.

        They are those of the whole model, in which nothing fills up the rows.
        """
        encoded = self._tokens.encode(inputs)
        quantum = ROW_QUANTUM if self._info.row_quantum else 1
        found: dict[int, NDArray[np.float32]] = {}
        for group in self._together(encoded):
            rows = group + group[:1] * (-len(group) % quantum)
            columns = self._padded([encoded[n] for n in rows])
            for n, row in zip(rows, self._gradients.of(self._ready(columns), [labels[n] for n in rows]), strict=True):
                found[n] = row[-len(encoded[n]) :] if self._left else row[: len(encoded[n])]
        places = self._tokens.places(inputs)
        return [TokenGradients(places[n], encoded[n].columns["input_ids"], found[n]) for n in range(len(inputs))]

    def attributions(self, inputs: Input, label: int, steps: int) -> Attribution:
        """Integrated gradients of the score of a label for one input, from the same text of mask (or padding) tokens."""
        (encoded,) = self._tokens.encode([inputs])
        (places,) = self._tokens.places([inputs])
        blank = self._tokens.tokenizer.mask_token_id
        ids = encoded.columns["input_ids"]
        nothing = np.asarray([own if place is None else blank for own, place in zip(ids, places, strict=True)], np.int64)
        if blank is None:
            nothing = np.where([place is None for place in places], ids, self._pad_id)
        columns = self._ready(batch([encoded], self._pad_id, left=self._left, multiple=1, limit=self._tokens.limit))
        shares, left = self._gradients.integrated(columns, label, nothing, steps)
        return Attribution(tuple(zip(places, map(float, shares), strict=True)), left)

    @property
    def _gradients(self) -> Derivatives:
        if self._derivatives is None:
            raise VictimError(f"{self._info.name} gives no gradients: {NO_GRADIENTS}")
        return self._derivatives

    def embeddings(self) -> NDArray[np.float32]:
        """The input embedding of every token, (vocabulary, d)."""
        return self._gradients.embeddings()

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
        UsageError: no such folder, a device or length that cannot be used, a head that is not a classifier.
        VictimError: the checkpoint cannot be loaded, lacks a trained head, or has weights in pickles only.
        MissingExtraError: torch or transformers is not installed.
    """
    if not 1 <= len(set(fields)) == len(fields) <= 2:
        raise UsageError(f"a checkpoint reads one field or two different ones, got {list(fields)}")
    with opening(
        path_or_name, device=device, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, offline=offline
    ) as begun:
        check_kind(begun.config)
        head = reading(begun.config, label)
        tokenizer = begun.tokenizer()
        model = begun.headed("AutoModelForSequenceClassification", "sequence classifier", allow_pickle=allow_pickle)
        pins = begun.pins(model, tokenizer)
    used = begun.device
    pad_id, padding_notes = padding(tokenizer, model.config)
    if pad_id >= (embedded(model) or pad_id + 1) and not _padding_known(model.config):
        pad_id = 0  # added to the tokenizer without telling the model; any token that no text of a batch holds will do
    tokens = Tokens(tokenizer, token_limit(tokenizer, model, max_length))
    pins |= {"max_tokens": str(tokens.limit), "label": label or ""}
    notes = (*head.notes, *padding_notes, *vocabulary_notes(tokenizer, begun.config))
    info = describe(
        f"hf:{path_or_name}", "hf", head.labels, tokens, pins, used, fields=tuple(fields), notes=notes, task=head.task
    )
    return TransformerVictim(info, model, tokens, head.scoring, pad_id, used)


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
    task: str = "classification",
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
        # the loss whose gradient is followed is that of one class
        gradients=bool(tokens.tokenizer.is_fast) and task == "classification",
        deterministic=exact,
        task=task,
        notes=notes if exact else (*notes, f"on {device} the last digits of a score depend on the batch"),
    )


def padding(tokenizer: Any, config: Any) -> tuple[int, tuple[str, ...]]:
    """The padding token and what to note about it."""
    known = [i for i in (_config_padding(config), tokenizer.pad_token_id) if i is not None and i >= 0]
    pad_id = next(iter(known), tokenizer.eos_token_id)
    if pad_id is None:
        raise VictimError("the tokenizer has neither a padding nor an end-of-text token; set pad_token in tokenizer_config.json")
    return pad_id, () if known else ("no padding token: shorter texts of a batch are padded with the end-of-text token",)


def _config_padding(config: Any) -> int | None:
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    found: int | None = getattr(text, "pad_token_id", None)
    return found


def _padding_known(config: Any) -> bool:
    """Whether the model's own config says what padding is; a head that looks for the last real token then goes by that."""
    found = _config_padding(config)
    return found is not None and found >= 0


def _pad_with(config: Any, token: int | None) -> None:
    for one in (config, config.get_text_config() if hasattr(config, "get_text_config") else config):
        one.pad_token_id = token


def _end_tokens(config: Any) -> list[int]:
    ends = getattr(config, "eos_token_id", None)
    return [] if ends is None else list(ends) if isinstance(ends, (list, tuple)) else [ends]
