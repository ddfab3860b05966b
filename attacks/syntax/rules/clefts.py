"""Clefts: *it is X that …*, *what it does is X*, and the plain clause behind each; *there is*."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.language.morphology import inflect
from attacks.syntax.rules.nouns import WORKS
from attacks.syntax.rules.pieces import Pieces, is_be, is_name, lemma_of
from attacks.syntax.tree import Sentence

_LONG = 8
_WHAT = frozenset(
    "lack need want offer give provide deliver bring add say show teach prove suggest reveal get see do make".split()
)


def it_cleft(s: Sentence) -> Iterator[Pieces]:
    """``The humour saves the film.`` becomes ``It is the humour that saves the film.``; a definite subject only."""
    root, subject = s.root, s.kid(s.root, "nsubj")
    if subject is None or s.nodes[root].tag not in ("VBZ", "VBD", "VBP") or s.kids(root, "neg", "conj") or s.is_question:
        return
    span = s.span(subject)
    if span is None or span[0] != s.first or span[-1] + 1 != root or len(span) > _LONG or not s.kids(root, "dobj"):
        return
    dets = {s.nodes[k].small for k in s.kids(subject, "det")}
    definite = bool(dets & {"the", "this", "these", "those"} or s.kids(subject, "poss")) or is_name(s, subject)
    if span[-1] - span[0] == 1 and s.nodes[subject].small in WORKS:
        return  # "it is the film that has": nobody sets a film off against what else there is
    if not definite or any(s.nodes[i].dep in ("relcl", "appos", "acl") for i in span) or s.nodes[subject].tag in ("PRP", "DT"):
        return
    yield ["it", "was" if s.nodes[root].tag == "VBD" else "is", *span, "that", *range(span[-1] + 1, s.last)]


def from_it_cleft(s: Sentence) -> Iterator[Pieces]:
    """``It is the humour that saves the film.`` becomes ``The humour saves the film.``."""
    root = s.root
    if (
        not is_be(s, root)
        or s.kids(root, "neg", "conj")
        or s.is_question
        or root != s.first + 1
        or s.nodes[s.first].small != "it"
    ):
        return
    attr = s.kid(root, "attr")
    if (
        attr is None
        or not (s.kids(attr, "det", "poss") or is_name(s, attr))
        or {s.nodes[k].small for k in s.kids(attr, "det")} & {"a", "an", "no"}
    ):
        return
    for clause in s.kids(attr, "relcl") + s.kids(root, "relcl"):
        span, subject = s.span(clause), s.kid(clause, "nsubj")
        if span is None or subject is None or span[0] != subject or s.nodes[subject].small not in ("that", "who"):
            continue
        head = list(range(root + 1, span[0]))
        if (
            span[-1] == s.body[-1]
            and head
            and s.nodes[attr].tag in ("NN", "NNS", "NNP")
            and len(head) <= _LONG
            and (s.nodes[clause].tag in ("VBZ", "VBD") or s.kids(clause, "aux"))
        ):
            yield [*head, *span[1:], *s.closing]


def what_cleft(s: Sentence) -> Iterator[Pieces]:
    """``The film lacks energy.`` becomes ``What the film lacks is energy.``."""
    root, subject, thing = s.root, s.kid(s.root, "nsubj"), s.kid(s.root, "dobj")
    if subject is None or thing is None or s.kids(root, "neg", "conj", "prt", "dative", "xcomp", "ccomp", "aux") or s.is_question:
        return
    a, b = s.span(subject), s.span(thing)
    if a is None or b is None or a[0] != s.first or a[-1] + 1 != root or b[0] != root + 1 or b[-1] != s.body[-1]:
        return
    if (
        lemma_of(s.nodes[root].small) not in _WHAT
        or s.nodes[root].tag not in ("VBZ", "VBD", "VBP")
        or s.nodes[thing].tag == "PRP"
    ):
        return
    if s.nodes[subject].tag not in ("WP", "WDT", "DT") and not any(
        s.nodes[k].small in ("no", "any", "nothing") for k in s.sub(thing)
    ):
        yield ["what", *a, root, "was" if s.nodes[root].tag == "VBD" else "is", *b, *s.closing]


def from_what_cleft(s: Sentence) -> Iterator[Pieces]:
    """``What the film lacks is energy.`` becomes ``The film lacks energy.``."""
    root = s.root
    if not is_be(s, root) or s.nodes[s.first].small != "what" or s.kids(root, "neg", "conj") or s.is_question:
        return
    clause, attr = s.kid(root, "csubj", "nsubj"), s.kid(root, "attr")
    if clause is None or attr is None or s.nodes[clause].tag[:1] != "V" or s.nodes[attr].tag[:1] != "N":
        return
    subject = s.kid(clause, "nsubj")
    if subject is None or s.nodes[subject].small == "what" or root != clause + 1:
        return
    yield [*range(s.first + 1, clause + 1), *range(root + 1, s.last)]


def existential(s: Sentence) -> Iterator[Pieces]:
    """``There is no point in it.`` becomes ``There is not any point in it.``; a place goes to the front of *there is*."""
    root = s.root
    if not is_be(s, root) or not s.kids(root, "expl") or s.is_question or s.nodes[s.first].small != "there":
        return
    for kid in s.kids(root, "prep"):
        span = s.span(kid)
        if (
            span is not None
            and s.nodes[kid].small in ("in", "on", "at", "behind", "beneath", "under")
            and span[-1] == s.body[-1]
            and 3 <= len(span) <= _LONG
            and s.kids(kid, "pobj")
            and span[0] > root + 1
        ):
            yield [*span, ",", *range(s.first, span[0]), *s.closing]


def there_insertion(s: Sentence) -> Iterator[Pieces]:
    """``A charm is in every scene.`` becomes ``There is a charm in every scene.``; an indefinite subject and a place only."""
    root, subject = s.root, s.kid(s.root, "nsubj")
    if (
        not is_be(s, root)
        or s.nodes[root].tag not in ("VBZ", "VBD", "VBP")
        or subject is None
        or s.kids(root, "attr", "acomp", "neg")
    ):
        return
    span, place = s.span(subject), s.kids(root, "prep")
    indefinite = {s.nodes[k].small for k in s.kids(subject, "det", "nummod")} & {"a", "an", "some", "no", "two", "several"}
    if (
        span is not None
        and span[0] == s.first
        and span[-1] + 1 == root
        and indefinite
        and place
        and place[0] == root + 1
        and not s.is_question
        and s.nodes[place[0]].small in ("in", "on", "at", "behind", "beneath", "under", "inside")
    ):
        yield ["there", root, *span, *range(root + 1, s.last)]


def extraposed(s: Sentence) -> Iterator[Pieces]:
    """``It is fun to watch them.`` becomes ``Watching them is fun.`` or ``To watch them is fun.``."""
    root = s.root
    if (
        not is_be(s, root)
        or s.nodes[s.first].small != "it"
        or root != s.first + 1
        or s.is_question
        or s.kids(root, "neg", "conj")
    ):
        return
    for said in s.kids(root, "acomp", "attr"):
        for clause in [*s.kids(root, "xcomp", "advcl", "ccomp"), *s.kids(said, "xcomp", "relcl")]:
            span = s.span(clause)
            if (
                span is None
                or s.nodes[span[0]].small != "to"
                or span[-1] != s.body[-1]
                or len(span) > _LONG + 2
                or span[1] != clause
            ):
                continue
            if (
                said >= span[0]
                or s.nodes[clause].tag != "VB"
                or {s.nodes[i].small for i in range(root, span[0])} & {"too", "so", "enough", "for", "time"}
            ):
                continue
            lemma = lemma_of(s.nodes[clause].small)
            gerund = inflect(lemma, "VERB", "VBG") if lemma else None
            middle = list(range(root, span[0]))
            verb: Pieces = ["is"] if s.nodes[root].small == "'s" else [root]
            if gerund:
                yield [gerund, *span[2:], *verb, *middle[1:], *s.closing]
            yield [*span, *verb, *middle[1:], *s.closing]
