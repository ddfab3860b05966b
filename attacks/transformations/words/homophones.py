"""Words that speech recognition takes for one another."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import WordNoise
from attacks.transformations.tables import table
from attacks.transformations.words.lookup import listed
from attacks.words import Words


class Homophone(WordNoise):
    """A word becomes another that sounds like it: noise of speech recognition, which the text alone cannot show."""

    name = "homophone"
    level = "word"
    languages = ("en",)
    preserves = FORM
    description = "Words become others that sound alike, as in speech recognition: their -> there."
    citation = Citation(
        "Eger and Benz 2020, From Hero to Zeroe: A Benchmark of Low-Level Adversarial Attacks (phonetic)",
        "https://arxiv.org/abs/2010.05648",
    )

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word's homophones."""
        return listed(words[index], table("homophones"))
