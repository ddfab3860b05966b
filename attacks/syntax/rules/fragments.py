"""Sentences that leave out *it is* or *it*, as notes, headlines and half of all film reviews do: what they leave out is said."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.language.morphology import readings
from attacks.syntax.rules.pieces import PEOPLE, Pieces, is_be, is_name, lemma_of
from attacks.syntax.tree import Sentence

_SUBORDINATE = frozenset("relcl advcl ccomp acl pcomp csubj parataxis".split())
_OPEN = frozenset("kind sort type stuff rest".split())
_NOT_IT = frozenset(
    """sure true thanks welcome sorry hard impossible likely kudos able ready glad happy lucky good afraid enough more most
    half""".split()
)
"""Adjectives that a person says of himself, or that open a sentence of another make."""


def it_is(s: Sentence) -> Iterator[Pieces]:
    """``A bleak, honest film.`` becomes ``It is a bleak, honest film.``; ``Dull and too long.``, ``It is dull and too long.``."""
    root = s.root
    if s.is_question or _goes_on(s) or _has_clause(s, root) or not (_noun(s, root) or _adjective(s, root)):
        return
    yield ["It", "is", *range(s.first, s.last)]
    if _noun(s, root):
        yield ["This", "is", *range(s.first, s.last)]


def dropped_it(s: Sentence) -> Iterator[Pieces]:
    """``Has its moments.`` becomes ``It has its moments.``."""
    root, first = s.root, s.nodes[s.first]
    verb = s.nodes[root].tag == "VBZ" or (s.nodes[root].tag == "NNS" and {pos for pos, _ in readings(first.small)} == {"VERB"})
    if s.is_question or not verb or s.kids(root, "nsubj", "nsubjpass", "csubj", "expl", "aux"):
        return
    if _goes_on(s):
        return
    alone = s.first == root or (s.first + 1 == root and first.tag == "RB" and first.dep == "advmod")
    if alone and root + 1 < s.last and lemma_of(s.nodes[root].small) and s.kids(root, "dobj", "attr", "acomp", "xcomp", "prep"):
        yield ["It", *range(s.first, s.last)]


def there_is(s: Sentence) -> Iterator[Pieces]:
    """``Plenty of warmth to go around.`` becomes ``There is plenty of warmth to go around.``."""
    root, first = s.root, s.nodes[s.first]
    if s.is_question or _has_clause(s, root) or s.nodes[root].tag not in ("NN", "NNS") or first.small not in _AMOUNTS:
        return
    of = s.kid(root, "prep")
    counted = s.kid(of, "pobj") if of is not None and root == s.first and s.nodes[of].small == "of" else root
    if counted is not None and min(s.sub(root)) == s.first and s.nodes[counted].tag in ("NN", "NNS"):
        yield ["There", "are" if s.nodes[counted].tag == "NNS" else "is", *range(s.first, s.last)]


_AMOUNTS = frozenset("plenty lots enough tons loads".split())


def _goes_on(s: Sentence) -> bool:
    """Whether three dots stand between the sentence and words before it, whose subject it may have."""
    dots = s.first
    while dots and s.nodes[dots - 1].small in (".", "..", "...", "…"):
        dots -= 1
    several = s.first - dots > 1 or (s.first > dots and len(s.nodes[dots].text) > 1) or (s.first > 0 and s.first == dots)
    return dots > 0 and several


def _has_clause(s: Sentence, root: int) -> bool:
    """Whether the sentence has a finite verb that is neither inside a phrase nor one of a clause with a subject of its own."""
    for verb in range(s.first, s.last):
        node = s.nodes[verb]
        if node.tag not in ("VBZ", "VBD", "VBP", "MD"):
            continue
        top = node.head if node.dep in ("aux", "auxpass") else verb
        while top != root and s.nodes[top].dep not in _SUBORDINATE:
            if s.nodes[top].dep == "conj" and s.nodes[top].head == root and s.subject(top) is not None:
                break
            top = s.nodes[top].head
        if top == root or (s.nodes[top].dep == "parataxis" and verb < root):
            return True
    return bool(s.kids(root, "nsubj", "nsubjpass", "csubj", "expl", "cop"))


def _noun(s: Sentence, root: int) -> bool:
    """Whether the sentence is a noun phrase that tells what something is: with *a*, or *the* and a superlative or a kind."""
    node, first = s.nodes[root], s.nodes[s.first]
    if node.small == "one" and root == s.first and s.nodes[root + 1].small == "of" and s.nodes[root + 2].small == "the":
        return True  # one of the best films
    det = s.kid(root, "det")
    if (
        det is None
        or (node.tag != "NN" and s.nodes[det].small not in ("a", "an"))
        or node.small in PEOPLE
        or is_name(s, root)
        or node.entity
    ):
        return False
    if any(k > root and s.nodes[k].small == ":" for k in s.kids(root)):
        return False
    opened = det == s.first or (s.first + 1 == det and first.small == "not")
    if s.nodes[det].small in ("a", "an", "another"):
        return opened and node.small not in ("lot", "bit", "few", "couple", "word", "note", "number", "day", "week", "year")
    best = any(s.nodes[k].tag == "JJS" or any(s.nodes[j].tag == "RBS" for j in s.kids(k)) for k in s.kids(root, "amod"))
    return s.nodes[det].small == "the" and opened and (best or node.small in _OPEN - {"rest"})


def _adjective(s: Sentence, root: int) -> bool:
    """Whether the sentence is an adjective with what belongs to it, from its first word on."""
    node, first = s.nodes[root], s.nodes[s.first]
    if node.tag not in ("JJ", "JJR") or node.small in _NOT_IT or min(s.sub(root)) != s.first or is_be(s, root):
        return False
    if first.tag not in ("JJ", "JJR", "RB", "RBR", "VBG", "VBN") and first.small not in ("as", "too", "so", "both", "neither"):
        return False
    lead = [k for k in s.kids(root) if k < root]
    if any(s.nodes[k].dep not in ("advmod", "neg", "npadvmod", "amod", "conj", "cc", "punct", "preconj") for k in lead):
        return False
    return not any(k > root and s.nodes[k].tag[:2] == "NN" and s.nodes[k].dep != "npadvmod" for k in s.kids(root))
