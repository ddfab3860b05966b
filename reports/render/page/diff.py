"""Word-level diffs with character marks inside, as small values that the template and the page's script both draw."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel, Levenshtein

from reports.render.page.safe import coded
from reports.run import EditRecord

CONTEXT = 240
"""Characters of unchanged text kept on each side of a change once a text is long."""
LONGEST_PART = 1200
"""Characters shown of one changed stretch."""
_WIDEST_WORD = 32
_KIN = 0.6
_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_TOKENS = 1500
_INSIDE_WORD = "'’-_"

Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of a diff.

    ``kind``: ``same``, ``gone``, ``new`` or ``skip``. ``parts``: texts that alternate between unmarked and marked, the first
    unmarked; where two texts have little in common there is one part only. ``skipped``: characters left out here.
    ``alike``: characters beyond ASCII that took the place of ASCII ones and deserve their code point beside them.
    """

    kind: str
    parts: tuple[str, ...] = ()
    skipped: int = 0
    alike: frozenset[str] = frozenset()

    def compact(self) -> str | int | list[str | int]:
        """For JSON: text is unchanged, a number was left out, a list is a change: 0 gone or 1 new, parts, what was cut."""
        if self.kind == "same":
            return coded(self.parts[0])
        if self.kind == "skip":
            return self.skipped
        parts = [coded(part, self.alike if self.marks(i) else frozenset()) for i, part in enumerate(self.parts)]
        return [int(self.kind == "new"), *parts, *([self.skipped] if self.skipped else [])]

    def marks(self, index: int) -> bool:
        """Whether this part is what changed: each second one, or the only one."""
        return index % 2 == 1 or len(self.parts) == 1


def pieces(before: str, after: str, edits: Sequence[EditRecord] = ()) -> tuple[Piece, ...]:
    """The diff of two texts, guided by the recorded edits where they fit, found by alignment where not."""
    recorded = [(e.start, e.end, e.new_start, e.new_end) for e in edits]
    spans = recorded if _fits(before, after, recorded) else [_whole(before, after)]
    narrow = [small for span in spans for small in _narrowed(before, after, span)]
    wide = _merged(_widened(before, after, narrow))
    return tuple(_elided(_assembled(before, after, wide)))


def _fits(before: str, after: str, spans: Sequence[Span]) -> bool:
    """Whether these spans, in order, are all that differs between the two texts."""
    at = new_at = 0
    for start, end, new_start, new_end in [*spans, (len(before), len(before), len(after), len(after))]:
        if not (at <= start <= end <= len(before) and new_at <= new_start <= new_end <= len(after)):
            return False
        if before[at:start] != after[new_at:new_start]:
            return False
        at, new_at = end, new_end
    return True


def _whole(before: str, after: str) -> Span:
    """What lies between the common head and the common tail."""
    limit = min(len(before), len(after))
    head = next((i for i in range(limit) if before[i] != after[i]), limit)
    tail = next((i for i in range(limit - head) if before[-1 - i] != after[-1 - i]), limit - head)
    return head, len(before) - tail, head, len(after) - tail


def _narrowed(before: str, after: str, span: Span) -> Iterable[Span]:
    """Cut a span of several words into the words in it that differ."""
    start, end, new_start, new_end = span
    old, new = _TOKENS.findall(before[start:end]), _TOKENS.findall(after[new_start:new_end])
    if min(len(old), len(new)) < 2 or max(len(old), len(new)) > _MOST_TOKENS:
        return [span]
    changes = [op for op in Levenshtein.opcodes(old, new) if op.tag != "equal"]
    if any(op.tag != "replace" for op in changes) and _rewritten(old, new):
        return [span]
    old_at, new_at = _offsets(old, start), _offsets(new, new_start)
    return [(old_at[o.src_start], old_at[o.src_end], new_at[o.dest_start], new_at[o.dest_end]) for o in changes]


def _rewritten(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether so little is left in place that one block reads better than its crumbs."""
    kept, now = [t for t in old if not t.isspace()], [t for t in new if not t.isspace()]
    return Indel.normalized_similarity(kept, now) < 0.5


def _offsets(tokens: Sequence[str], start: int) -> list[int]:
    offsets = [start]
    for token in tokens:
        offsets.append(offsets[-1] + len(token))
    return offsets


def _widened(before: str, after: str, spans: Sequence[Span]) -> list[Span]:
    """Grow each span to whole words, so that a reader sees the word that was and the word that is."""
    grown = []
    edges = [0, *(span[1] for span in spans)]
    nexts = [*(span[0] for span in spans[1:]), len(before)]
    for (start, end, new_start, new_end), low, high in zip(spans, edges, nexts, strict=False):
        gone, new = before[start:end], after[new_start:new_end]
        split = not (gone + new).strip()
        left = _reach(before[max(low, start - _WIDEST_WORD - 1) : start][::-1]) if split or _joins(gone[:1], new[:1]) else 0
        right = _reach(before[end : min(high, end + _WIDEST_WORD + 1)]) if split or _joins(gone[-1:], new[-1:]) else 0
        grown.append((start - left, end + right, new_start - left, new_end + right))
    return grown


def _joins(gone: str, new: str) -> bool:
    return any(c and (_in_word(c) or unicodedata.category(c)[0] in "CM") for c in (gone, new))


def _in_word(char: str) -> bool:
    return char.isalnum() or char in _INSIDE_WORD or unicodedata.category(char) in ("Mn", "Mc", "Cf")


def _reach(text: str) -> int:
    """Length of the word at the head of a text; 0 where it is too long to be one (scripts without spaces)."""
    size = next((i for i, char in enumerate(text[: _WIDEST_WORD + 1]) if not _in_word(char)), min(len(text), _WIDEST_WORD + 1))
    return size if size <= _WIDEST_WORD else 0


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and span[0] <= merged[-1][1]:
            last = merged.pop()
            span = (last[0], max(last[1], span[1]), last[2], max(last[3], span[3]))
        merged.append(span)
    return merged


def _assembled(before: str, after: str, spans: Sequence[Span]) -> Iterable[Piece]:
    at = 0
    for start, end, new_start, new_end in spans:
        if before[at:start]:
            yield Piece("same", (before[at:start],))
        yield from _change(before[start:end], after[new_start:new_end])
        at = end
    if before[at:]:
        yield Piece("same", (before[at:],))


def _change(gone: str, new: str) -> Iterable[Piece]:
    """A replaced stretch: both sides, with the differing characters marked where the two are kin."""
    old_parts, new_parts = _marked(gone, new)
    if gone:
        yield Piece("gone", *_cut(old_parts))
    if new:
        yield Piece("new", *_cut(new_parts), alike=_lookalikes(gone, new_parts))


def _marked(gone: str, new: str) -> tuple[list[str], list[str]]:
    short = max(len(gone), len(new)) <= LONGEST_PART and max(len(gone.split()), len(new.split())) <= 3
    if not (gone and new and short) or (Indel.normalized_similarity(gone, new) < _KIN and not _hides(gone, new)):
        return [gone], [new]
    old_parts, new_parts = [""], [""]
    for op in Levenshtein.opcodes(gone, new):
        _append(old_parts, gone[op.src_start : op.src_end], marked=op.tag != "equal")
        _append(new_parts, new[op.dest_start : op.dest_end], marked=op.tag != "equal")
    return old_parts, new_parts


def _hides(gone: str, new: str) -> bool:
    """Whether one is the other with more characters woven in, however many."""
    rest = iter(new)
    return all(char in rest for char in gone)


def _append(parts: list[str], text: str, *, marked: bool) -> None:
    if not text:
        return
    if (len(parts) % 2 == 0) == marked:
        parts[-1] += text
    else:
        parts.append(text)


def _cut(parts: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The parts up to a limit, and how many characters that left out."""
    kept: list[str] = []
    room = LONGEST_PART
    for part in parts:
        kept.append(part[:room])
        room -= len(kept[-1])
    return tuple(kept), sum(map(len, parts)) - sum(map(len, kept))


def _elided(found: Iterable[Piece]) -> Iterable[Piece]:
    """Leave out the middle of long unchanged stretches; keep their ends next to the changes."""
    listed = list(found)
    for i, piece in enumerate(listed):
        if piece.kind != "same":
            yield piece
        else:
            yield from _around(piece.parts[0], head=i > 0, tail=i < len(listed) - 1)


def _around(text: str, *, head: bool, tail: bool) -> Iterable[Piece]:
    keep = CONTEXT * 2 if head and tail else CONTEXT
    if len(text) <= keep + CONTEXT // 2:
        yield Piece("same", (text,))
        return
    start = _snapped(text, CONTEXT) if head or not tail else 0
    end = len(text) - (_snapped(text[::-1], CONTEXT) if tail else 0)
    if start:
        yield Piece("same", (text[:start],))
    yield Piece("skip", skipped=end - start)
    if end < len(text):
        yield Piece("same", (text[end:],))


def _snapped(text: str, at: int) -> int:
    """The end of a word close before this place, else the place itself."""
    space = text.rfind(" ", at - _WIDEST_WORD, at)
    return space if space > 0 else at


def _lookalikes(gone: str, parts: Sequence[str]) -> frozenset[str]:
    """Letters, digits and marks beyond ASCII in what replaced an ASCII text of about that length."""
    size = sum(map(len, parts))
    if not gone.isascii() or size > 2 * len(gone):
        return frozenset()
    changed = parts if len(parts) == 1 else parts[1::2]
    return frozenset(c for part in changed for c in part if _foreign(c))


def _foreign(char: str) -> bool:
    """Not ASCII, and not an ASCII letter with an accent, which shows that it is another."""
    plain = unicodedata.normalize("NFD", char)[:1].isascii()
    return not plain and unicodedata.category(char)[0] in "LNP"
