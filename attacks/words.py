"""Words: an immutable word view of a string; edits give a new view, ``str()`` restores every character."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import regex
from rapidfuzz.distance import Levenshtein, Postfix, Prefix

from attacks.language.segmentation import UNSPACED, graphemes, runs, words_in

# A mark begins no word: after a space or an emoji it belongs to what stands before it (U+FE0F, keycaps).
# Format characters are transparent, as in UAX #29 (WB4), and so is a backspace; a zero-width space does part words.
_RUN = r"[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*"
_INNER = rf"{_RUN}(?:(?:['’\-]|[\p{{Cf}}\x08--\u200b]+){_RUN})*"
_WORD = regex.compile(rf"({_INNER})", regex.V1)
_PIECE = regex.compile(rf"{_INNER}|\s+|[^\s]", regex.V1)
_ASCII_WORD = re.compile(r"([A-Za-z0-9_]+(?:(?:['\-]|\x08+)[A-Za-z0-9_]+)*)")

FEW = 32
"""Edits expected between two texts: a hint that makes aligning long ones some forty times faster."""


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
    combining marks are words, inner apostrophes, hyphens and format characters included; all else is kept between them
    untouched. Scripts that set no spaces between words are cut by dictionary (see ``attacks.language.segmentation``).
    """

    __slots__ = ("_origin", "_pieces", "_replaced", "_text", "_why")

    def __init__(self, text: str) -> None:
        self._pieces: tuple[str, ...] = tuple(_split(text))
        self._origin = self._pieces
        self._why: Mapping[int, str] = {}
        self._text: str | None = text
        self._replaced: tuple[tuple[str, str], ...] | None = None

    def _with(self, pieces: list[str], why: Mapping[int, str]) -> Words:
        new = object.__new__(Words)
        new._pieces, new._origin, new._why, new._text, new._replaced = tuple(pieces), self._origin, why, None, None
        return new

    def __len__(self) -> int:
        return len(self._pieces) // 2

    def __getitem__(self, index: int) -> str:  # words stand at odd places, also counted from the end
        return self._pieces[2 * index + (index >= 0)]

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
        if self._origin is self._pieces:
            return str(self)
        return "".join(self._origin)

    def original_word(self, index: int) -> str:
        """The i-th word before any edit."""
        return self._origin[2 * index + (index >= 0)]

    def span(self, index: int) -> tuple[int, int]:
        """Start and end of the i-th word in the present text, in code points."""
        at = 2 * range(len(self))[index] + 1
        start = sum(map(len, self._pieces[:at]))
        return start, start + len(self._pieces[at])

    def spans(self) -> list[tuple[int, int]]:
        """``span`` of every word, in one pass."""
        ends = list(accumulate(map(len, self._pieces)))
        return [(ends[at - 1], ends[at]) for at in range(1, len(ends), 2)]

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
        places = range(1, len(pieces), 2)
        for index, new in changes.items():
            at = places[index]
            pieces[at], why[at] = new, technique
        return self._with(pieces, why)

    def replace_ranges(self, changes: Mapping[tuple[int, int], str], technique: str = "") -> Words:
        """A view in which the words from a start up to a stop, and what stands between them, read otherwise."""
        pieces, why = list(self._pieces), dict(self._why)
        for (start, stop), new in changes.items():
            if not 0 <= start < stop <= len(self):
                raise IndexError(f"a range of words must lie within 0:{len(self)} and hold a word, got {start}:{stop}")
            first, last = 2 * start + 1, 2 * stop
            pieces[first:last] = [new] + [""] * (last - first - 1)
            why.update(dict.fromkeys(range(first, last), technique))
        return self._with(pieces, why)

    def replace_gaps(self, changes: Mapping[int, str], technique: str = "") -> Words:
        """A view in which what stands before a word (see ``gap``) reads otherwise; no word counts as changed."""
        pieces, why = list(self._pieces), dict(self._why)
        for index, new in changes.items():
            at = 2 * range(len(self) + 1)[index]
            pieces[at], why[at] = new, technique
        return self._with(pieces, why)

    def delete(self, index: int, technique: str = "") -> Words:
        """A view without the i-th word, and without one of the two spaces that stood around it."""
        return self.delete_many((index,), technique)

    def delete_many(self, indexes: Iterable[int], technique: str = "") -> Words:
        """A view without several words, each taking one space with it: the one after, else the one before."""
        pieces, why = list(self._pieces), dict(self._why)
        for index in indexes:
            at = 2 * range(len(self))[index] + 1
            pieces[at], why[at] = "", technique
            before, after = pieces[at - 1], pieces[at + 1]
            if after[:1].isspace() and ((at == 1 and not before) or before[-1:].isspace()):
                pieces[at + 1], why[at + 1] = after[1:], technique
            elif before[-1:].isspace() and not after[:1].isspace():
                pieces[at - 1], why[at - 1] = before[:-1], technique
        return self._with(pieces, why)

    def translated(self, way: Callable[[str], str]) -> Words:
        """The view with every piece put through ``way``, the original's pieces too; indexes stay."""
        new = self._with([way(piece) for piece in self._pieces], self._why)
        new._origin = tuple(map(way, self._origin))
        return new

    @property
    def changed(self) -> tuple[int, ...]:
        """Indexes of the words that differ from the original; an article that only follows its word does not count."""
        now, then = self._pieces, self._origin
        return tuple(at // 2 for at in sorted(self._why) if at % 2 and _differ(then[at], now[at]))  # only touched places can

    @property
    def replaced(self) -> tuple[tuple[str, str], ...]:
        """(original, present form) of each word that differs, in order; "a" become "an" or the reverse does not count."""
        if self._replaced is None:
            now, then = self._pieces, self._origin
            self._replaced = tuple((then[at], now[at]) for at in sorted(self._why) if at % 2 and _differ(then[at], now[at]))
        return self._replaced

    def edits(self) -> tuple[Edit, ...]:
        """Every difference from the original as spans, in order; touching ones of one technique are merged."""
        edits: list[Edit] = []
        old, new = _starts(self._origin), _starts(self._pieces)
        for at in sorted(self._why):
            then, now = self._origin[at], self._pieces[at]
            if then != now:
                edits.append(_edit(then, now, old[at], new[at], self._why[at], whole=at % 2 == 1))
        return _merge(edits)


_ARTICLES = frozenset({"a", "an", "A", "An", "AN"})


def _differ(then: str, now: str) -> bool:
    """Whether a word was changed, and not only its article made to agree: that was not the attack's choice."""
    return then != now and not (then in _ARTICLES and now in _ARTICLES)


@lru_cache(maxsize=64)
def words_of(text: str) -> Words:
    """``Words(text)``, kept for the next who ask: every severity of a noise starts from the same text."""
    return Words(text)


def _split(text: str) -> list[str]:
    if text.isascii():
        return _ASCII_WORD.split(text)
    parts: list[str] = _WORD.split(text)
    return _unspaced_split(parts) if UNSPACED.search(text) else parts


def _unspaced_split(parts: Sequence[str]) -> list[str]:
    """Gap, word, gap … with every word of a script without spaces cut into words, an empty gap between two of them."""
    out = [parts[0]]
    for word, gap in zip(parts[1::2], parts[2::2], strict=True):
        if UNSPACED.search(word):
            for number, run in enumerate(runs(word)):
                if number % 2:
                    for one in words_in(run):
                        out += (one, "")
                else:  # what stands before, between and after: other letters, or the hyphens and apostrophes that joined them
                    before, *rest = _WORD.split(run)
                    out[-1] += before
                    out += rest
        else:
            out += (word, "")
        out[-1] += gap
    return out


def _edit(then: str, now: str, old: int, new: int, technique: str, whole: bool) -> Edit:
    """The change of one piece: a word as a whole, of a gap only what differs."""
    end = 0 if whole else Postfix.similarity(then, now)
    then, now = then[: len(then) - end], now[: len(now) - end]
    start = 0 if whole else Prefix.similarity(then, now)
    then, now = then[start:], now[start:]
    return Edit(old + start, old + start + len(then), new + start, new + start + len(now), then, now, technique)


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
    return tuple(e for e in out if e.before != e.after)  # a range may have been replaced by what it read


def pieces(text: str) -> list[str]:
    """Words, runs of whitespace and other single characters; joined they give the text back.

    Scripts without spaces come in user-perceived characters: where their words end depends on what stands beside them.
    """
    found = [match.group() for match in _PIECE.finditer(text)]
    return found if text.isascii() or not UNSPACED.search(text) else [piece for one in found for piece in _fine(one)]


def _fine(piece: str) -> list[str]:
    if not UNSPACED.search(piece):
        return [piece]
    return [one for number, run in enumerate(runs(piece)) for one in (graphemes(run) if number % 2 else [run] if run else [])]


def diff(before: str, after: str, technique: str = "") -> tuple[Edit, ...]:
    """The edits that turn one text into another, found by aligning their words (Levenshtein over pieces)."""
    a, b = pieces(before), pieces(after)
    starts_a, starts_b = _starts(a), _starts(b)
    edits = []
    for op in Levenshtein.opcodes(a, b, score_hint=FEW):
        if op.tag == "equal":
            continue
        s, e, ns, ne = starts_a[op.src_start], starts_a[op.src_end], starts_b[op.dest_start], starts_b[op.dest_end]
        edits.append(Edit(s, e, ns, ne, before[s:e], after[ns:ne], technique))
    return _merge(edits)


def moved(edits: Sequence[Edit], start: int, end: int) -> tuple[int, int] | None:
    """Where a span of the original stands in the new text; None where it is gone.

    A span that an edit covers exactly, or lies inside, becomes what was put in its place; one that an edit cuts into reaches
    to the edit's far side. What is merely put before or behind a span stays outside it.
    """
    new_start, new_end = _moved(edits, start, right=False), _moved(edits, end, right=True)
    return (new_start, new_end) if new_end > new_start else None


def _moved(edits: Sequence[Edit], at: int, *, right: bool) -> int:
    """A place of the original in the new text; one inside an edit goes to its start, or with ``right`` to its end."""
    shift = 0
    for edit in edits:
        if at < edit.start or (at == edit.start and (right or edit.start < edit.end)):
            break
        if at < edit.end or (at == edit.end and right and edit.start < edit.end):
            return edit.new_end if right else edit.new_start
        shift = edit.new_end - edit.end
    return at + shift


def _starts(parts: Sequence[str]) -> list[int]:
    return list(accumulate(map(len, parts), initial=0))
