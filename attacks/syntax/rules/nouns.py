"""Owners before and after their noun, quantifiers, and objects in another order."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.syntax.rules.pieces import Pieces, is_name, put, spliced
from attacks.syntax.tree import Sentence

OWNED = frozenset(
    """plot story director cast acting ending opening beginning title author style tone pace quality message script screenplay
    soundtrack score premise charm history success failure weakness strength theme mood length climax tension star hero heroine
    villain popularity reputation impact power energy appeal flaws strengths virtues heart humour humor wit pleasures themes
    mysteries
    audience fans maker makers creator creators events horrors beauty narrative dialogue atmosphere subject characters ambitions
    opener finale premiere middle half conclusion structure setting visuals imagery humanity sincerity simplicity honesty
    complexity originality intelligence sensibility vision approach intentions message messages moral origins makers creators
    strangeness absurdity innocence ambition ambitions talent talents skill artistry career work works
    owner manager staff location service price name design""".split()
)
WORKS = frozenset(
    "film movie comedy drama thriller documentary book novel album picture adaptation debut script screenplay".split()
)
_GIVING = frozenset("give offer show bring send teach lend grant hand pay promise sell tell owe afford".split())


def of_to_owner(s: Sentence) -> Iterator[Pieces]:
    """``the plot of the film`` becomes ``the film's plot``."""
    for noun in range(s.first, s.last):
        det, of = s.kid(noun, "det"), s.kid(noun, "prep")
        if det is None or of is None or of != noun + 1 or s.nodes[of].small != "of" or s.nodes[det].small != "the":
            continue
        owner = s.kid(of, "pobj")
        if owner is None or s.nodes[noun].small not in OWNED or s.kids(noun, "relcl", "acl", "conj", "cc", "appos"):
            continue
        span = s.span(owner)
        if (
            span is None
            or span[-1] != owner
            or len(span) > 3
            or s.nodes[owner].tag not in ("NN", "NNP")
            or s.nodes[owner].small.endswith("s")
        ):
            continue
        if not (s.kids(owner, "det", "poss") or is_name(s, owner)) or det >= noun:
            continue
        yield [*range(s.first, det), *span, "'s", *range(det + 1, noun + 1), *range(span[-1] + 1, s.last)]


def owner_to_of(s: Sentence) -> Iterator[Pieces]:
    """``the film's plot`` becomes ``the plot of the film``; ``Spielberg's film``, ``the film by Spielberg``."""
    for noun in range(s.first, s.last):
        owner = s.kid(noun, "poss")
        case = s.kid(owner, "case") if owner is not None else None
        if owner is None or case is None or s.nodes[case].small not in ("'s", "'") or s.nodes[noun].dep in ("compound", "poss"):
            continue
        span = s.sub(owner)
        if (
            span[-1] != case
            or span[-1] - span[0] + 1 != len(span)
            or len(span) > 5
            or any(s.nodes[k].dep == "relcl" for k in span)
        ):
            continue
        if any(k > noun for k in s.kids(noun)) or s.kids(noun, "conj"):
            continue
        middle = list(range(span[-1] + 1, noun + 1))
        if len(middle) > 3 or any(
            s.nodes[i].tag in ("JJS", "CD") or s.nodes[i].small in ("own", "first", "last", "next", "latest") for i in middle
        ):
            continue
        name = is_name(s, owner)
        if not name and (s.kids(owner, "det") or s.nodes[owner].tag == "NNS") and s.nodes[owner].entity not in ("DATE", "TIME"):
            if s.nodes[noun].small in OWNED or s.nodes[owner].small in WORKS:
                yield spliced(s, span[0], noun + 1, ["the", *middle, "of", *span[:-1]])
        elif name and s.nodes[noun].small in WORKS and s.nodes[owner].entity == "PERSON":
            yield spliced(s, span[0], noun + 1, ["the", *middle, "by", *span[:-1]])


def quantifier(s: Sentence) -> Iterator[Pieces]:
    """``all the jokes`` becomes ``all of the jokes``, and the reverse."""
    for i in range(s.first, s.last - 2):
        small, after = s.nodes[i].small, s.nodes[i + 1]
        if small not in ("all", "both", "half"):
            continue
        if after.small in ("the", "its", "his", "her", "their", "these", "those") and s.nodes[i + 2].tag[:1] in ("N", "J"):
            if s.nodes[i].dep in ("predet", "det", "nummod", "quantmod") and (
                i == s.first or s.nodes[i - 1].small not in ("at", "of", "not", "above", "after")
            ):
                yield put(s, {i: (i, "of")})
        elif after.small == "of" and s.nodes[i + 2].small in ("the", "its", "his", "these", "those", "their") and small != "half":
            yield put(s, {i + 1: ()})


def dative(s: Sentence) -> Iterator[Pieces]:
    """``It gives the actors a chance.`` becomes ``It gives a chance to the actors.``, and the reverse."""
    for verb in range(s.first, s.last):
        thing, receiver = s.kid(verb, "dobj"), s.kid(verb, "dative")
        if thing is None or receiver is None or s.nodes[verb].lemma not in _GIVING:
            continue
        a, b = s.span(receiver), s.span(thing)
        if a is None or b is None or s.nodes[thing].tag in ("PRP", "DT") or len(a) > 8 or len(b) > 8:
            continue
        if s.nodes[receiver].small == "to" and b[0] == verb + 1 and a[0] == b[-1] + 1 and len(a) > 1:
            yield [*range(s.first, verb + 1), *a[1:], *b, *range(a[-1] + 1, s.last)]
        elif (
            s.nodes[receiver].tag[:2] in ("NN", "PR")
            and a[0] == verb + 1
            and b[0] == a[-1] + 1
            and len(b) <= 5
            and s.nodes[verb].lemma not in ("afford", "owe")
            and s.nodes[thing].small not in ("time", "way", "lot")
        ):
            yield [*range(s.first, verb + 1), *b, "to", *a, *range(b[-1] + 1, s.last)]


def particle(s: Sentence) -> Iterator[Pieces]:
    """``It throws out the rules.`` becomes ``It throws the rules out.``, and the reverse."""
    for verb in range(s.first, s.last):
        prt, thing = s.kid(verb, "prt"), s.kid(verb, "dobj")
        if (
            prt is None
            or thing is None
            or s.nodes[verb].lemma in ("put", "take", "make")
            or s.nodes[thing].tag not in ("NN", "NNS", "NNP")
            or s.nodes[verb].tag[:1] != "V"
        ):
            continue
        span = s.span(thing)
        if span is None or len(span) > 4 or s.nodes[span[0]].tag == "PRP":
            continue
        if prt == verb + 1 and span[0] == prt + 1 and len(span) >= 2 and s.nodes[span[0]].dep in ("det", "poss"):
            yield [*range(s.first, prt), *span, prt, *range(span[-1] + 1, s.last)]
        elif span[0] == verb + 1 and prt == span[-1] + 1:
            yield [*range(s.first, span[0]), prt, *span, *range(prt + 1, s.last)]
