"""What is set against what: ``X but Y``, ``although X, Y``, ``X; however, Y``."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.syntax.rules.pieces import Pieces, before_comma, denied, is_be, put
from attacks.syntax.tree import Sentence


def _but(s: Sentence) -> tuple[list[int], list[int]] | None:
    """The two clauses of ``X but Y``, each with a subject and a finite verb of its own, nothing before or after them."""
    root = s.root
    conj = s.kids(root, "conj")
    cc = s.kids(root, "cc")
    if s.is_question or len(conj) != 1 or len(cc) != 1 or s.nodes[cc[0]].small not in ("but", "yet"):
        return None
    other = conj[0]
    if s.finite(root) is None or s.finite(other) is None or s.subject(root) is None or s.subject(other) is None:
        return None
    second = [i for i in s.body if i > cc[0]]
    first = list(range(s.first, before_comma(s, cc[0])))
    if any(s.nodes[i].tag in ("WP", "WDT", "WRB") for i in (first[:1] + second[:1])):
        return None
    start = s.span(s.subject(root) or root)
    inside = set(s.sub(other))
    if not first or start is None or start[0] != s.first or not set(second) <= inside:
        return None
    return (first, second) if not any(s.nodes[i].small in (":", ";", "--", "—") for i in s.body) else None


def but_although(s: Sentence) -> Iterator[Pieces]:
    """``It is slow, but it works.``: ``Although it is slow, it works.``, ``It is slow; however, it works.`` and the like."""
    both = _but(s)
    if both is None:
        return
    first, second = both
    for word in ("although", "while", "though"):
        yield [word, *first, ",", *second, *s.closing]
    yield [*first, ";", "however", ",", *second, *s.closing]
    yield [*first, ",", "yet" if s.nodes[second[0] - 1].small == "but" else "but", *second, *s.closing]
    yield [*second, ",", "although", *first, *s.closing]


def although_but(s: Sentence) -> Iterator[Pieces]:
    """``Although it is slow, it works.`` becomes ``It is slow, but it works.``."""
    root = s.root
    for clause in s.kids(root, "advcl"):
        span = s.span(clause)
        if span is None or s.nodes[span[0]].small not in ("although", "though") or s.finite(clause) is None:
            continue
        if span[0] != s.first or span[-1] + 1 >= s.last or s.nodes[span[-1] + 1].small != "," or s.subject(clause) is None:
            continue
        rest = [i for i in s.body if i > span[-1] + 1]
        if rest and s.subject(root) is not None and s.finite(root) is not None:
            yield [*span[1:], ",", "but", *rest, *s.closing]
            yield [*span[1:], ",", "yet", *rest, *s.closing]


def but_adjectives(s: Sentence) -> Iterator[Pieces]:
    """``slow but honest``: ``slow yet honest``, ``slow though honest`` turned round: ``honest, if slow,``."""
    for i in range(s.first, s.last):
        node = s.nodes[i]
        conj, cc = s.kids(i, "conj"), s.kids(i, "cc")
        if node.tag != "JJ" or len(conj) != 1 or len(cc) != 1 or s.nodes[cc[0]].small not in ("but", "yet"):
            continue
        other = conj[0]
        a, b = list(range(min(s.sub(i)), before_comma(s, cc[0]))), s.span(other)
        if b is None or s.nodes[other].tag != "JJ" or a[0] != min([i, *s.kids(i, "advmod")]) or denied(s, i):
            continue
        if any(
            s.nodes[k].dep in ("neg", "advmod") and s.nodes[k].small in ("ultimately", "not", "n't", "never") for k in s.sub(i)
        ):
            continue
        yield put(s, {cc[0]: ("yet" if s.nodes[cc[0]].small == "but" else "but",)})
        if node.dep in ("acomp", "ROOT") and b[-1] == s.body[-1]:
            yield [*range(s.first, a[0]), *b, ",", "though", *a, *s.closing]


def semicolon(s: Sentence) -> Iterator[Pieces]:
    """``X, and Y`` as ``X; Y``, and the reverse; ``X. Y`` is made by hand of two sentences nowhere."""
    root = s.root
    conj, cc = s.kids(root, "conj"), s.kids(root, "cc")
    if s.is_question or len(conj) != 1 or len(cc) != 1 or s.nodes[cc[0]].small != "and":
        return
    other = conj[0]
    if s.finite(root) is None or s.finite(other) is None or s.subject(root) is None or s.subject(other) is None:
        return
    if s.nodes[root].tag == "VB" or cc[0] + 1 != min(s.sub(other)) or any(s.nodes[i].small in (":", ";") for i in s.body):
        return
    first = list(range(s.first, before_comma(s, cc[0])))
    second = list(range(cc[0] + 1, s.last))
    yield [*first, ";", *second]
    yield [*first, ".", *second]


def shared_subject(s: Sentence) -> Iterator[Pieces]:
    """``It groans and drags.`` becomes ``It groans, and it drags.``, and the reverse; pronouns only."""
    root = s.root
    conj, cc, subject = s.kids(root, "conj"), s.kids(root, "cc"), s.kid(root, "nsubj")
    if s.is_question or len(conj) != 1 or len(cc) != 1 or subject is None or s.nodes[cc[0]].small not in ("and", "but"):
        return
    other, pronoun = conj[0], s.nodes[subject]
    if pronoun.small not in ("i", "you", "he", "she", "it", "we", "they") or subject != s.first or s.finite(other) is None:
        return
    own = s.kids(other, "nsubj")
    helpers = s.kids(root, "aux", "neg")
    if not own and not helpers and cc[0] + 1 == min(s.sub(other)) and s.nodes[other].tag in ("VBZ", "VBD"):
        comma = () if s.nodes[cc[0] - 1].small == "," else (",",)
        yield put(s, {cc[0]: (*comma, cc[0], pronoun.text if pronoun.text == "I" else pronoun.small)})
    elif (
        own == [cc[0] + 1]
        and s.nodes[own[0]].small == pronoun.small
        and not s.kids(root, "neg", "aux")
        and (not is_be(s, cc[0] + 2) or s.nodes[cc[0] + 2].small in ("is", "are", "was", "were"))
    ):
        start = before_comma(s, cc[0])
        yield [*range(s.first, start), cc[0], *range(own[0] + 1, s.last)]
