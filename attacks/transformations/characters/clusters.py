"""Words as user-perceived characters, so that no accent or joiner is torn from its letter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import regex

from attacks.language.morphology import like_case
from attacks.language.segmentation import UNSPACED
from attacks.words import Words

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@cache
def _cluster() -> regex.Pattern[str]:
    return regex.compile(r"\X")


def clusters(word: str) -> Sequence[str]:
    """The word's user-perceived characters (UAX #29 grapheme clusters); joined they give it back."""
    return word if word.isascii() else _cluster().findall(word)


def letters_for(word: str, alphabet: str) -> Sequence[str]:
    """What to insert into a word: the alphabet, or the word's own letters where it has none of the alphabet's."""
    lowered = word.lower()
    if not lowered.isascii() and not any(letter in lowered for letter in alphabet):
        return list(dict.fromkeys(clusters(word)))
    return alphabet.upper() if word.isupper() and len(word) > 1 else alphabet


def letters_at(words: Words, index: int, alphabet: str) -> Sequence[str]:
    """``letters_for`` a word of a text; one of a single character in a script without spaces lends letters of its neighbours."""
    word = words[index]
    if word.isascii() or not UNSPACED.match(word) or len(clusters(word)) > 1:
        return letters_for(word, alphabet)
    near = "".join(words[i] for i in range(max(0, index - 2), min(len(words), index + 3)))
    return [unit for unit in dict.fromkeys(clusters(near)) if UNSPACED.match(unit)]


def in_case_of(letter: str, like: str) -> str:
    """The letter as a capital where it replaces a capital."""
    return like_case(letter, like)


def check_alphabet(alphabet: str) -> str:
    """The alphabet itself, if it can serve."""
    if not isinstance(alphabet, str) or len(alphabet) < 2:
        raise ValueError(f"alphabet must be a string of at least two letters, got {alphabet!r}")
    return alphabet


def boundaries(text: str) -> Sequence[int]:
    """Where something can be put without tearing a character apart: before each one and at the end."""
    if text.isascii():
        return range(len(text) + 1)
    places = [0]
    for cluster in clusters(text):
        places.append(places[-1] + len(cluster))
    return places
