"""Characters that the next one wipes out again."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import Replacement, WordNoise, rotated, thinned
from attacks.transformations.characters.clusters import ALPHABET, boundaries, check_alphabet
from attacks.words import Words

BACKSPACE = "\b"


class DeletionCharacter(WordNoise):
    """A letter and a backspace: a terminal shows the text as it was, a tokenizer sees the letter."""

    name = "deletion-character"
    languages = ("*",)
    preserves = FORM
    description = "A letter and the backspace that wipes it out are put into a word."
    citation = Citation("Boucher et al. 2022, Bad Characters: Imperceptible NLP Attacks", "https://arxiv.org/abs/2106.09898")

    def __init__(self, alphabet: str = ALPHABET) -> None:
        self.alphabet = check_alphabet(alphabet)

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with a random letter and its backspace, at each place before the word's end."""
        word = words[index]
        places = thinned(boundaries(word)[:-1], len(word))
        return [word[:at] + rng.choice(self.alphabet) + BACKSPACE + word[at:] for at in places]

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word with a random letter and its backspace at a random place."""
        word = words[index]
        for at in rotated(boundaries(word)[:-1], rng):
            return word[:at] + rng.choice(self.alphabet) + BACKSPACE + word[at:]
        return None

    def positions(self, text: str) -> Sequence[int]:
        """Before every character and at the end; none in an empty text."""
        return boundaries(text) if text else ()

    def replacement(self, text: str, position: int, rng: Random) -> Replacement:
        """A random letter and its backspace before ``position``."""
        return position, position, rng.choice(self.alphabet) + BACKSPACE
