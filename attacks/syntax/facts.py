"""What a text says in its parser's reading: who does what to what, and what is denied. By it a rewrite is checked.

A fact is (predicate, role, argument). Passive and active, cleft and plain, a relative clause and a clause of its own give the
same facts, so that a rewrite that keeps the meaning keeps them; one that a parser reads otherwise is ambiguous, and refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from attacks.language.morphology import readings
from attacks.syntax.tree import BE, Node, Sentence, Tree, sentences

Fact = tuple[str, str, str]
NEGATIONS = frozenset("not n't never no nor neither none nothing nobody nowhere without hardly scarcely barely cannot".split())
_RELATIVE = frozenset("that which who whom what whose".split())
_CLITICS = {
    "'s": "be",
    "'re": "be",
    "'m": "be",
    "n't": "not",
    "ca": "can",
    "wo": "will",
    "'ve": "have",
    "'ll": "will",
    "'d": "would",
}
_SAME = {"me": "i", "him": "he", "her": "she", "us": "we", "them": "they", "any": "no", "anything": "nothing", "anyone": "nobody"}


@lru_cache(1 << 15)
def _stem(word: str) -> str:
    """One form for all inflections of a word, whatever class a parser gives it."""
    if word in _SAME or word in _CLITICS:
        return _SAME.get(word) or _CLITICS[word]
    known = readings(word)
    found = [lemma for pos, lemma in known if pos == "VERB"] or [lemma for _, lemma in known]
    return min(found, key=lambda lemma: (len(lemma), lemma)) if found else word


def stem(node: Node) -> str:
    """One form for all inflections of a token."""
    return "be" if node.small in BE else _stem(node.small)


def facts(tree: Tree) -> Counter[Fact]:
    """The core arguments of every predicate, of all sentences."""
    return Counter(fact for sentence in sentences(tree) for fact in _facts(sentence))


def negations(tree: Tree) -> Counter[str]:
    """How often each predicate or noun is denied."""
    return Counter(denied for sentence in sentences(tree) for denied in _negations(sentence))


def _facts(s: Sentence) -> Iterator[Fact]:
    for i in range(s.first, s.last):
        node = s.nodes[i]
        if node.tag[:1] != "V" and not s.kids(i, "nsubj", "nsubjpass"):
            continue
        for role, argument in _arguments(s, i):
            dummy = role == "agent" and s.nodes[argument].small == "it" and (stem(node) == "be" or node.dep == "xcomp")
            if s.nodes[argument].small not in _RELATIVE and not dummy:
                yield (stem(node), role, stem(s.nodes[argument]))


def _arguments(s: Sentence, verb: int) -> Iterator[tuple[str, int]]:
    """(role, head of the argument): ``agent`` and ``thing``, whichever of them is the grammatical subject."""
    subjects = _inherited(s, verb, "nsubj")
    passive = _inherited(s, verb, "nsubjpass")
    if s.nodes[verb].dep == "xcomp" and s.kids(verb, "auxpass") and not passive:
        subjects, passive = [], subjects  # "it is going to be made by amateurs"
    gap = True
    for one in subjects:
        yield from (("agent", each) for each in _resolved(s, verb, one))
    for one in passive:
        yield from (("thing", each) for each in _resolved(s, verb, one))
    for one in s.kids(verb, "dobj"):
        gap = False
        yield from (("thing", each) for each in _resolved(s, verb, one))
    if any(s.nodes[k].small == "there" for k in s.kids(verb, "expl")):
        yield from (("agent", each) for one in s.kids(verb, "attr") for each in _joined(s, one))
    if s.nodes[verb].dep == "csubj" and any(s.nodes[k].small == "what" for k in s.kids(verb, "dobj")):
        yield from (("thing", each) for one in s.kids(s.nodes[verb].head, "attr") for each in _joined(s, one))
    for by in s.kids(verb, "agent"):
        yield from (("agent", each) for one in s.kids(by, "pobj") for each in _joined(s, one))
    head, node = s.nodes[verb].head, s.nodes[verb]
    if node.dep == "acl" and head != verb and node.tag in ("VBN", "VBG"):
        yield ("thing" if node.tag == "VBN" else "agent"), head
    elif node.dep == "relcl" and subjects and gap and not passive and s.nodes[subjects[0]].small not in _RELATIVE:
        yield "thing", head  # the film that we saw


def _inherited(s: Sentence, verb: int, dep: str) -> list[int]:
    """The subjects of a predicate; one that is joined to another and has none of its own shares that one's."""
    seen: set[int] = set()
    while verb not in seen:
        seen.add(verb)
        found = s.kids(verb, dep)
        raised = s.nodes[verb].dep in ("conj", "xcomp") or s.nodes[verb].small == "able"
        if found or not raised or s.kids(verb, "nsubj", "nsubjpass", "expl"):
            return found
        verb = s.nodes[verb].head
    return []


def _resolved(s: Sentence, verb: int, argument: int) -> list[int]:
    """The argument and what is joined to it; for a relative pronoun the noun that it stands for."""
    if s.nodes[argument].small in _RELATIVE and s.nodes[verb].dep == "relcl":
        return [s.nodes[verb].head]
    return _joined(s, argument)


def _joined(s: Sentence, noun: int) -> list[int]:
    found = [noun]
    for one in found:
        found += s.kids(one, "conj")
    return [_counted(s, one) for one in found]


def _counted(s: Sentence, noun: int) -> int:
    """The jokes of *all of the jokes*."""
    of = [k for k in s.kids(noun, "prep") if s.nodes[k].small == "of"]
    inner = (
        s.kids(of[0], "pobj")
        if of and s.nodes[noun].small in ("all", "both", "half", "one", "lot", "lots", "plenty", "most")
        else []
    )
    return inner[0] if inner else noun


def _negations(s: Sentence) -> Iterator[str]:
    for i in range(s.first, s.last):
        node = s.nodes[i]
        if node.small in ("not", "n't", "never", "cannot", "hardly", "scarcely", "barely"):
            yield stem(s.nodes[node.head]) if node.head != i else "not"
        elif node.small in ("no", "neither") and node.head != i:
            yield stem(s.nodes[node.head])
        elif node.small in NEGATIONS:
            yield node.small
