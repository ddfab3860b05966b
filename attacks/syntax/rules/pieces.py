"""What the rules share: putting pieces together, number and tense, and who may be moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attacks.language.articles import article_for
from attacks.language.morphology import inflect, readings
from attacks.syntax.style import Piece
from attacks.syntax.tree import BE, Sentence

Pieces = list[Piece]
PEOPLE = frozenset(
    """people person man men woman women boy boys girl girls child children kid kids guy guys actor actors actress director
    directors
    writer writers filmmaker filmmakers audience audiences viewer viewers fan fans character characters friend friends mother
    father
    brother sister wife husband couple hero heroine star stars performer performers anyone someone everyone nobody
    teenager teenagers adult adults family families staff owner waiter waitress customer customers critic critics""".split()
)
PRONOUNS = frozenset("i you he she it we they me him her us them this that these those who what which one".split())
THIRD = frozenset("he she it they him her them his its their hers theirs himself herself itself themselves".split())


def whole(s: Sentence) -> Pieces:
    """Every token of the sentence."""
    return list(range(s.first, s.last))


def spliced(s: Sentence, start: int, end: int, new: Sequence[Piece]) -> Pieces:
    """The sentence with the tokens from ``start`` to ``end`` (exclusive) replaced."""
    return [*range(s.first, start), *new, *range(end, s.last)]


def put(s: Sentence, changes: Mapping[int, Sequence[Piece]]) -> Pieces:
    """The sentence with single tokens replaced by any number of pieces."""
    out: Pieces = []
    for index in whole(s):
        assert isinstance(index, int)
        out += changes.get(index, (index,))
    return out


def exchanged(s: Sentence, a: Sequence[int], b: Sequence[int]) -> Pieces:
    """The sentence with two stretches in each other's place; ``a`` stands first."""
    return [*range(s.first, a[0]), *b, *range(a[-1] + 1, b[0]), *a, *range(b[-1] + 1, s.last)]


def is_plural(s: Sentence, noun: int) -> bool | None:
    """Whether a noun phrase takes a plural verb; None where its form does not tell."""
    node = s.nodes[noun]
    if any(s.nodes[k].tag[:1] in ("N", "P") for k in s.kids(noun, "conj")) and s.kids(noun, "cc"):
        return True if any(s.nodes[c].small == "and" for c in s.kids(noun, "cc")) else None
    if node.small in ("we", "they", "you", "these", "those", "both", "many", "few", "people", "us", "them"):
        return True
    if node.tag in ("NNS", "NNPS"):
        return True
    if node.small in ("he", "she", "it", "this", "that") or node.tag in ("NN", "NNP"):
        return None if node.small in ("lot", "number", "couple", "rest", "majority", "handful", "bunch") else False
    return None


def present(lemma: str, plural: bool) -> str | None:
    """The form of the present for *it* or *they*."""
    if lemma == "be":
        return "are" if plural else "is"
    if lemma == "have":
        return "have" if plural else "has"
    return lemma if plural else inflect(lemma, "VERB", "VBZ")


def lemma_of(word: str) -> str | None:
    """The verb that a form belongs to; None where there is none, or more than one that is no form of another."""
    found = [lemma for pos, lemma in readings(word) if pos in ("VERB", "AUX")]
    return found[0] if found else None


def is_past(s: Sentence) -> bool:
    """Whether the sentence tells of the past, by the tense of its root."""
    at = s.finite(s.root)
    return at is not None and s.nodes[at].tag == "VBD"


def is_be(s: Sentence, index: int) -> bool:
    """Whether a token is a form of *be*; a possessive *'s* is none."""
    return s.nodes[index].small in BE and s.nodes[index].dep != "case"


def article(s: Sentence, det: int, following: str) -> Pieces:
    """*a* or *an* before another word; any other determiner as it is."""
    if s.nodes[det].small not in ("a", "an"):
        return [det]
    new = article_for(following)
    return [det] if s.nodes[det].small == new else [new]


def denied(s: Sentence, verb: int) -> bool:
    """Whether a predicate or one that it hangs on is denied, so that what stands in its scope must not move out of it."""
    seen: set[int] = set()
    while verb not in seen:
        seen.add(verb)
        if any(s.nodes[k].dep == "neg" or s.nodes[k].small in ("no", "neither", "never", "without") for k in s.kids(verb)):
            return True
        verb = s.nodes[verb].head
    return False


def before_comma(s: Sentence, index: int) -> int:
    """``index``, or the one before it where a comma stands there."""
    return index - 1 if index - 1 >= s.first and s.nodes[index - 1].small == "," else index


def is_name(s: Sentence, index: int) -> bool:
    """Whether a token is a name."""
    return s.nodes[index].tag in ("NNP", "NNPS")


def hyphened(s: Sentence, index: int) -> bool:
    """Whether a token is part of a compound that a parser has split at its hyphens."""
    near = [k for k in (index - 1, index + 1) if s.first <= k < s.last and s.nodes[k].text in ("-", "/")]
    return any(s.nodes[k].end == s.nodes[index].start or s.nodes[k].start == s.nodes[index].end for k in near)
