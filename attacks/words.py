"""Words: an immutable word view of a string; edits give a new view, ``str()`` restores every character."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import regex
from rapidfuzz.distance import Levenshtein

_WORD = regex.compile(r"[\p{L}\p{N}\p{M}_]+(?:['’\-][\p{L}\p{N}\p{M}_]+)*")
_PIECE = regex.compile(r"[\p{L}\p{N}\p{M}_]+(?:['’\-][\p{L}\p{N}\p{M}_]+)*|\s+|[^\s]")


@dataclass(frozen=True, slots=True)
class Edit:
    """One contiguous change. Offsets count code points: ``start:end`` in the original, ``new_start:new_end`` in the new text."""

    start: int
    end: int
    new_start: int
    new_end: int
    before: str
    after: str
    technique: str = ""


class Words:
    """The words of one text, in the index space of the original however many edits were made.

    ``words[i]`` is the present form of the i-th original word (empty when deleted). Runs of letters, digits and
    combining marks are words, inner apostrophes and hyphens included; all else is kept between them untouched.
    """

    __slots__ = ("_origin", "_pieces", "_text", "_why")

    def __init__(self, text: str) -> None:
        pieces: list[str] = []
        at = 0
        for match in _WORD.finditer(text):
            pieces += (text[at : match.start()], match.group())
            at = match.end()
        pieces.append(text[at:])
        self._pieces = tuple(pieces)
        self._origin = self._pieces
        self._why: Mapping[int, str] = {}
        self._text: str | None = text

    def _with(self, pieces: list[str], why: Mapping[int, str]) -> Words:
        new = object.__new__(Words)
        new._pieces, new._origin, new._why, new._text = tuple(pieces), self._origin, why, None
        return new

    def __len__(self) -> int:
        return len(self._pieces) // 2

    def __getitem__(self, index: int) -> str:
        return self._pieces[2 * range(len(self))[index] + 1]

    def __str__(self) -> str:
        if self._text is None:
            self._text = "".join(self._pieces)
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and (self._pieces, self._origin) == (other._pieces, other._origin)

    def __hash__(self) -> int:
        return hash((self._pieces, self._origin))

    def __repr__(self) -> str:
        return f"Words({str(self)!r})"

    @property
    def original(self) -> str:
        """The text that this view started from."""
        return "".join(self._origin)

    def original_word(self, index: int) -> str:
        """The i-th word before any edit."""
        return self._origin[2 * range(len(self))[index] + 1]

    def span(self, index: int) -> tuple[int, int]:
        """Start and end of the i-th word in the present text, in code points."""
        at = 2 * range(len(self))[index] + 1
        start = sum(map(len, self._pieces[:at]))
        return start, start + len(self._pieces[at])

    def gap(self, index: int) -> str:
        """What stands before the i-th word; ``gap(len(words))`` is what stands after the last."""
        return self._pieces[2 * index]

    def replace(self, index: int, new: str, technique: str = "") -> Words:
        """A view in which the i-th word reads ``new`` (any text: a word, several, none)."""
        at = 2 * range(len(self))[index] + 1
        pieces = list(self._pieces)
        pieces[at] = new
        return self._with(pieces, {**self._why, at: technique})

    def replace_many(self, changes: Mapping[int, str], technique: str = "") -> Words:
        """A view with several words replaced at once."""
        pieces, why = list(self._pieces), dict(self._why)
        for index, new in changes.items():
            at = 2 * range(len(self))[index] + 1
            pieces[at] = new
            why[at] = technique
        return self._with(pieces, why)

    def delete(self, index: int, technique: str = "") -> Words:
        """A view without the i-th word, and without one of the two spaces that stood around it."""
        at = 2 * range(len(self))[index] + 1
        pieces = list(self._pieces)
        pieces[at] = ""
        why = {**self._why, at: technique}
        if pieces[at + 1][:1].isspace() and ((at == 1 and not pieces[0]) or pieces[at - 1][-1:].isspace()):
            pieces[at + 1] = pieces[at + 1][1:]
            why[at + 1] = technique
        return self._with(pieces, why)

    @property
    def changed(self) -> tuple[int, ...]:
        """Indexes of the words that differ from the original."""
        now, then = self._pieces, self._origin
        return tuple(i // 2 for i in range(1, len(now), 2) if now[i] != then[i])

    def edits(self) -> tuple[Edit, ...]:
        """Every difference from the original as spans, in order; touching ones of one technique are merged."""
        edits: list[Edit] = []
        old = new = 0
        for at, (then, now) in enumerate(zip(self._origin, self._pieces, strict=True)):
            if then != now:
                edits.append(_trim(then, now, old, new, self._why.get(at, "")))
            old += len(then)
            new += len(now)
        return _merge(edits)


def _trim(then: str, now: str, old: int, new: int, technique: str) -> Edit:
    return Edit(old, old + len(then), new, new + len(now), then, now, technique)


def _merge(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    out: list[Edit] = []
    for e in edits:
        last = out[-1] if out else None
        if last and last.end == e.start and last.new_end == e.new_start and last.technique == e.technique:
            out[-1] = Edit(
                last.start, e.end, last.new_start, e.new_end, last.before + e.before, last.after + e.after, e.technique
            )
        else:
            out.append(e)
    return tuple(out)


def pieces(text: str) -> list[str]:
    """Words, runs of white space and single other characters; joined they give the text back."""
    return [match.group() for match in _PIECE.finditer(text)]


def diff(before: str, after: str, technique: str = "") -> tuple[Edit, ...]:
    """The edits that turn one text into another, found by aligning their words (Levenshtein over pieces)."""
    a, b = pieces(before), pieces(after)
    starts_a, starts_b = _starts(a), _starts(b)
    edits = []
    for op in Levenshtein.opcodes(a, b):
        if op.tag == "equal":
            continue
        s, e, ns, ne = starts_a[op.src_start], starts_a[op.src_end], starts_b[op.dest_start], starts_b[op.dest_end]
        edits.append(Edit(s, e, ns, ne, before[s:e], after[ns:ne], technique))
    return _merge(edits)


def _starts(parts: list[str]) -> list[int]:
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(part))
    return starts


def words_changed(before: str, after: str) -> tuple[int, int]:
    """How many of the original's words no longer stand in place, insertions included, and how many it had.

    Counted by aligning the two word lists (Levenshtein), so that one inserted word counts as one.
    """
    a, b = _WORD.findall(before), _WORD.findall(after)
    return Levenshtein.distance(a, b), len(a)
