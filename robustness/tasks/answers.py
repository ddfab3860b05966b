"""Answers: what a victim may say, one small value for each shape. A task reads raw rows into one of these.

Every answer carries ``reading``, a digest of what the victim got to read, where the victim tells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from attacks.search import Prediction, Unusable

__all__ = ["Completion", "LabelSet", "Number", "Panel", "Prediction", "Ranking", "Span", "Spans", "Unusable", "pack", "unpack"]


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Any number of labels, by index; ``scores``: one per label of the victim, where it gives them."""

    labels: frozenset[int]
    scores: tuple[float, ...] | None = None
    reading: bytes | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """One number: a similarity, a rating."""

    value: float
    reading: bytes | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of one field of the input; offsets in code points, ``end`` exclusive."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Spans:
    """Labelled stretches of the text, in order of place; ``scores``: how sure the victim is of each, 0 to 1, if it tells."""

    found: tuple[Span, ...]
    reading: bytes | None = None
    scores: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """A text: a translation, a summary, an answer to a question. ``confidence``: the victim's own in it, 0 to 1, if it tells."""

    text: str
    reading: bytes | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ids of passages, best first; ``scores``: one for each, higher is better, where the victim gives them."""

    ids: tuple[str, ...]
    scores: tuple[float, ...] | None = None
    reading: bytes | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """How many examples of a panel are right, wrong, or have no answer; ``score``: how wrong they are in the mean, 0 to 1.

    ``alike``: all say the same.
    """

    right: int
    wrong: int
    unusable: int
    score: float
    alike: bool = False
    reading: bytes | None = None

    @property
    def size(self) -> int:
        """How many were asked."""
        return self.right + self.wrong + self.unusable

    @property
    def least(self) -> float:
        """The accuracy if every answer that is none were wrong."""
        return self.right / self.size

    @property
    def most(self) -> float:
        """The accuracy if every answer that is none were right."""
        return (self.right + self.unusable) / self.size


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as reports show it, without knowing its task.

    ``text``: in a line. ``scores``: one number per label of the victim, drawn as bars. ``spans``: marks in the attacked text.
    ``answer``: what JSON holds where the text alone does not bring the answer back.
    """

    text: str
    scores: tuple[float, ...] | None = None
    spans: tuple[Span, ...] = ()
    answer: Any = None
    measures: Mapping[str, Any] = field(default_factory=dict)


_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (LabelSet, Number, Spans, Completion, Ranking, Panel)}


def pack(answer: Any) -> bytes:
    """An answer that is no class as bytes; ``unpack`` brings it back."""
    fields = asdict(answer)
    if isinstance(answer, LabelSet):
        fields["labels"] = sorted(answer.labels)
    reading = answer.reading.hex() if answer.reading is not None else None
    return json.dumps([type(answer).__name__, {**fields, "reading": reading}], separators=(",", ":")).encode("ascii")


def unpack(raw: bytes) -> Any:
    """The answer of ``pack``; raises ``ValueError`` for anything else."""
    try:
        kind, fields = json.loads(raw)
        fields["reading"] = None if fields["reading"] is None else bytes.fromhex(fields["reading"])
        for name, made in (("labels", frozenset), ("scores", tuple), ("ids", tuple)):
            if fields.get(name) is not None:
                fields[name] = made(fields[name])
        if "found" in fields:
            fields["found"] = tuple(Span(**one) for one in fields["found"])
        return _KINDS[kind](**fields)
    except (TypeError, KeyError, AttributeError) as problem:
        raise ValueError(f"no answer ({problem})") from None
