"""How many words of a text were changed, and how many were inserted besides: two numbers, never one share of the other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from attacks.language.segmentation import UNSPACED
from attacks.words import FEW, Edit, Words, diff, words_of

Cost = tuple[int, int]
"""What an alignment costs: words changed and put in together, then those put in."""
_LONGEST_STRETCH = 100_000
_LONGEST_WEIGHED = 4_000_000
_WEIGHT = 1 << 20
_LARGEST = 50_000_000
"""Words times differences up to which it is asked where they differ, for words cut or joined to count as one."""


class Changed(NamedTuple):
    """``changed`` of ``words`` original words are replaced or gone; ``inserted`` new ones stand where there were none."""

    changed: int
    inserted: int
    words: int


def words_changed(before: str, after: str, edits: Sequence[Edit] | None = None) -> Changed:
    """How many of the original's words no longer stand in place, how many words came in, and how many words it had.

    Counted by aligning the two word lists (Levenshtein): of the cheapest alignments, one with the fewest words put in. One word
    cut into several counts as one changed, and so do several words run together. In scripts without spaces the words that
    ``edits`` touch are counted (by default the difference of the texts), since there a changed word moves its neighbours' ends.
    """
    if not (before.isascii() and after.isascii()) and (UNSPACED.search(before) or UNSPACED.search(after)):
        return _touched(before, diff(before, after) if edits is None else edits)
    a, b = _listed(words_of(before)), _listed(Words(after))
    if a == b:
        return Changed(0, 0, len(a))
    distance = Levenshtein.distance(a, b, score_hint=FEW)
    if distance == 1:
        inserted = int(len(b) > len(a))
        return Changed(1 - inserted, inserted, len(a))
    if distance * len(a) > _LARGEST:
        inserted = max(0, len(b) - len(a))
        return Changed(distance - inserted, inserted, len(a))
    stretches = [_cost(old, new) for old, new in _unequal(a, b)]
    cost, inserted = sum(one for one, _ in stretches), sum(one for _, one in stretches)
    if inserted and inserted > len(b) - len(a) and (whole := _weighed(a, b)) is not None:
        cost, inserted = min((cost, inserted), whole)
    return Changed(cost - inserted, inserted, len(a))


def _listed(words: Words) -> list[str]:
    return [words[i] for i in range(len(words))]


def _touched(before: str, edits: Sequence[Edit]) -> Changed:
    spans = words_of(before).spans()
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    changed: set[int] = set()
    inserted = 0
    for edit in edits:
        # a word is touched where the edit takes of it, or puts something inside it
        hit = range(bisect_right(ends, edit.start), bisect_left(starts, edit.end))
        new = _listed(Words(edit.after))
        changed.update(hit)
        if not hit or "".join(new) != "".join(_listed(Words(edit.before))):
            inserted += max(0, len(new) - max(len(hit), len(Words(edit.before))))
    return Changed(len(changed), inserted, len(spans))


def _unequal(a: Sequence[str], b: Sequence[str]) -> list[tuple[Sequence[str], Sequence[str]]]:
    """The stretches of two aligned lists that differ."""
    blocks: list[tuple[int, int, int, int]] = []
    for op in Levenshtein.opcodes(a, b, score_hint=FEW):
        if op.tag != "equal":
            start, new_start = blocks.pop()[::2] if blocks and blocks[-1][1] == op.src_start else (op.src_start, op.dest_start)
            blocks.append((start, op.src_end, new_start, op.dest_end))
    return [(a[start:end], b[new_start:new_end]) for start, end, new_start, new_end in blocks]


def _weighed(a: Sequence[str], b: Sequence[str]) -> Cost | None:
    """The cheapest alignment with the fewest insertions, nothing cut or joined; None for texts too long to weigh."""
    if len(a) * len(b) > _LONGEST_WEIGHED:
        return None
    return divmod(int(Levenshtein.distance(a, b, weights=(_WEIGHT + 1, _WEIGHT, _WEIGHT))), _WEIGHT)


def _cost(a: Sequence[str], b: Sequence[str]) -> Cost:
    """The cost of a stretch, in which cutting one word or joining several costs one."""
    cuts, joins = ({}, {}) if len(a) * len(b) > _LONGEST_STRETCH else (_runs(a, b), _runs(b, a))
    if min(len(a), len(b)) == 0 or max(len(a), len(b)) == 1 or (not cuts and not joins):
        return int(Levenshtein.distance(a, b)), max(0, len(b) - len(a))  # a stretch shares no word: the rest is replaced
    rows: list[list[Cost]] = [[(j, j) for j in range(len(b) + 1)]]
    for i, old in enumerate(a):
        row: list[Cost] = [(i + 1, 0)]
        for j, new in enumerate(b):
            ways = [_plus(rows[i][j], old != new), _plus(rows[i][j + 1]), _plus(row[j], inserted=1)]
            ways += [_plus(rows[i][j + 1 - n]) for n in cuts.get((i, j), ())]
            ways += [_plus(rows[i + 1 - n][j]) for n in joins.get((j, i), ())]
            row.append(min(ways))
        rows.append(row)
    return rows[-1][-1]


def _plus(cost: Cost, changed: int = 1, inserted: int = 0) -> Cost:
    return cost[0] + changed, cost[1] + inserted


def _runs(whole: Sequence[str], parts: Sequence[str]) -> dict[tuple[int, int], list[int]]:
    """Where one word equals two or more consecutive words joined: (its index, the last part's index) and how many."""
    found: dict[tuple[int, int], list[int]] = {}
    for i, word in enumerate(whole):
        for start, part in enumerate(parts):
            if not word.startswith(part) or part == word:
                continue
            joined = part
            for end in range(start + 1, len(parts)):
                joined += parts[end]
                if not word.startswith(joined):
                    break
                if joined == word:
                    found.setdefault((i, end), []).append(end - start + 1)
    return found
