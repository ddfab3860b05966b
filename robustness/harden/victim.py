"""A victim that reads texts through the normaliser, as it would in production (``--normalise``).

Every text is normalised, the clean one included. Answers that are places, and gradients, are given back as places in the text
that went in, so that an attack sees what the normaliser leaves it and nothing is hidden from it: gradients pass the normaliser
as if it were not there (the straight-through estimate of Athalye, Carlini and Wagner 2018, arXiv 1802.00420).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.dialogue import Turn, turns_of, written
from attacks.search import Input
from robustness.errors import UsageError
from robustness.harden.kept import identity_of
from robustness.harden.normaliser import Normalised, Normaliser
from robustness.victims.base import PlainVictim, Streaming, TokenGradients, Victim, VictimInfo

IDENTITY = "normalise"
"""Key in the identity under which the normaliser's steps stand."""
PLACED = ("ner",)
"""Tasks whose answers are places in the text."""
REMEMBERED = 1 << 15


class NormalisedVictim(PlainVictim):
    """A victim behind a normaliser. Its identity is the victim's and the normaliser's."""

    def __init__(self, inner: Victim, normaliser: Normaliser) -> None:
        if inner.info.kind == "predictions":
            raise UsageError("--normalise cannot be used with stored predictions: they answer the texts as they were exported")
        self.inner, self.normaliser = inner, normaliser
        self._mapped = lru_cache(REMEMBERED)(normaliser.mapped)
        pins = {**dict(inner.info.identity), **identity_of(normaliser)}
        note = f"every text reached it normalised: {', '.join(normaliser.steps)}"
        self._info = replace(inner.info, identity=tuple(sorted(pins.items())), notes=(*inner.info.notes, note))

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    @property
    def passages(self) -> Mapping[str, str] | None:
        """The passages of a victim that searches some; they stay as they are."""
        return getattr(self.inner, "passages", None)

    def normalised(self, inputs: Sequence[Input]) -> list[Input]:
        """What the victim reads: the texts of the data normalised, its own as they are."""
        own = len(self._info.supplied)
        return [(*one[:own], *(self._text(text) for text in one[own:])) for one in inputs]

    def _text(self, text: str) -> str:
        turns = turns_of(text) if self._info.dialogue else None
        if turns is None:
            return self._mapped(text).text
        return written(Turn(turn.role, self._mapped(turn.content).text) for turn in turns)

    def predict(self, inputs: Sequence[Input]) -> Any:
        """What the victim says of the normalised texts; places in them as places in the originals."""
        raw = self.inner.predict(self.normalised(inputs))
        if not self._places or not isinstance(raw, list) or len(raw) != len(inputs):
            return raw
        return [self._row(row, one) for row, one in zip(raw, inputs, strict=True)]

    @property
    def _places(self) -> bool:
        return self._info.task in (*PLACED, "qa")

    def _row(self, row: Any, inputs: Input) -> Any:
        if self._info.task in PLACED:
            return _placed(row, self._mapped(inputs[-1]))
        if isinstance(row, Mapping) and isinstance(row.get("start"), int) and isinstance(row.get("end"), int):
            return {**row, **_moved(row, self._mapped(inputs[-1]))}
        return row

    def token_gradients(self, inputs: Sequence[Input], labels: Sequence[int]) -> Sequence[TokenGradients]:
        """Gradients of the normalised texts, their places moved to the originals."""
        inner: Any = self.inner
        found = inner.token_gradients(self.normalised(inputs), labels)
        return [replace(one, places=self._of_tokens(one, texts)) for one, texts in zip(found, inputs, strict=True)]

    def _of_tokens(self, found: TokenGradients, inputs: Input) -> tuple[tuple[int, int, int] | None, ...]:
        own, maps = len(self._info.supplied), {}
        for field, text in enumerate(inputs):
            if field >= own:
                maps[field] = self._mapped(text)
        return tuple(
            place if place is None or place[0] not in maps else (place[0], *maps[place[0]].span(place[1], place[2]))
            for place in found.places
        )

    def embeddings(self) -> NDArray[np.float32]:
        """The victim's input embeddings."""
        inner: Any = self.inner
        table: NDArray[np.float32] = inner.embeddings()
        return table

    def word_ids(self, words: Sequence[str]) -> Sequence[tuple[int, ...]]:
        """The tokens of each word."""
        inner: Any = self.inner
        found: Sequence[tuple[int, ...]] = inner.word_ids(words)
        return found

    def whole_words(self) -> Sequence[tuple[int, str]]:
        """Every token that is a whole word by itself."""
        inner: Any = self.inner
        found: Sequence[tuple[int, str]] = inner.whole_words()
        return found

    def lengths(self, inputs: Sequence[Input]) -> Sequence[int]:
        """Lengths of the normalised texts, in the victim's own tokens."""
        return self.inner.lengths(self.normalised(inputs))

    def truncated(self, inputs: Sequence[Input]) -> Sequence[bool]:
        """Which the victim would cut off."""
        return self.inner.truncated(self.normalised(inputs))

    def readings(self, inputs: Sequence[Input]) -> Sequence[bytes | None]:
        """Digests of what the victim reads: two texts of one normal form are one and the same to it."""
        read = self.normalised(inputs)
        own = getattr(self.inner, "readings", None)
        told = own(read) if own is not None else [None] * len(read)
        return [_digest(one) if seen is None else seen for one, seen in zip(read, told, strict=True)]

    def unknown_tokens(self, inputs: Sequence[Input]) -> Sequence[tuple[int, int]]:
        """Unknown and all tokens of the normalised texts."""
        count = getattr(self.inner, "unknown_tokens", None)
        return count(self.normalised(inputs)) if count is not None else super().unknown_tokens(inputs)

    def close(self) -> None:
        """Close the victim."""
        self.inner.close()


class StreamedNormalisedVictim(NormalisedVictim):
    """A victim behind a normaliser that is asked one input at a time."""

    def __init__(self, inner: Victim, normaliser: Normaliser) -> None:
        super().__init__(inner, normaliser)
        assert isinstance(inner, Streaming)
        self._ask = inner.start

    def start(self, inputs: Input, ask: str, done: Callable[[Any], None]) -> None:
        """Ask about the normalised text."""
        (read,) = self.normalised([inputs])
        self._ask(read, ask, (lambda row: done(self._row(row, inputs))) if self._places else done)


def behind_normaliser(inner: Victim, normaliser: Normaliser) -> NormalisedVictim:
    """The victim behind the normaliser, asked as it is asked without."""
    return (StreamedNormalisedVictim if isinstance(inner, Streaming) else NormalisedVictim)(inner, normaliser)


def _placed(row: Any, mapped: Normalised) -> Any:
    """Spans of the normalised text as spans of the original; a row of another shape as it is, for the task to refuse.

    Of two that share a character of the original, which one character became several of, the first has it.
    """
    from robustness.tasks.reading.read_spans import items_of, parts_of

    try:
        spans = [(*parts_of(item), item) for item in items_of(row)]
        moved, last = [], 0
        for start, end, label, item in sorted(spans, key=lambda one: (one[0], one[1])):
            left, right = mapped.span(start, end)
            left = max(left, last)
            if left < right:
                score = {"score": item["score"]} if isinstance(item, Mapping) and "score" in item else {}
                moved.append({"start": left, "end": right, "label": label, **score})
                last = right
    except (ValueError, TypeError, KeyError, IndexError):
        return row
    return moved


def _moved(row: Mapping[str, Any], mapped: Normalised) -> dict[str, int]:
    try:
        start, end = mapped.span(row["start"], row["end"])
    except ValueError:
        return {}
    return {"start": start, "end": end}


def _digest(one: Input) -> bytes:
    digest = blake2b(digest_size=16)
    for text in one:
        digest.update(f"{len(text)}\x1f{text}".encode("utf-8", "surrogatepass"))
    return digest.digest()
