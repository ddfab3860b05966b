"""The adversarial misspellings of Pruthi et al.: every one-character change of one word."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.constraints.length import MinWordLength
from attacks.constraints.repeat import NoRepeat
from attacks.recipes.assemble import assemble, keyboard_typo, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.exhaustive import Exhaustive
from attacks.transformations.base import thinned
from attacks.transformations.characters.clusters import clusters, letters_at
from attacks.transformations.characters.slips import CharacterDrop, CharacterInsert, CharacterSwap
from attacks.words import Words

CITATION = Citation(
    "Pruthi et al. 2019, Combating Adversarial Misspellings with Robust Word Recognition", "https://arxiv.org/abs/1905.11268"
)


class _OneLetterAPlace(CharacterInsert):
    """Inserts one random letter at each inner place, not each letter: a tenth of the queries for nearly the same words."""

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with a letter inserted at each place between two characters."""
        units, letters = clusters(words[index]), letters_at(words, index, self.alphabet)
        places = thinned(range(1, len(units)), len(words[index]))
        made = ("".join((*units[:at], rng.choice(letters), *units[at:])) for at in places)
        return list(dict.fromkeys(made))


@register("pruthi")
def pruthi(options: Options) -> Recipe:
    """Try every inner swap, drop, insertion and neighbouring key in every longer word, one word at a time."""
    slips = (
        CharacterSwap(keep_first=True, keep_last=True),
        CharacterDrop(keep_first=True, keep_last=True),
        _OneLetterAPlace(),
        keyboard_typo(options, keep_first=True, keep_last=True),
    )
    return assemble(
        options,
        "pruthi",
        lambda slips, constraints: Exhaustive(slips, constraints),
        transformations=slips,
        citation=CITATION,
        level="character",
        access="labels",
        own=(MinWordLength(4), *stop_words(options), NoRepeat()),
        parameters=(("search", "every word, every change"), ("words changed", "1"), ("characters kept", "first and last")),
        note="One random letter is inserted at each place, where the paper tries each letter.",
    )
