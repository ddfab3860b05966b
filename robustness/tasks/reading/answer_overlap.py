"""How much of a gold answer a text holds: the words of both as SQuAD compares them, whatever characters they are drawn with.

Rajpurkar et al. 2016 (SQuAD, section 6.1) compare without letter case, punctuation and articles. An attack puts lookalikes and
unseen characters into a passage, and a reader that copies its answer from there is right all the same, for a person sees the
gold answer: so both sides also lose what is drawn as nothing, and read lookalikes as the Latin letters that they stand for.
Accents count: *ano* is not *año*.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from unicodedata import normalize

import regex

from attacks.language.segmentation import UNSPACED, graphemes
from attacks.transformations.tables import table

Tokens = tuple[str, ...]

_UNSEEN = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_BACKSPACED = regex.compile(r"[^\x08]\x08|\x08")
_PUNCTUATION = regex.compile(rf"[\p{{P}}{regex.escape(string.punctuation)}]+")
_LATIN = regex.compile(r"\p{Latin}")
_ARTICLES = frozenset({"a", "an", "the"})


@lru_cache(4096)
def tokens(text: str) -> Tokens:
    """The words that count. A text of nothing but articles and punctuation keeps them, so that "The The" can be an answer.

    Scripts that set no spaces between words come in user-perceived characters.
    """
    plain = normalize("NFKC", _UNSEEN.sub("", _BACKSPACED.sub("", text)))
    bare = [_folded(word) for word in _PUNCTUATION.sub("", plain).split()]
    found = [word for word in bare if word not in _ARTICLES] or bare or [_folded(word) for word in plain.split()]
    return tuple(one for word in found for one in (graphemes(word) if UNSPACED.search(word) else (word,)))


def _folded(word: str) -> str:
    """A word in lower case, its lookalikes in Latin letters where it has Latin letters too or is made of lookalikes alone.

    Never those of an honest word of another script: half of the letters of Russian have a Latin lookalike.
    """
    small, stands_for = word.casefold(), _lookalikes()
    if small.isascii() or not (_LATIN.search(word) or all(letter in stands_for for letter in small)):
        return small
    return "".join(stands_for.get(letter, letter) for letter in word).casefold()


@cache
def _lookalikes() -> dict[str, str]:
    return {alike: letter for letter, drawn in table("homoglyphs").items() if letter.isascii() for alike in drawn}


def f1(answer: Tokens, gold: Tokens) -> float:
    """The harmonic mean of precision and recall over the words of both, 0 to 1."""
    shared = sum((Counter(answer) & Counter(gold)).values())
    return 2.0 * shared / (len(answer) + len(gold)) if shared else 0.0


def holds(text: Sequence[str], gold: Sequence[str]) -> bool:
    """Whether the words of a gold answer stand in a row in those of a text; 5 does not stand in 1985."""
    size = len(gold)
    return size > 0 and any(tuple(text[at : at + size]) == tuple(gold) for at in range(len(text) - size + 1))


def numbers(words: Tokens) -> frozenset[str]:
    """The words with a digit in them."""
    return frozenset(word for word in words if any(map(str.isdigit, word)))
