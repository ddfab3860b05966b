"""Letters written as digits and signs."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import LATIN, WordNoise
from attacks.transformations.characters.substitution import random_substitution, substitutions
from attacks.transformations.tables import both_cases
from attacks.words import Words


class Leetspeak(WordNoise):
    """Letters become the digits and signs that stand for them.

    Args:
        whole: change every letter of the word that has a stand-in; otherwise one letter, as TextBugger does.
    """

    name = "leetspeak"
    languages = LATIN
    preserves = FORM
    description = "Letters become digits and signs that stand for them: elite -> 3l1t3."
    citation = Citation(
        "Eger et al. 2019, Text Processing Like Humans Do: Visually Attacking and Shielding NLP Systems",
        "https://arxiv.org/abs/1903.11508",
    )

    def __init__(self, *, whole: bool = True) -> None:
        self.whole = whole

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The whole word in leetspeak if wanted, then the word with one letter changed, for each letter and stand-in."""
        word, leet = words[index], both_cases("leet")
        single = substitutions(word, leet, range(len(word)))
        whole = _written(word)
        return [whole, *(new for new in single if new != whole)] if self.whole and whole != word else single

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The whole word in leetspeak, or one random letter of it."""
        word = words[index]
        if not self.whole:
            return random_substitution(word, both_cases("leet"), range(len(word)), rng)
        whole = _written(word)
        return whole if whole != word else None


def _written(word: str) -> str:
    leet = both_cases("leet")
    return "".join(leet[letter][0] if letter in leet else letter for letter in word)
