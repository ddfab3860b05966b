"""Letters of other scripts that look the same."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import LATIN, Replacement, WordNoise
from attacks.transformations.characters.substitution import random_substitution, substitutions
from attacks.transformations.tables import table
from attacks.words import Words


class Homoglyph(WordNoise):
    """One letter becomes a letter of another script drawn alike: what a reader sees stays, what a tokenizer sees does not."""

    name = "homoglyph"
    languages = (*LATIN, "bg", "el", "ru", "uk")
    preserves = FORM
    description = "A letter becomes a lookalike from another script: Latin a -> Cyrillic а."
    citation = Citation("Boucher et al. 2022, Bad Characters: Imperceptible NLP Attacks", "https://arxiv.org/abs/2106.09898")

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each letter replaced by each of its lookalikes."""
        word = words[index]
        return substitutions(word, table("homoglyphs"), range(len(word)))

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word with one random letter replaced by a random lookalike."""
        word = words[index]
        return random_substitution(word, table("homoglyphs"), range(len(word)), rng)

    def positions(self, text: str) -> Sequence[int]:
        """Where a character with a lookalike stands."""
        known = table("homoglyphs")
        return [at for at, character in enumerate(text) if character in known]

    def replacement(self, text: str, position: int, rng: Random) -> Replacement:
        """The character at ``position`` becomes a random lookalike."""
        return position, position + 1, rng.choice(table("homoglyphs")[text[position]])
