"""What is joined by *and* or a comma: the other way round, or joined in another manner."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from attacks.syntax.rules.pieces import PRONOUNS, Pieces, article, denied, exchanged, hyphened, put, spliced
from attacks.syntax.tree import SUBJECTS, Sentence

_FIXED = frozenset(
    """sound fury bread butter black white pros cons ups downs rise fall give take cat mouse rock roll law order salt pepper
    ladies
    gentlemen more less such again over far wide hide seek odds ends bits pieces trials tribulations here there now then life
    death father son mother daughter
    blood guts dungeons dragons men women cloak dagger fish chips back forth first last war peace nuts bolts good evil""".split()
)


_FIRST = frozenset("big little small large huge tiny old young new long short good great nice bad high low other".split())
"""Adjectives of size, age and praise, which stand before others."""


def _pairs(s: Sentence) -> Iterator[tuple[int, int, int]]:
    """(first, *and* or *or*, second) of each pair of words of one class; longer lists are left alone."""
    for i in range(s.first, s.last):
        conj, cc = s.kids(i, "conj"), s.kids(i, "cc")
        if len(conj) != 1 or len(cc) != 1 or s.nodes[i].dep == "conj" or s.nodes[cc[0]].small not in ("and", "or", "&"):
            continue
        other = conj[0]
        if s.kids(other, "conj", "cc", "appos") or {s.nodes[i].small, s.nodes[other].small} & (_FIXED | PRONOUNS):
            continue
        if i < cc[0] < other and s.nodes[i].tag[:2] == s.nodes[other].tag[:2] and not hyphened(s, i) and not hyphened(s, other):
            yield i, cc[0], other


def swap(s: Sentence) -> Iterator[Pieces]:
    """``honest and warm`` becomes ``warm and honest``; ``the plot and the cast``, ``the cast and the plot``."""
    for first, cc, second in _pairs(s):
        kind = s.nodes[first].tag[:2]
        a, b = _side(s, first, cc), s.span(second)
        if a is None or b is None or b[0] != cc + 1:
            continue
        if kind == "JJ" and not _simple(s, first, a) | _simple(s, second, b) and (len(a) == 1 or len(b) > 1):
            made = exchanged(s, a, b)
            det = a[0] - 1
            if det >= s.first and s.nodes[det].small in ("a", "an"):
                made[det - s.first : det - s.first + 1] = article(s, det, s.nodes[b[0]].small)
            yield made
        elif (
            kind == "RB"
            and len(a) == len(b) == 1
            and s.nodes[first].small.endswith("ly")
            and s.nodes[second].small.endswith("ly")
        ) or (kind in ("NN",) and _same_make(s, first, second, a, b)):
            yield exchanged(s, a, b)


def _side(s: Sentence, first: int, cc: int) -> list[int] | None:
    """What stands before *and*: the first of a pair with all that is before it in its phrase."""
    left = min([first, *(i for k in s.kids(first) if k < first for i in s.sub(k))])
    if left < first and s.nodes[left].small in ("either", "both", "neither", "not", "whether"):
        left += 1  # it belongs to the pair
    if s.nodes[first].tag[:2] == "JJ" or s.nodes[first].tag[:2] == "RB":
        return list(range(left, cc)) if left <= first < cc and all(s.nodes[i].small != "," for i in range(left, cc)) else None
    if any(k > first and s.nodes[k].dep not in ("cc", "conj", "prep") for k in s.kids(first)) or s.nodes[cc - 1].small == ",":
        return None
    return list(range(left, cc))


def _simple(s: Sentence, head: int, span: list[int]) -> bool:
    """Whether an adjective carries more than adverbs before it: such a one cannot change its place."""
    return head != span[-1] or any(s.nodes[k].dep not in ("advmod", "cc", "conj", "npadvmod", "punct") for k in s.kids(head))


def _same_make(s: Sentence, first: int, second: int, a: list[int], b: list[int]) -> bool:
    """Whether two noun phrases are made alike, so that neither shares the other's article, adjectives or attachments."""
    own = [{s.nodes[k].dep for k in s.kids(n) if k < n and s.nodes[k].dep in ("det", "poss", "nummod")} for n in (first, second)]
    if own[0] != own[1] or a[-1] != first or b[-1] != second or s.nodes[first].dep in ("compound", "nmod", "amod", "poss"):
        return False
    if s.nodes[first].dep == "ROOT" or (s.nodes[first].tag != s.nodes[second].tag and not len(a) == len(b) == 1):
        return False
    bare = not own[0]
    lead = [s.kids(n, "amod", "nmod") for n in (first, second)]
    if bare and lead[0] and not lead[1]:
        return False  # "great actors and scenes": both may be great
    if bare and any(s.kids(n, "compound") for n in (first, second)):
        return False  # "father and son dynamics"
    return not any(s.nodes[i].small in ("its", "his", "her", "their", "our") for i in b) or s.nodes[first].dep not in SUBJECTS


def rotated_list(s: Sentence) -> Iterator[Pieces]:
    """``wit, charm and grace`` becomes ``charm, wit and grace``: the first two of a list of three or more that are made alike."""
    for first in range(s.first, s.last):
        second = s.kid(first, "conj")
        third = s.kid(second, "conj") if second is not None else None
        if second is None or third is None or s.nodes[first].dep in ("conj", "ROOT", "compound") or s.kids(first, "cc"):
            continue
        a, b = _item(s, first), _item(s, second)
        if (
            a is None
            or b is None
            or b[0] != a[-1] + 2
            or s.nodes[a[-1] + 1].small != ","
            or s.nodes[first].tag != s.nodes[second].tag
        ):
            continue
        if s.nodes[first].tag[:2] == "NN" and not _same_make(s, first, second, a, b):
            continue
        if s.nodes[first].tag[:2] == "JJ" and len(a) > 1:
            continue  # "this odd, inexplicable and unpleasant": the adverb is for all of them
        if s.nodes[first].tag[:2] in ("NN", "JJ") and not {s.nodes[first].small, s.nodes[second].small} & (PRONOUNS | _FIXED):
            made = exchanged(s, a, b)
            det = a[0] - 1
            if s.nodes[first].tag == "JJ" and det >= s.first and s.nodes[det].small in ("a", "an"):
                made[det - s.first : det - s.first + 1] = article(s, det, s.nodes[b[0]].small)
            yield made


def last_two(s: Sentence) -> Iterator[Pieces]:
    """``wit, charm and grace`` becomes ``wit, grace and charm``: the last two of such a list."""
    for first in range(s.first, s.last):
        second = s.kid(first, "conj")
        third = s.kid(second, "conj") if second is not None else None
        cc = s.kid(second, "cc") if second is not None else None
        if second is None or third is None or cc is None or s.kids(third, "conj", "cc") or s.nodes[cc].small not in ("and", "or"):
            continue
        a, b, tags = _item(s, second), _item(s, third), {s.nodes[i].tag for i in (first, second, third)}
        if a is None or b is None or b[0] != cc + 1 or a[-1] not in (cc - 1, cc - 2) or len(tags) > 1:
            continue
        if a[-1] == cc - 2 and s.nodes[cc - 1].small != ",":
            continue
        if {s.nodes[second].small, s.nodes[third].small} & (PRONOUNS | _FIXED) or hyphened(s, second) or hyphened(s, third):
            continue
        alike = tags <= {"NN", "NNS"} and _same_make(s, second, third, a, b) and len(a) == len(b) == 1
        if alike or (tags == {"JJ"} and len(a) == len(b) == 1):
            yield exchanged(s, a, b)


def lists(s: Sentence) -> Iterator[Pieces]:
    """Both ways of putting a list in another order."""
    yield from rotated_list(s)
    yield from last_two(s)


def _item(s: Sentence, head: int) -> list[int] | None:
    """One item of a list, without the items after it; None where more than words before its head belong to it."""
    own = [head, *(i for k in s.kids(head) if s.nodes[k].dep not in ("conj", "cc", "punct") for i in s.sub(k))]
    own.sort()
    return own if own[-1] - own[0] + 1 == len(own) and own[-1] == head else None


def both(s: Sentence) -> Iterator[Pieces]:
    """``honest and warm`` becomes ``both honest and warm`` or ``honest as well as warm``."""
    for first, cc, second in _pairs(s):
        if s.nodes[cc].small != "and" or denied(s, first) or s.kids(first, "preconj"):
            continue
        a, b = _side(s, first, cc), s.span(second)
        kind, dep = s.nodes[first].tag[:2], s.nodes[first].dep
        if a is None or b is None or b[0] != cc + 1:
            continue
        if b[-1] + 1 < s.last and s.nodes[b[-1] + 1].small == "alike":
            continue
        if a[0] > s.first and s.nodes[a[0] - 1].small in ("between", "since"):
            continue
        lone = kind == "JJ" and dep == "acomp" and not _simple(s, first, a) | _simple(s, second, b)
        noun = kind == "NN" and dep in ("dobj", "pobj", "attr") and _same_make(s, first, second, a, b)
        if lone or noun:
            yield [*range(s.first, a[0]), "both", *range(a[0], s.last)]
            if lone or dep != "attr":
                yield spliced(s, cc, cc + 1, ["as", "well", "as"])


def adjectives(s: Sentence) -> Iterator[Pieces]:
    """``a cold, bleak film`` becomes ``a bleak, cold film`` or ``a cold and bleak film``, and that ``a cold, bleak film``."""
    for noun in range(s.first, s.last):
        mods = s.kids(noun, "amod")
        for left, right in itertools.pairwise(mods):
            if right != left + 2 or s.nodes[left + 1].small != "," or not _plain(s, left) or not _plain(s, right):
                continue
            if any(s.nodes[k].small == "," for k in (right + 1, left - 1) if s.first <= k < s.last):
                continue
            yield put(s, {left + 1: ("and",)})
            made = exchanged(s, [left], [right])
            det = left - 1
            if det >= s.first and s.nodes[det].small in ("a", "an"):
                made[det - s.first : det - s.first + 1] = article(s, det, s.nodes[right].small)
            yield made
    for first, cc, second in _pairs(s):
        if (
            s.nodes[first].dep == "amod"
            and s.nodes[cc].small == "and"
            and second == cc + 1 == first + 2
            and s.nodes[first].tag == "JJ"
            and not s.kids(second)
            and s.nodes[second + 1].tag[:2] == "NN"
        ):
            yield put(s, {cc: (",",)})


def _plain(s: Sentence, index: int) -> bool:
    plain = s.nodes[index].tag in ("JJ", "VBG", "VBN") and s.nodes[index].small not in _FIRST
    return plain and not s.kids(index) and not hyphened(s, index)
