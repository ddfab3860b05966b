"""A word or phrase for its equal, where the parser finds the class that the table asks for, inflected like the old one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from attacks.language.articles import article_for
from attacks.language.morphology import inflect
from attacks.syntax.rules.pieces import Pieces, hyphened, lemma_of, spliced
from attacks.syntax.tree import Sentence
from attacks.transformations.tables import table

_CLASSES = {"N": "NOUN", "V": "VERB", "J": "ADJ", "R": "ADV"}
_BEFORE_ALMOST = frozenset("no never nothing none nobody any always every everything".split())


@cache
def _equals() -> dict[str, list[tuple[str, tuple[str, ...], tuple[str, ...]]]]:
    """First word in its base form: (class, the words after it, equals)."""
    rows: dict[str, list[tuple[str, tuple[str, ...], tuple[str, ...]]]] = {}
    for key, values in table("equals").items():
        kind, first, *rest = key.split()
        rows.setdefault(first, []).append((kind, tuple(rest), values))
    return rows


def equal_words(s: Sentence) -> Iterator[Pieces]:
    """``a film that works`` becomes ``a movie that works``; each place alone, by each of its equals."""
    for i in range(s.first, s.last):
        node = s.nodes[i]
        owner = i + 1 < s.last and s.nodes[i + 1].small in ("'", "'s") and node.tag == "NNS"
        if node.entity or node.tag in ("NNP", "NNPS") or hyphened(s, i) or owner:
            continue
        for base in {node.small, node.lemma.lower()}:
            for kind, rest, values in _equals().get(base, ()):
                end = i + 1 + len(rest)
                if not _fits(s, i, kind, base) or end > s.last or tuple(s.nodes[j].small for j in range(i + 1, end)) != rest:
                    continue
                for value in values:
                    new = _inflected(s, i, kind, value)
                    if new is not None:
                        yield _placed(s, i, end, new)


def _fits(s: Sentence, i: int, kind: str, base: str) -> bool:
    """Whether the word is of the class, and used as its equals could be."""
    node = s.nodes[i]
    if kind == "X":
        return node.small == base
    if kind == "N":
        whole = node.dep not in ("compound", "npadvmod", "amod", "nmod") and not s.kids(i, "compound", "nmod")
        cinema = node.small in ("movies", "films") and i > s.first and s.nodes[i - 1].small == "the"
        return node.tag in ("NN", "NNS") and whole and not cinema
    if kind == "J":
        return (
            node.tag == "JJ"
            and node.small == base
            and node.dep in ("amod", "acomp", "conj", "ROOT", "ccomp")
            and _adjective(s, i)
            and (base not in ("hard", "difficult") or node.dep == "acomp")  # "die hard fans"
        )
    if kind == "R":
        degree = base in ("almost", "nearly") and i + 1 < s.last and s.nodes[i + 1].small in _BEFORE_ALMOST
        return node.tag == "RB" and node.small == base and not degree and not s.kids(i, "neg", "advmod")
    if s.kids(i, "xcomp", "ccomp") and not base.endswith(
        ("begin", "start", "try", "attempt", "seem", "appear", "need", "have", "strive")
    ):
        return False
    light = lemma_of(node.small) == base and not s.kids(i, "prt")
    return node.tag[:1] == "V" and light


def _adjective(s: Sentence, i: int) -> bool:
    """No name of a kind beside it, and no complement after it that its equals may not take."""
    return not any(k > i and s.nodes[k].dep in ("prep", "xcomp", "ccomp") for k in s.kids(i)) or s.nodes[i].small in (
        "hard",
        "difficult",
    )


def _inflected(s: Sentence, i: int, kind: str, value: str) -> Pieces | None:
    first, *rest = value.split()
    tag = s.nodes[i].tag
    if kind == "R" and rest and first not in ("most", "a", "once"):
        apart = s.nodes[i + 1].small == "," if i == s.first and i + 1 < s.last else i == s.body[-1]
        return [first, *rest] if apart else None  # "it works for the most part", not "it for the most part works"
    if kind not in _CLASSES or kind in ("J", "R"):
        return [first, *rest]
    if kind == "N" and rest and tag == "NNS":
        return None
    new = inflect(first, _CLASSES[kind], "VB" if tag == "VBP" else tag) if tag not in ("NN", "VB") else first
    return [new, *rest] if new else None


def _placed(s: Sentence, start: int, end: int, new: Pieces) -> Pieces:
    """With the article before it as the new word wants it."""
    det = start - 1
    if det >= s.first and s.nodes[det].small in ("a", "an") and isinstance(new[0], str) and new[0] not in ("a", "an"):
        fitting = article_for(new[0])
        if fitting != s.nodes[det].small:
            return spliced(s, det, end, [fitting, *new])
    return spliced(s, start, end, new)
