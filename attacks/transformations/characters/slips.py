"""Slips inside a word: two characters swapped, one dropped, inserted, substituted or repeated, a space put in.

All take the same arguments: ``keep_first`` and ``keep_last`` protect the ends of the word; ``one`` offers one random
swap a word (as DeepWordBug and TextBugger do) instead of every one (as Pruthi et al. do).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random

from attacks.language.segmentation import UNSPACED
from attacks.preserves import FORM
from attacks.search import Citation
from attacks.transformations.base import WordNoise, options_of, rotated, thinned
from attacks.transformations.characters.clusters import ALPHABET, check_alphabet, clusters, in_case_of, letters_at
from attacks.transformations.characters.substitution import inner
from attacks.words import Words

_DEEPWORDBUG = Citation(
    "Gao et al. 2018, Black-box Generation of Adversarial Text Sequences to Evade Deep Learning Classifiers",
    "https://arxiv.org/abs/1801.04354",
)
_TEXTBUGGER = Citation(
    "Li et al. 2019, TextBugger: Generating Adversarial Text Against Real-world Applications", "https://arxiv.org/abs/1812.05271"
)
_PRUTHI = Citation(
    "Pruthi et al. 2019, Combating Adversarial Misspellings with Robust Word Recognition", "https://arxiv.org/abs/1905.11268"
)

Edit = Callable[[Sequence[str], int], Iterable[str]]
"""The words that one technique makes of a word (as clusters) at one place."""


Places = Callable[[int, bool], range]
"""The places that may change in a word of this many characters; ``free`` where no end of a word is special."""


def _slips(word: str, places: Places, edit: Edit, each: int = 1) -> list[str]:
    if not word:
        return []
    units = clusters(word)
    at_places = thinned(places(len(units), _is_free(word)), len(word), each)
    made = dict.fromkeys(new for at in at_places for new in edit(units, at))
    return [new for new in made if new != word]


def _random_slip(word: str, places: Places, edit: Edit, rng: Random) -> str | None:
    if not word:
        return None
    units = clusters(word)
    for at in rotated(places(len(units), _is_free(word)), rng):
        for new in edit(units, at):
            if new != word:
                return new
    return None


def _is_free(word: str) -> bool:
    """Whether readers hold on to no end of the word: scripts without spaces have words of a character or two."""
    return not word.isascii() and UNSPACED.match(word) is not None


def _join(units: Sequence[str], start: int, end: int, new: str) -> str:
    if isinstance(units, str):
        return units[:start] + new + units[end:]
    return "".join((*units[:start], new, *units[end:]))


class CharacterSwap(WordNoise):
    """Two adjacent characters change places."""

    name = "character-swap"
    languages = ("*",)
    preserves = FORM
    description = "Two adjacent characters of a word change places."
    citation = _DEEPWORDBUG

    def __init__(self, *, keep_first: bool = True, keep_last: bool = False, one: bool = False) -> None:
        self.keep_first, self.keep_last, self.one = keep_first, keep_last, one

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each two different neighbours swapped."""
        return options_of(self.pick(words, index, rng)) if self.one else _slips(words[index], self._places, _swapped)

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """One random swap."""
        return _random_slip(words[index], self._places, _swapped, rng)

    def _places(self, count: int, free: bool) -> range:
        return inner(count - 1, self.keep_first and not free, self.keep_last and not free)


def _swapped(units: Sequence[str], at: int) -> tuple[str, ...]:
    return () if units[at] == units[at + 1] else (_join(units, at, at + 2, units[at + 1] + units[at]),)


class CharacterDrop(WordNoise):
    """One character is left out, never the only one of a word; in scripts without spaces, never the only one of the text."""

    name = "character-drop"
    languages = ("*",)
    preserves = FORM
    description = "One character of a word is left out."
    citation = _DEEPWORDBUG

    def __init__(self, *, keep_first: bool = True, keep_last: bool = False, one: bool = False) -> None:
        self.keep_first, self.keep_last, self.one = keep_first, keep_last, one

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word without each of its characters."""
        if self.one or self._whole(words, index):
            return options_of(self.pick(words, index, rng))
        return _slips(words[index], self._places, _dropped)

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word without one random character."""
        return "" if self._whole(words, index) else _random_slip(words[index], self._places, _dropped, rng)

    def _whole(self, words: Words, index: int) -> bool:
        """Whether the word is one character of a script without spaces, in a text that has others."""
        word = words[index]
        return len(words) > 1 and _is_free(word) and len(clusters(word)) == 1

    def _places(self, count: int, free: bool) -> range:
        return inner(count, self.keep_first and not free, self.keep_last and not free) if count > 1 else range(0)


def _dropped(units: Sequence[str], at: int) -> tuple[str]:
    return (_join(units, at, at + 1, ""),)


class CharacterInsert(WordNoise):
    """One letter too many. Words without a letter of ``alphabet`` are given one of their own letters again."""

    name = "character-insert"
    languages = ("*",)
    preserves = FORM
    description = "A random letter is inserted into a word."
    citation = _DEEPWORDBUG

    def __init__(self, *, keep_first: bool = True, keep_last: bool = False, one: bool = False, alphabet: str = ALPHABET) -> None:
        self.keep_first, self.keep_last, self.one = keep_first, keep_last, one
        self.alphabet = check_alphabet(alphabet)

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each letter of the alphabet inserted at each place."""
        if self.one:
            return options_of(self.pick(words, index, rng))
        letters = letters_at(words, index, self.alphabet)
        return _slips(
            words[index], self._places, lambda units, at: (_join(units, at, at, letter) for letter in letters), len(letters)
        )

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word with one random letter inserted at one random place."""
        letters = letters_at(words, index, self.alphabet)
        return _random_slip(words[index], self._places, lambda units, at: (_join(units, at, at, rng.choice(letters)),), rng)

    def _places(self, count: int, free: bool) -> range:
        return inner(count + 1, self.keep_first and not free, self.keep_last and not free)


class CharacterSubstitute(WordNoise):
    """One letter becomes another, a capital a capital. Words in another script are given their own letters."""

    name = "character-substitute"
    languages = ("*",)
    preserves = FORM
    description = "One character of a word becomes a random letter."
    citation = _DEEPWORDBUG

    def __init__(self, *, keep_first: bool = True, keep_last: bool = False, one: bool = False, alphabet: str = ALPHABET) -> None:
        self.keep_first, self.keep_last, self.one = keep_first, keep_last, one
        self.alphabet = check_alphabet(alphabet)

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each of its characters replaced by each letter of the alphabet."""
        if self.one:
            return options_of(self.pick(words, index, rng))
        letters = letters_at(words, index, self.alphabet)
        return _slips(words[index], self._places, lambda units, at: (_put(units, at, letter) for letter in letters), len(letters))

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word with one random character replaced by a random letter, another one where the first draw repeats it."""
        letters = letters_at(words, index, self.alphabet)

        def edit(units: Sequence[str], at: int) -> Iterable[str]:
            start = int(rng.random() * len(letters))
            return (_put(units, at, letters[(start + k) % len(letters)]) for k in range(2))

        return _random_slip(words[index], self._places, edit, rng)

    def _places(self, count: int, free: bool) -> range:
        return inner(count, self.keep_first and not free, self.keep_last and not free)


def _put(units: Sequence[str], at: int, letter: str) -> str:
    return _join(units, at, at + 1, in_case_of(letter, units[at]))


class CharacterRepeat(WordNoise):
    """One character is typed ``times`` times too often."""

    name = "character-repeat"
    languages = ("*",)
    preserves = FORM
    description = "One character of a word is typed again."
    citation = _PRUTHI

    def __init__(self, *, times: int = 1, keep_first: bool = True, keep_last: bool = False, one: bool = False) -> None:
        if times < 1:
            raise ValueError(f"times must be 1 or more repeats, got {times!r}")
        self.times, self.keep_first, self.keep_last, self.one = times, keep_first, keep_last, one

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word with each of its characters repeated."""
        return options_of(self.pick(words, index, rng)) if self.one else _slips(words[index], self._places, self._repeated)

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word with one random character repeated."""
        return _random_slip(words[index], self._places, self._repeated, rng)

    def _repeated(self, units: Sequence[str], at: int) -> tuple[str]:
        return (_join(units, at, at, units[at] * self.times),)

    def _places(self, count: int, free: bool) -> range:
        return inner(count, self.keep_first and not free, self.keep_last and not free)


class SpaceInsert(WordNoise):
    """A space inside a word. It counts as one changed word, though a splitter sees two."""

    name = "space-insert"
    languages = ("*",)
    preserves = FORM
    description = "A space cuts a word in two."
    citation = _TEXTBUGGER

    def __init__(self, *, one: bool = False) -> None:
        self.one = one

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word cut in two at each place."""
        return options_of(self.pick(words, index, rng)) if self.one else _slips(words[index], self._places, _cut)

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """The word cut in two at one random place."""
        return _random_slip(words[index], self._places, _cut, rng)

    def _places(self, count: int, free: bool) -> range:
        return range(1, count)


def _cut(units: Sequence[str], at: int) -> tuple[str]:
    return (_join(units, at, at, " "),)
