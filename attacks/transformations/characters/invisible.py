"""Characters that no font draws."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from unicodedata import category

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import Replacement, WordNoise, rotated, thinned
from attacks.transformations.characters.clusters import boundaries
from attacks.words import Words

ZERO_WIDTH = ("\u200b", "\u200c", "\u200d")
"""Zero-width space, non-joiner and joiner: the characters of the paper."""


class InvisibleCharacter(WordNoise):
    """A character of no width hides inside a word.

    Args:
        characters: what to hide, each a Unicode format character. Joiners are seen in scripts whose letters join.
    """

    name = "invisible-character"
    languages = ("*",)
    preserves = FORM
    description = "A character of no width is put into a word."
    citation = Citation("Boucher et al. 2022, Bad Characters: Imperceptible NLP Attacks", "https://arxiv.org/abs/2106.09898")

    def __init__(self, characters: Sequence[str] = ZERO_WIDTH) -> None:
        wrong = [c for c in characters if len(c) != 1 or category(c) != "Cf"]
        if wrong or not characters:
            raise ValueError(f"characters must be single Unicode format characters (category Cf), got {wrong or characters!r}")
        self.characters = tuple(dict.fromkeys(characters))

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each invisible character at each place inside it, or after its only character."""
        word = words[index]
        return [
            word[:at] + hidden + word[at:]
            for at in thinned(_inside(word), len(word), len(self.characters))
            for hidden in self.characters
        ]

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word with a random invisible character at a random place."""
        word = words[index]
        for at in rotated(_inside(word), rng):
            return word[:at] + rng.choice(self.characters) + word[at:]
        return None

    def positions(self, text: str) -> Sequence[int]:
        """Before every character and at the end; none in an empty text."""
        return boundaries(text) if text else ()

    def replacement(self, text: str, position: int, rng: Random) -> Replacement:
        """A random invisible character before ``position``."""
        return position, position, rng.choice(self.characters)


def _inside(word: str) -> Sequence[int]:
    places = boundaries(word)
    return places[1:-1] if len(places) > 2 else places[1:]
