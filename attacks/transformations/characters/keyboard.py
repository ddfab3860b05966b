"""Typos by a finger that hits the neighbouring key."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import WordNoise, options_of
from attacks.transformations.characters.substitution import inner, random_substitution, substitutions
from attacks.transformations.tables import keyboard
from attacks.words import Words

_LANGUAGES = {"qwerty": ("en",), "qwertz": ("de",), "azerty": ("fr",)}


class KeyboardTypo(WordNoise):
    """One letter becomes a neighbour on the keyboard.

    Args:
        layout: ``qwerty``, ``qwertz`` or ``azerty``.
        keep_first: leave the first character alone.
        keep_last: leave the last character alone.
        one: offer one random swap a word instead of all.
    """

    name = "keyboard-typo"
    preserves = FORM
    description = "One letter becomes its neighbour on the keyboard."
    citation = Citation(
        "Belinkov and Bisk 2018, Synthetic and Natural Noise Both Break Neural Machine Translation",
        "https://arxiv.org/abs/1711.02173",
    )

    def __init__(self, layout: str = "qwerty", *, keep_first: bool = False, keep_last: bool = False, one: bool = False) -> None:
        if layout not in _LANGUAGES:
            raise ValueError(f"keyboard layout must be one of {', '.join(sorted(_LANGUAGES))}, got {layout!r}")
        self.layout, self.keep_first, self.keep_last, self.one = layout, keep_first, keep_last, one
        self.languages = _LANGUAGES[layout]

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each of its letters replaced by each neighbour."""
        if self.one:
            return options_of(self.pick(words, index, rng))
        word = words[index]
        return substitutions(word, keyboard(self.layout), inner(len(word), self.keep_first, self.keep_last))

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """One random letter replaced by one random neighbour."""
        word = words[index]
        return random_substitution(word, keyboard(self.layout), inner(len(word), self.keep_first, self.keep_last), rng)
