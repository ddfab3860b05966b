"""A text as a parser wants it, and the way back: punctuation joined, first letters raised, and what a rule made of it respelled.

Texts of benchmarks come lower-case and cut into tokens ("it 's a film , n't it ?"). A parser errs on them, and the victim must
read a
rewrite in the text's own manner. So characters are only ever left out or raised here, never added, and each knows where it stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from attacks.syntax.tree import Node, Tree

Piece = int | str
"""A node of the tree by its index, or a word or a sign that stands in no place of the text."""
_CUT = regex.compile(r"\s(?:[,;:!?)]|\.(?:\s|$)|n't\b|'(?:s|m|re|ve|ll|d)\b)|[(]\s")
_JOINED = regex.compile(
    r"(?<drop>\\)(?=[()*/])|(?<=\S)(?<drop>\s+)(?=[,;:!?%)]|\.(?=\s|$)|\.\.|n't\b|'(?:s|m|re|ve|ll|d)\b|'(?=\s|$)|\\\))"
    r"|(?<=[(])(?<drop>\s+)"
)
_I = regex.compile(r"(?<![\p{L}\p{N}'’])i(?![\p{L}\p{N}\-])")
_START = regex.compile(r"(?:^|(?<=[.!?])\s+)[\"“'‘(]*(\p{Ll})")
_UPPER = regex.compile(r"\p{Lu}")
NO_SPACE_BEFORE = frozenset(", . ; : ! ? ) ] % … n't 's 'm 're 've 'll 'd '".split())
SIGNS = frozenset(", . ; : ! ? … -- —".split())


@dataclass(frozen=True, slots=True)
class Prepared:
    """``text`` for the parser; ``origin[i]`` is where its character ``i`` stands in ``source``.

    ``spaced``: punctuation stands apart in the source. ``lower``: the source has no capitals.
    """

    source: str
    text: str
    origin: tuple[int, ...]
    spaced: bool
    lower: bool

    def words(self, node: Node) -> str:
        """A token as it stands in the source."""
        start, end = self.place(node)
        return self.source[start:end]

    def place(self, node: Node) -> tuple[int, int]:
        """Where a token stands in the source."""
        return self.origin[node.start], self.origin[node.end - 1] + 1


@lru_cache(4096)
def prepare(text: str) -> Prepared:
    """The text with the marks of tokenisation left out and, where all of it is lower-case, the capitals that grammar asks for."""
    spaced = _CUT.search(text) is not None
    keep = [True] * len(text)
    if spaced:
        for match in _JOINED.finditer(text):
            for at in range(*match.span("drop")):
                keep[at] = False
    lower = _UPPER.search(text) is None
    characters = list(text)
    if lower:
        for match in _I.finditer(text):
            characters[match.start()] = "I"
        for match in _START.finditer(text):
            raised = characters[match.start(1)].upper()
            if len(raised) == 1:
                characters[match.start(1)] = raised
    origin = tuple(at for at, kept in enumerate(keep) if kept)
    return Prepared(text, "".join(characters[at] for at in origin), origin, spaced, lower)


def render(prepared: Prepared, tree: Tree, pieces: Sequence[Piece], first: int, last: int) -> str:
    """The source with the tokens ``first`` to ``last`` (exclusive) replaced by ``pieces``, in the source's manner.

    The sentence begins with a capital if it did, and its old first word loses the capital where it only had it by its place.
    """
    start, end = prepared.place(tree[first])[0], prepared.place(tree[last - 1])[1]
    opened = prepared.source[start : start + 1].isupper()
    parts: list[str] = []
    words: list[str] = []
    before: Piece | None = None
    for piece in pieces:
        word = prepared.words(tree[piece]) if isinstance(piece, int) else piece
        if isinstance(piece, int) and piece == first and parts and opened and not _always_capital(tree, piece):
            word = word[:1].lower() + word[1:]
        if isinstance(piece, str) and prepared.lower:
            word = word.lower()
        if before is not None:
            parts.append(_gap(prepared, tree, before, piece, word, words[-1]))
        parts.append(word)
        words.append(word)
        before = piece
    made = "".join(parts)
    if opened:
        at = next((n for n, letter in enumerate(made) if letter.isalpha()), 0)
        made = made[:at] + made[at : at + 1].upper() + made[at + 1 :]
    return prepared.source[:start] + made + prepared.source[end:]


def _always_capital(tree: Tree, index: int) -> bool:
    """Whether a word keeps its capital inside a sentence: *I*, a name, an acronym."""
    node = tree[index]
    if node.text == "I":
        return True
    if node.tag in ("NNP", "NNPS") or node.entity in ("PERSON", "GPE", "ORG", "NORP", "WORK_OF_ART"):
        return node.tag not in ("DT", "IN", "PRP", "CC", "EX")
    return len(node.text) > 1 and node.text[1:] != node.text[1:].lower()


def _gap(prepared: Prepared, tree: Tree, before: Piece, after: Piece, word: str, last: str) -> str:
    """What stands between two tokens: what stood there, or a blank, or nothing before a sign that is joined to its word."""
    if isinstance(before, int) and isinstance(after, int) and after == before + 1:
        return prepared.source[prepared.place(tree[before])[1] : prepared.place(tree[after])[0]]
    if isinstance(before, int) and _glued(prepared, tree, before, before + 1) and not last[-1:].isalnum():
        return ""  # an opening quote or bracket
    if isinstance(after, int) and _glued(prepared, tree, after - 1, after) and not word[:1].isalnum():
        return ""
    joined = word.lower().replace("’", "'") in NO_SPACE_BEFORE
    return "" if joined and not prepared.spaced else " "


def _glued(prepared: Prepared, tree: Tree, left: int, right: int) -> bool:
    """Whether two neighbours touch in the source."""
    if left < 0 or right >= len(tree):
        return False
    return prepared.place(tree[left])[1] == prepared.place(tree[right])[0]


def restyled(text: str, like: str) -> str:
    """A text in plain writing in the manner of another: cut into tokens, or without capitals, where that one is."""
    manner = prepare(like)
    made = text
    if manner.lower:
        made = made.lower()
    if manner.spaced:
        made = regex.sub(
            r"(?<=[\p{L}\p{N}])(?=[,;:!?)]|\.(?:\s|$)|n't\b|'(?:s|m|re|ve|ll|d)\b)", " ", made, flags=regex.IGNORECASE
        )
        made = regex.sub(r"(?<=\()(?=\S)", " ", made)
    if like.rstrip()[-1:] not in ".!?" and made.rstrip()[-1:] == ".":
        made = made.rstrip()[:-1].rstrip()
    return made
