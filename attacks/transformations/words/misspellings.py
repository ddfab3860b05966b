"""Words as people misspell them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import WordNoise
from attacks.transformations.tables import table
from attacks.transformations.words.lookup import listed
from attacks.words import Words


class CommonMisspelling(WordNoise):
    """A word becomes one of its common misspellings, from a table of some thousand words."""

    name = "common-misspelling"
    level = "word"
    languages = ("en",)
    preserves = FORM
    description = "Words become common misspellings of themselves: receive -> recieve."
    citation = Citation(
        "Belinkov and Bisk 2018, Synthetic and Natural Noise Both Break Neural Machine Translation (natural noise)",
        "https://arxiv.org/abs/1711.02173",
    )

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word's misspellings, the most common first."""
        return listed(words[index], table("misspellings"))
