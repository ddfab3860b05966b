"""What a parser answers: one node a token, with offsets, tags, dependencies; and what rules ask of a sentence.

Labels of dependencies are those of spaCy's English pipelines (ClearNLP's), tags are the Penn Treebank's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

FINITE = ("VBD", "VBZ", "VBP", "MD")
SUBJECTS = ("nsubj", "nsubjpass", "csubj", "csubjpass", "expl")
BE = frozenset("be is are was were am 's 're 'm been being".split())


@dataclass(frozen=True, slots=True)
class Node:
    """A token: ``text[start:end]`` in code points, its Penn ``tag``, its relation ``dep`` to the token ``head``.

    ``head``: an index into the same tree, its own for the root of a sentence. ``entity``: a type of named entity, or "".
    """

    text: str
    start: int
    end: int
    tag: str
    dep: str
    head: int
    lemma: str
    entity: str = ""

    @property
    def small(self) -> str:
        """The token in lower case, with straight apostrophes."""
        return self.text.lower().replace("’", "'")


Tree = tuple[Node, ...]
"""All tokens of a text, in order."""


def merged(tree: Tree, spans: Sequence[tuple[int, int]]) -> Tree:
    """The tree with all tokens that overlap one of ``spans`` as one node each, which takes the place of their head.

    Offsets stay those of the text that was parsed. Spans are in order and do not overlap.
    """
    group: list[int] = []
    for index, node in enumerate(tree):
        inside = next((n for n, (start, end) in enumerate(spans) if node.start < end and start < node.end), None)
        if index and inside is not None and group[-1] == inside:
            group.append(inside)
        else:
            group.append(-1 - index if inside is None else inside)
    new_at: dict[int, int] = {}
    members: list[list[int]] = []
    for index, key in enumerate(group):
        if index and key >= 0 and key == group[index - 1]:
            members[-1].append(index)
        else:
            members.append([index])
        new_at[index] = len(members) - 1
    out = []
    for place, inside_ in enumerate(members):
        top = next((i for i in inside_ if tree[i].head not in inside_ or tree[i].head == i), inside_[-1])
        head = new_at[tree[top].head]
        start, end = tree[inside_[0]].start, tree[inside_[-1]].end
        out.append(replace(tree[top], start=start, end=end, head=head if tree[top].head != top else place))
    return tuple(out)


@dataclass(frozen=True)
class Sentence:
    """One sentence of a tree: ``nodes[first:last]``; every method speaks in indices of the whole tree."""

    nodes: Tree
    first: int
    last: int
    children: tuple[tuple[int, ...], ...] = field(repr=False)

    @cached_property
    def root(self) -> int:
        """The node that has no head."""
        return next(i for i in range(self.first, self.last) if self.nodes[i].head == i)

    @cached_property
    def closing(self) -> list[int]:
        """The punctuation that ends the sentence, closing quotes included."""
        at = self.last
        while at > self.first and self.nodes[at - 1].small in (".", "!", "?", "...", "…", '"', "”", "''", "?!", "!!"):
            at -= 1
        return list(range(at, self.last))

    @cached_property
    def body(self) -> list[int]:
        """All but the closing punctuation."""
        return list(range(self.first, self.last - len(self.closing)))

    @property
    def is_question(self) -> bool:
        """Whether it ends with a question mark."""
        return any("?" in self.nodes[i].text for i in self.closing)

    def kids(self, index: int, *deps: str) -> list[int]:
        """The dependents of a node, with one of these relations where any are named."""
        return [i for i in self.children[index] if not deps or self.nodes[i].dep in deps]

    def kid(self, index: int, *deps: str) -> int | None:
        """The only dependent with one of these relations; None where there is none, or more than one."""
        found = self.kids(index, *deps)
        return found[0] if len(found) == 1 else None

    def sub(self, index: int) -> list[int]:
        """The subtree of a node in the order of the text."""
        found, todo = [], [index]
        while todo:
            at = todo.pop()
            found.append(at)
            todo += self.children[at]
        return sorted(found)

    def span(self, index: int) -> list[int] | None:
        """The subtree where it is one stretch of the text, else None; punctuation at either end is left outside."""
        found = self.sub(index)
        while len(found) > 1 and self.nodes[found[-1]].dep == "punct" and self.nodes[found[-1]].small not in (")", '"', "”"):
            found.pop()
        while len(found) > 1 and self.nodes[found[0]].dep == "punct" and self.nodes[found[0]].small not in ("(", '"', "“"):
            found.pop(0)
        return found if found[-1] - found[0] + 1 == len(found) else None

    def noun(self, index: int) -> list[int] | None:
        """A noun phrase in one stretch, without what is joined to it or set beside it."""
        left_out: set[int] = set()
        for kid in self.kids(index, "conj", "cc", "appos", "punct", "relcl", "preconj"):
            left_out.update(self.sub(kid))
        found = [i for i in self.sub(index) if i not in left_out]
        return found if found[-1] - found[0] + 1 == len(found) else None

    def verbs(self) -> Iterator[int]:
        """Every finite clause's head, by its position."""
        for i in range(self.first, self.last):
            if self.nodes[i].tag[:1] == "V" and self.finite(i) is not None:
                yield i

    def finite(self, verb: int) -> int | None:
        """The node that carries tense for a clause's head: an auxiliary of it, or itself; None for one without tense."""
        helpers = [i for i in self.kids(verb, "aux", "auxpass") if self.nodes[i].tag in FINITE]
        if helpers:
            return helpers[0]
        return verb if self.nodes[verb].tag in FINITE else None

    def subject(self, verb: int) -> int | None:
        """The head of the clause's own subject."""
        return self.kid(verb, *SUBJECTS)

    def text(self, indices: Sequence[int]) -> str:
        """The tokens joined by blanks, in lower case: for looking words up."""
        return " ".join(self.nodes[i].small for i in indices)


def sentences(tree: Tree) -> list[Sentence]:
    """The sentences of a tree, by where the trees of its roots begin and end."""
    children: list[list[int]] = [[] for _ in tree]
    for index, node in enumerate(tree):
        if node.head != index:
            children[node.head].append(index)
    kids = tuple(map(tuple, children))

    def root_of(index: int) -> int:
        seen: set[int] = set()
        while tree[index].head != index and index not in seen:
            seen.add(index)
            index = tree[index].head
        return index

    found, first = [], 0
    roots = [root_of(index) for index in range(len(tree))]
    for index in range(1, len(tree) + 1):
        if index == len(tree) or roots[index] != roots[index - 1]:
            if tree[roots[first]].head == roots[first] and first <= roots[first] < index:
                found.append(Sentence(tree, first, index, kids))
            first = index
    return found
