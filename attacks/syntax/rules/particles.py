"""Small words that say the same in two ways: *without a* and *with no*, *but* and *yet*, *will* and *is going to*."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.syntax.rules.nouns import WORKS
from attacks.syntax.rules.pieces import Pieces, denied, is_plural, put, spliced
from attacks.syntax.tree import Sentence

_SET = frozenset("doubt question exception time end fail lot bit number couple".split())
"""Nouns that make a phrase of their own with *without*, or that only count."""
_NOT_TO_HELP = frozenset("help be seem wait stand".split())


def without(s: Sentence) -> Iterator[Pieces]:
    """``without a plot`` becomes ``with no plot``, and the reverse, ``without any plot``."""
    for prep in range(s.first, s.last - 1):
        thing = s.kid(prep, "pobj")
        det = s.kid(thing, "det") if thing is not None else None
        if thing is None or s.nodes[prep].dep != "prep" or s.nodes[thing].tag not in ("NN", "NNS"):
            continue
        if s.kids(thing, "conj") or s.nodes[thing].small in _SET:
            continue
        if s.nodes[prep].small == "without" and det == prep + 1 and s.nodes[det].small in ("a", "an", "any"):
            yield spliced(s, prep, det + 1, ["with", "no"])
        elif s.nodes[prep].small == "without" and det is None and not s.kids(thing, "poss", "nummod"):
            if min(s.sub(thing)) == prep + 1 and s.nodes[prep + 1].small not in ("much", "so", "too", "more", "many"):
                yield put(s, {prep: ("with", "no")})
        elif s.nodes[prep].small == "with" and det == prep + 1 and s.nodes[det].small == "no":
            if s.nodes[det + 1].small in ("more", "less", "other", "one"):
                continue
            yield spliced(s, prep, det + 1, ["without", "any"])


def but_yet(s: Sentence) -> Iterator[Pieces]:
    """``It is slow, but it works.`` becomes ``It is slow, yet it works.``, and the reverse; not after a denial: *not X but Y*."""
    for cc in range(s.first + 1, s.last - 1):
        node = s.nodes[cc]
        if node.dep != "cc" or node.small not in ("but", "yet") or s.nodes[cc + 1].small in ("also", "not", "rather", "for"):
            continue
        first = node.head
        other = [k for k in s.kids(first, "conj") if k > cc]
        if len(other) != 1 or s.nodes[first].tag == "JJ":
            continue  # adjectives are those of ``adjective-contrast``
        finite = all(s.finite(one) is not None for one in (first, other[0]))
        turned = s.nodes[first].small in ("is", "are", "was", "were", "'s") and s.kids(first, "neg")
        if turned or not finite or s.subject(other[0]) is None or any(s.nodes[k].small == "only" for k in s.kids(first)):
            continue
        yield put(s, {cc: ("yet" if node.small == "but" else "but",)})


def too(s: Sentence) -> Iterator[Pieces]:
    """``It is funny, too.`` becomes ``It is funny as well.``, and the reverse; at the end of its sentence only."""
    if s.is_question or len(s.body) < 4 or any(s.nodes[i].dep == "neg" for i in s.body):
        return
    end = s.body[-1]
    if s.nodes[end].small == "too" and s.nodes[end - 1].small not in ("all", "only", "far", "way", "much", "me"):
        start = end - 1 if s.nodes[end - 1].small == "," else end
        yield spliced(s, start, end + 1, ["as", "well"])
    if s.nodes[end].small == "well" and s.nodes[end - 1].small == "as":
        start = end - 2 if s.nodes[end - 2].small == "," else end - 1
        yield spliced(s, start, end + 1, [",", "too"])


def this(s: Sentence) -> Iterator[Pieces]:
    """``this film`` becomes ``the film`` where the noun stands bare and is spoken of once."""
    works = [i for i in range(s.first, s.last) if s.nodes[i].small in WORKS | {w + "s" for w in WORKS}]
    if len(works) != 1 or len(s.nodes) != s.last - s.first:
        return
    noun, det = works[0], works[0] - 1
    if det < s.first or s.nodes[det].small != "this" or s.nodes[noun].tag != "NN" or s.nodes[noun].dep == "compound":
        return
    if s.kids(noun) == [det] and s.nodes[det].dep == "det" and s.nodes[noun].dep in ("nsubj", "nsubjpass", "dobj", "pobj"):
        yield put(s, {det: ("the",)})


def able(s: Sentence) -> Iterator[Pieces]:
    """``You cannot escape it.`` becomes ``You are not able to escape it.``."""
    for verb in range(s.first, s.last):
        subject, helper, neg = s.kid(verb, "nsubj"), s.kid(verb, "aux"), s.kid(verb, "neg")
        if subject is None or helper is None or neg is None or s.is_question or s.nodes[verb].tag != "VB":
            continue
        plural, person = is_plural(s, subject), s.nodes[subject].small
        if not subject < helper < neg == verb - 1 or helper != neg - 1 or s.nodes[verb].small in _NOT_TO_HELP:
            continue
        if s.nodes[helper].small not in ("can", "ca") or (plural is None and person != "i") or person in ("that", "which", "who"):
            continue
        be = "am" if person == "i" else ("are" if plural else "is")
        yield spliced(s, helper, verb, [be, "not", "able", "to"])


def future(s: Sentence) -> Iterator[Pieces]:
    """``The film will please everybody.`` becomes ``The film is going to please everybody.``, and the reverse."""
    for verb in range(s.first, s.last):
        subject, helper = s.kid(verb, "nsubj"), s.kid(verb, "aux")
        if subject is None or helper is None or s.is_question or s.kids(verb, "neg") or s.nodes[verb].tag != "VB":
            continue
        plural, person = is_plural(s, subject), s.nodes[subject].small
        if (
            s.nodes[helper].small not in ("will", "'ll")
            or verb != helper + 1
            or helper < subject
            or (plural is None and person != "i")
            or denied(s, verb)
        ):
            continue
        if s.nodes[verb].dep in ("ROOT", "ccomp") and not s.kids(verb, "conj") and person not in ("that", "which", "who"):
            be = "am" if person == "i" else ("are" if plural else "is")
            yield put(s, {helper: (be, "going", "to")})
    for go in range(s.first, s.last - 2):
        now, then = s.kid(go, "aux"), s.kid(go, "xcomp")
        if s.nodes[go].small != "going" or now is None or then != go + 2 or s.nodes[go + 1].small != "to" or now != go - 1:
            continue
        if s.nodes[now].small in ("is", "are", "am", "'re", "'s", "'m") and not s.is_question and not s.kids(go, "neg", "conj"):
            yield spliced(s, now, then, ["will"])


def should(s: Sentence) -> Iterator[Pieces]:
    """``It should please fans.`` becomes ``It ought to please fans.``, and the reverse; ``it might work``, ``it may work``."""
    for verb in range(s.first, s.last):
        subject, helper = s.kid(verb, "nsubj", "nsubjpass"), s.kids(verb, "aux")
        if subject is None or not helper or s.is_question or helper[0] < subject:
            continue
        if (
            s.nodes[helper[0]].small == "might"
            and s.nodes[verb].tag == "VB"
            and s.nodes[helper[0] + 1].small not in ("have", "as")
        ):
            yield put(s, {helper[0]: ("may",)})
        if denied(s, verb):
            continue
        if s.nodes[helper[0]].small == "should" and s.nodes[helper[0] + 1].tag == "VB":
            yield put(s, {helper[0]: ("ought", "to")})
    for i in range(s.first, s.last - 2):
        if s.nodes[i].small == "ought" and s.nodes[i + 1].small == "to" and not denied(s, s.nodes[i].head):
            yield spliced(s, i, i + 2, ["should"])


def helps(s: Sentence) -> Iterator[Pieces]:
    """``It helps make sense of it.`` becomes ``It helps to make sense of it.``; ``try and see``, ``try to see``."""
    for i in range(s.first, s.last - 2):
        node, after, last = s.nodes[i], s.nodes[i + 1], s.nodes[i + 2]
        if node.lemma == "help" and node.tag[:1] == "V":
            if after.tag == "VB" and after.small != "but":
                yield put(s, {i: (i, "to")})
            elif after.small == "to" and last.tag == "VB":
                yield put(s, {i + 1: ()})
        if node.small == "try" and after.small == "and" and last.tag == "VB" and node.tag in ("VB", "VBP"):
            yield put(s, {i + 1: ("to",)})
