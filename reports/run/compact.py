"""Outcomes of a very large run: what is counted stays in memory, what is only shown is read from the file again.

Most of an outcome is texts that no measure looks at. A compact one is an ``Outcome`` like any other, takes some 600 bytes, and
reads its line of ``outcomes.jsonl`` when somebody asks for a text. The file stays open: a run that is resumed meanwhile puts
another one in its place, and this one is still the one that was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reports.run.outcome import Judged, Outcome, Rung

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_READ_AGAIN = ("texts", "perturbed", "edits")
_JUDGED_AGAIN = ("scores", "spans", "answer")
_KEPT = tuple(f.name for f in fields(Outcome) if f.name not in (*_READ_AGAIN, "clean", "best", "ladder"))


class Book:
    """An open ``outcomes.jsonl``, and what many of its outcomes share. ``labels``: of the run's victim."""

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self._file, self._labels = path.open("rb"), labels
        self._last: tuple[int, Outcome] | None = None
        self._ladders: dict[tuple[tuple[int, bool], ...], tuple[Rung, ...]] = {}
        self._metas: dict[str, Mapping[str, Any]] = {}
        self._answers: dict[tuple[str, str], tuple[Any, ...]] = {}

    def compact(self, outcome: Outcome, at: int) -> Outcome:
        """The outcome without its texts; ``at``: where its line begins, in bytes."""
        return CompactOutcome.of(outcome, at, self)

    def whole(self, at: int) -> Outcome:
        """The outcome whose line begins here; the last one is kept, for it is asked for one part after another."""
        if self._last is None or self._last[0] != at:
            self._file.seek(at)
            self._last = at, Outcome.from_json(self._file.readline().decode("ascii"), self._labels)
        return self._last[1]

    def ladder(self, ladder: Sequence[Rung]) -> tuple[Rung, ...]:
        """Severities and what held at them: the same few combinations over a whole run."""
        key = tuple((rung.severity, rung.held) for rung in ladder)
        if key not in self._ladders:
            self._ladders[key] = tuple(CompactRung.of(*one) for one in key)
        return self._ladders[key]

    def meta(self, meta: Mapping[str, Any]) -> Mapping[str, Any]:
        """Extra columns, one copy of equal ones."""
        return self._metas.setdefault(repr(sorted(meta.items())), meta) if meta else _NOTHING

    def answer(self, judged: Judged | None) -> tuple[Any, ...] | None:
        """What is kept of an answer besides its score: (shown, quality, kind, measures), one copy where it is a label."""
        if judged is None:
            return None
        kept = (judged.shown, judged.quality, judged.kind, judged.measures or _NOTHING)
        if judged.quality is not None or judged.measures:
            return kept
        return self._answers.setdefault((judged.shown, judged.kind), kept)

    def __del__(self) -> None:
        self._file.close()


def _read_again(name: str) -> property:
    return property(lambda self: getattr(self.whole(), name))


class CompactRung(Rung):
    """A severity and whether the victim held; its texts are in the whole outcome only."""

    __slots__ = ()

    @classmethod
    def of(cls, severity: int, held: bool) -> CompactRung:
        """Without what was said and read."""
        self = object.__new__(cls)
        object.__setattr__(self, "severity", severity)
        object.__setattr__(self, "held", held)
        return self


class CompactJudged(Judged):
    """An answer as it is counted; its scores and spans are read again."""

    __slots__ = ("_outcome", "_side")

    @classmethod
    def of(cls, kept: tuple[Any, ...], score: float | None, outcome: CompactOutcome, side: str) -> CompactJudged:
        """From what a compact outcome keeps of it."""
        self = object.__new__(cls)
        for name, value in zip(("shown", "quality", "kind", "measures"), kept, strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "score", score)
        object.__setattr__(self, "_outcome", outcome)
        object.__setattr__(self, "_side", side)
        return self

    def whole(self) -> Judged:
        """All of it."""
        found: Judged = getattr(self._outcome.whole(), self._side)  # type: ignore[attr-defined]
        return found

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Judged, tuple(getattr(self, f.name) for f in fields(Judged))


for _name in _JUDGED_AGAIN:
    setattr(CompactJudged, _name, _read_again(_name))


class CompactOutcome(Outcome):
    """An outcome without its texts, which are read from the file when they are asked for."""

    __slots__ = ("_at", "_best", "_best_score", "_book", "_clean", "_clean_score")

    def __new__(cls, *values: Any, **named: Any) -> Any:
        """``dataclasses.replace`` makes another outcome of this one, which has no line in the file: an ordinary one."""
        return Outcome(*values, **named)

    @classmethod
    def of(cls, outcome: Outcome, at: int, book: Book) -> CompactOutcome:
        """From a whole one; ``at``: where its line begins."""
        self: CompactOutcome = object.__new__(cls)
        for name in _KEPT:
            value = getattr(outcome, name)
            object.__setattr__(self, name, _NOTHING if isinstance(value, dict) and not value else value)
        own = {"_at": at, "_book": book, "meta": book.meta(outcome.meta), "ladder": book.ladder(outcome.ladder)}
        for side in ("clean", "best"):
            judged: Judged | None = getattr(outcome, side)
            own |= {f"_{side}": book.answer(judged), f"_{side}_score": None if judged is None else judged.score}
        for name, value in own.items():
            object.__setattr__(self, name, value)
        return self

    def whole(self) -> Outcome:
        """All of it, read again."""
        book: Book = self._book  # type: ignore[attr-defined]
        return book.whole(self._at)  # type: ignore[attr-defined]

    def to_json(self) -> str:
        """One line of JSON, as of the whole outcome."""
        return self.whole().to_json()

    def _judged(self, side: str) -> Judged | None:
        kept = getattr(self, f"_{side}")
        return None if kept is None else CompactJudged.of(kept, getattr(self, f"_{side}_score"), self, side)

    def __eq__(self, other: object) -> bool:
        found = other.whole() if isinstance(other, CompactOutcome) else other
        return self.whole() == found

    __hash__ = None  # type: ignore[assignment]  # as of every outcome: it holds mappings

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Outcome, tuple(getattr(self.whole(), f.name) for f in fields(Outcome))


for _name in _READ_AGAIN:
    setattr(CompactOutcome, _name, _read_again(_name))


def _judged(side: str) -> property:
    return property(lambda self: self._judged(side))


for _name in ("clean", "best"):
    setattr(CompactOutcome, _name, _judged(_name))
