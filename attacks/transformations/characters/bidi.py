"""Characters stored in another order than they are shown in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from random import Random
from unicodedata import bidirectional

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import Replacement, WordNoise, rotated, thinned
from attacks.transformations.characters.clusters import boundaries
from attacks.words import Words

LRO, RLO, PDF, LRI, PDI = "\u202d", "\u202e", "\u202c", "\u2066", "\u2069"
_MOVABLE = frozenset({"L", "EN", "ES", "ET", "CS", "ON", "WS"})
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "FSI"})


class BidiReorder(WordNoise):
    """Two neighbours stored in reverse between direction controls that show them in the old order again.

    Texts with right-to-left characters are left alone: there the controls would be seen.
    """

    name = "bidi-reorder"
    languages = ("*",)
    preserves = FORM
    description = "Two neighbouring characters are stored in reverse, and shown in the old order by direction controls."
    citation = Citation("Boucher et al. 2022, Bad Characters: Imperceptible NLP Attacks", "https://arxiv.org/abs/2106.09898")

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each two different neighbours reordered."""
        if _has_right_to_left(words.original):
            return []
        word = words[index]
        return [_reordered(word, at) for at in thinned(_pairs(word), len(word))]

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word with one random pair reordered."""
        if _has_right_to_left(words.original):
            return None
        word = words[index]
        pairs = _pairs(word)
        for which in rotated(range(len(pairs)), rng):
            return _reordered(word, pairs[which])
        return None

    def positions(self, text: str) -> Sequence[int]:
        """The first of every two neighbours that differ and can be moved."""
        return () if _has_right_to_left(text) else _pairs(text)

    def replacement(self, text: str, position: int, rng: Random) -> Replacement:
        """The characters at ``position`` and after it, reordered."""
        return position, position + 2, reordered(text[position], text[position + 1])


def reordered(first: str, second: str) -> str:
    """``second`` before ``first``, shown as ``first second``: two isolates laid out right to left (Boucher et al., Alg. 2)."""
    return f"{LRO}{LRI}{RLO}{LRI}{second}{PDI}{LRI}{first}{PDI}{PDF}{PDI}{PDF}"


def _reordered(word: str, at: int) -> str:
    return word[:at] + reordered(word[at], word[at + 1]) + word[at + 2 :]


def _pairs(text: str) -> list[int]:
    if text.isascii():
        movable = _movable_ascii()
        return [at for at, (a, b) in enumerate(pairwise(text)) if a != b and a in movable and b in movable]
    edges = boundaries(text)
    return [
        start
        for start, middle, end in zip(edges, edges[1:], edges[2:], strict=False)
        if end - start == 2 and text[start] != text[middle] and _movable(text[start]) and _movable(text[middle])
    ]


@cache
def _movable_ascii() -> frozenset[str]:
    return frozenset(filter(_movable, map(chr, range(128))))


@lru_cache(maxsize=4096)
def _movable(character: str) -> bool:
    return character.isprintable() and bidirectional(character) in _MOVABLE


@lru_cache(maxsize=256)
def _has_right_to_left(text: str) -> bool:
    return not text.isascii() and any(bidirectional(character) in _RIGHT_TO_LEFT for character in text)
