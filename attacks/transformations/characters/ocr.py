"""Text that came from a scan."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import LATIN, WordNoise, options_of
from attacks.transformations.characters.substitution import random_substitution, substitutions
from attacks.transformations.tables import table
from attacks.words import Words

_LONGEST = 2


class OcrConfusion(WordNoise):
    """One character, or two, read as what looks like it: rn as m, cl as d, l as 1."""

    name = "ocr-confusion"
    languages = LATIN
    preserves = FORM
    description = "Characters are read as similar ones, as from a scan: rn -> m, O -> 0."
    citation = Citation("Ma 2019, nlpaug: data augmentation for NLP (OCR augmenter)", "https://github.com/makcedward/nlpaug")

    def __init__(self, *, one: bool = False) -> None:
        self.one = one

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each confusion at each place."""
        word = words[index]
        if self.one:
            return options_of(self.pick(words, index, rng))
        return substitutions(word, table("ocr"), range(len(word)), _LONGEST)

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """One random confusion."""
        word = words[index]
        return random_substitution(word, table("ocr"), range(len(word)), rng, _LONGEST)
