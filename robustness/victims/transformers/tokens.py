"""Texts to token ids, once each: what ``lengths``, ``truncated`` and ``predict`` of a transformer share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.errors import UsageError, VictimError

CACHED = 50_000
COLUMNS = ("input_ids", "token_type_ids", "attention_mask")
READING_BYTES = 16


Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Encoded:
    """One input in tokens: its columns (``input_ids``, sometimes ``token_type_ids``), and whether it was cut.

    ``empty``: the tokenizer made nothing of it, and one token was put in its place.
    """

    columns: dict[str, NDArray[np.int64]]
    truncated: bool
    empty: bool = False

    def __len__(self) -> int:
        return len(self.columns["input_ids"])

    @property
    def reading(self) -> bytes:
        """A digest of the columns, that is, of all that the model gets; padding follows from the length."""
        total = blake2b(digest_size=READING_BYTES)
        for name, values in self.columns.items():  # each has the row's length, so that nothing can be read two ways
            total.update(name.encode() + values.tobytes())
        return total.digest()


class Tokens:
    """A tokenizer with a bounded memory of the inputs it was asked last.

    ``limit`` is the most tokens that the model reads, None where it has no limit. A text that the tokenizer turns into
    nothing becomes its end-of-text or padding token, because no model reads zero tokens.
    """

    def __init__(self, tokenizer: Any, limit: int | None, cached: int = CACHED) -> None:
        if limit is not None and limit <= tokenizer.num_special_tokens_to_add(pair=True):
            raise UsageError(f"max_length must leave room for text besides the special tokens, got {limit}")
        self._tokenizer, self.limit, self._cached = tokenizer, limit, cached
        self._memory: dict[Input, Encoded] = {}
        self._extra: dict[bool, tuple[int, int]] = {}
        self._wanted = tuple(c for c in COLUMNS[:2] if c == "input_ids" or c in tokenizer.model_input_names)

    def encode(self, inputs: Sequence[Input]) -> list[Encoded]:
        """Every input in tokens, in order.

        Raises:
            VictimError: a text holds a lone surrogate, which no tokenizer can read.
        """
        found = {i: self._memory[i] for i in inputs if i in self._memory}
        new = [i for i in dict.fromkeys(inputs) if i not in found]
        if new:
            found.update(zip(new, self._tokenize(new), strict=True))
        self._remember(found)
        return [found[i] for i in inputs]

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens of each input after truncation. Never raises over a text: an unreadable one counts its characters."""
        readable = [i for i in inputs if is_readable(i)]
        known = dict(zip(readable, map(len, self.encode(readable)), strict=True))
        return [known[i] if i in known else max(1, sum(map(len, i))) for i in inputs]

    @property
    def tokenizer(self) -> Any:
        """The tokenizer itself."""
        return self._tokenizer

    def places(self, inputs: Sequence[Input]) -> list[tuple[Place | None, ...]]:
        """(field, start, end) in code points of each token of ``encode``, None for special ones; fast tokenizers only."""
        cut: dict[str, Any] = {} if self.limit is None else {"truncation": True, "max_length": self.limit}
        fields = [list(field) for field in zip(*inputs, strict=True)]
        out = self._tokenizer(*fields, return_offsets_mapping=True, return_attention_mask=False, verbose=False, **cut)
        rows = (zip(out.sequence_ids(n), out["offset_mapping"][n], strict=True) for n in range(len(inputs)))
        return [tuple(None if field is None else (field, *span) for field, span in row) or (None,) for row in rows]

    def truncated(self, inputs: Sequence[Input]) -> list[bool]:
        """Which inputs are cut off; an unreadable one is not."""
        readable = [i for i in inputs if is_readable(i)]
        cut = {i: e.truncated for i, e in zip(readable, self.encode(readable), strict=True)}
        return [cut.get(i, False) for i in inputs]

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of what the model gets of each input, equal where it cannot tell inputs apart; None for an unreadable one."""
        readable = [i for i in inputs if is_readable(i)]
        known = {i: e.reading for i, e in zip(readable, self.encode(readable), strict=True)}
        return [known.get(i) for i in inputs]

    def unknown(self, inputs: Sequence[Input]) -> list[tuple[int, int]]:
        """(unknown tokens, tokens without those that the tokenizer adds) of each input after truncation.

        A text of which the tokenizer leaves nothing is one unknown token, an unreadable input is (0, 0).
        """
        readable = [i for i in inputs if is_readable(i)]
        known = {i: self._unknown(i, e) for i, e in zip(readable, self.encode(readable), strict=True)}
        return [known.get(i, (0, 0)) for i in inputs]

    def _unknown(self, texts: Input, encoded: Encoded) -> tuple[int, int]:
        added, stand_ins = self._added(len(texts) == 2)
        own = 0 if encoded.empty else len(encoded) - added
        if own < 1:
            return (1, 1) if any(text.strip() for text in texts) else (0, 0)
        if self._unknown_id is None:
            return 0, own
        return max(0, int((encoded.columns["input_ids"] == self._unknown_id).sum()) - stand_ins), own

    @cached_property
    def _unknown_id(self) -> int | None:
        """The token for what is not in the vocabulary; None where the tokenizer names one but never gives it (byte level)."""
        model = getattr(getattr(self._tokenizer, "backend_tokenizer", None), "model", None)
        if model is not None and getattr(model, "unk_token", "") is None:
            return None
        found: int | None = self._tokenizer.unk_token_id
        return found

    def _added(self, pair: bool) -> tuple[int, int]:
        """How many tokens the tokenizer adds to a text or a pair, and how many of these look like the unknown one."""
        if pair not in self._extra:
            count = self._tokenizer.num_special_tokens_to_add(pair=pair)
            (bare,) = self._call([("", "") if pair else ("",)], truncation=False)
            alike = int((bare["input_ids"] == self._unknown_id).sum()) if count else 0
            self._extra[pair] = (count, alike)
        return self._extra[pair]

    def _remember(self, found: dict[Input, Encoded]) -> None:
        for key, encoded in found.items():
            self._memory.pop(key, None)  # the newest go last, and the oldest are dropped first
            self._memory[key] = encoded
        for key in list(islice(self._memory, max(0, len(self._memory) - self._cached))):
            self._memory.pop(key, None)

    def _tokenize(self, inputs: Sequence[Input]) -> list[Encoded]:
        for i in inputs:
            check_readable(i)
        whole = self._call(inputs, truncation=False)
        limit = self.limit
        long = [] if limit is None else [n for n, columns in enumerate(whole) if len(columns["input_ids"]) > limit]
        cut = self._call([inputs[n] for n in long], truncation=True, max_length=limit) if long else []
        for n, columns in zip(long, cut, strict=True):
            whole[n] = columns
        over = set(long)
        return [self._encoded(columns, n in over) for n, columns in enumerate(whole)]

    def _encoded(self, columns: dict[str, NDArray[np.int64]], cut: bool) -> Encoded:
        empty = not len(columns["input_ids"])
        return Encoded(self._filler(columns) if empty else columns, cut, empty)

    def _call(self, inputs: Sequence[Input], **options: Any) -> list[dict[str, NDArray[np.int64]]]:
        fields = [list(field) for field in zip(*inputs, strict=True)]
        out = self._tokenizer(*fields, return_attention_mask=False, verbose=False, **options)
        return [{c: np.asarray(out[c][n], dtype=np.int64) for c in self._wanted if c in out} for n in range(len(inputs))]

    def _filler(self, columns: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
        tokenizer = self._tokenizer
        ids = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, 0)
        filler = {"input_ids": next(i for i in ids if i is not None)}
        return {c: np.asarray([filler.get(c, 0)], dtype=np.int64) for c in columns}


def is_readable(texts: Input) -> bool:
    """Whether every text can be encoded as UTF-8, that is, holds no lone surrogate."""
    return all(text.isascii() or _surrogate(text) is None for text in texts)


def check_readable(texts: Input) -> None:
    """Refuse a lone surrogate: tokenizers would fail for the whole batch with a message that names no text."""
    for text in texts:
        at = None if text.isascii() else _surrogate(text)
        if at is not None:
            shown = ascii(text[max(0, at - 20) : at + 20])
            raise VictimError(
                f"the text has a lone surrogate U+{ord(text[at]):04X} at character {at}, near {shown}; no tokenizer can read it"
            )


def _surrogate(text: str) -> int | None:
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        return problem.start
    return None


def batch(
    encoded: Sequence[Encoded],
    pad_id: int,
    *,
    left: bool = False,
    multiple: int = 1,
    limit: int | None = None,
    least: int = 0,
) -> dict[str, NDArray[np.int64]]:
    """Stack rows into (n, longest) arrays with an ``attention_mask``.

    The length is at least ``least``, and rounded up to ``multiple``, but never past ``limit`` for either.
    """
    longest = max(map(len, encoded))
    longest = max(longest, least if limit is None else min(least, limit))
    rounded = -(-longest // multiple) * multiple
    longest = rounded if limit is None else max(longest, min(rounded, limit))
    columns = {name: np.full((len(encoded), longest), pad_id if name == "input_ids" else 0) for name in encoded[0].columns}
    mask = np.zeros((len(encoded), longest), dtype=np.int64)
    for n, row in enumerate(encoded):
        span = slice(longest - len(row), longest) if left else slice(0, len(row))
        mask[n, span] = 1
        for name, values in row.columns.items():
            columns[name][n, span] = values
    return {**columns, "attention_mask": mask}
