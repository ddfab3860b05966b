"""Letters that differ by a stroke, a hook or a dot: seen by who looks closely, undone by no table of lookalikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from unicodedata import category, name

from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import LATIN, Replacement, WordNoise
from attacks.transformations.characters.substitution import random_substitution, substitutions
from attacks.words import Words

_BLOCKS = (range(0x00C0, 0x0250), range(0x1E00, 0x1F00), range(0x2C60, 0x2C80), range(0xA720, 0xA800))
"""Latin letters outside ASCII."""


class VisualCharacter(WordNoise):
    """A letter becomes the same letter with a mark: what Unicode describes as that letter WITH something.

    The description-based character space of VIPER. Folding lookalikes leaves such letters alone, because languages are written
    with them.
    """

    name = "visual-character"
    languages = LATIN
    preserves = FORM
    description = "A letter becomes the same letter with a stroke, hook or dot: a -> ạ."
    citation = Citation(
        "Eger et al. 2019, Text Processing Like Humans Do: Visually Attacking and Shielding NLP Systems",
        "https://arxiv.org/abs/1903.11508",
    )

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each letter replaced by each of its marked forms."""
        word = words[index]
        return substitutions(word, marked_letters(), range(len(word)))

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word with one random letter marked."""
        word = words[index]
        return random_substitution(word, marked_letters(), range(len(word)), rng)

    def positions(self, text: str) -> Sequence[int]:
        """Where a letter stands that has marked forms."""
        known = marked_letters()
        return [at for at, character in enumerate(text) if character in known]

    def replacement(self, text: str, position: int, rng: Random) -> Replacement:
        """The letter at ``position`` becomes a random marked form of it."""
        return position, position + 1, rng.choice(marked_letters()[text[position]])


@cache
def marked_letters() -> Mapping[str, Sequence[str]]:
    """The marked forms of each ASCII letter, in the order of Unicode."""
    found: dict[str, list[str]] = {}
    for character in (chr(code) for block in _BLOCKS for code in block):
        described, _, marks = name(character, "").partition(" WITH ")
        case, _, letter = described.removeprefix("LATIN ").partition(" LETTER ")
        if marks and len(letter) == 1 and category(character) in ("Lu", "Ll"):
            found.setdefault(letter if case == "CAPITAL" else letter.lower(), []).append(character)
    return {letter: tuple(forms) for letter, forms in sorted(found.items())}
