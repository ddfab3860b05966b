"""Capitals where there are none, and none where there are."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import WordNoise
from attacks.words import Words


class CaseNoise(WordNoise):
    """A word in upper case, in lower case, capitalised, with swapped case (a stuck shift key), or aLtErNaTiNg."""

    name = "case-noise"
    languages = ("*",)
    preserves = FORM
    description = "Words change case: upper, lower, capitalised, swapped, alternating."
    citation = Citation(
        "Dhole et al. 2021, NL-Augmenter: A Framework for Task-Sensitive Natural Language Augmentation",
        "https://arxiv.org/abs/2112.02721",
    )

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word in every other case."""
        word = words[index]
        forms = (word.upper(), word.lower(), word[:1].upper() + word[1:].lower(), word.swapcase(), _alternating(word))
        return [new for new in dict.fromkeys(forms) if new != word]


def _alternating(word: str) -> str:
    return "".join(letter.upper() if at % 2 else letter.lower() for at, letter in enumerate(word))
