"""Word error rate: how much of what was written or said came out as other words.

The least number of words inserted, left out or exchanged, over the number of words that went in (Levenshtein over words, as in
the evaluation of speech recognition). Over several texts errors and words are added up first, so that long texts count for more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """``errors`` in ``words`` words that went in; two of them can be added."""

    errors: int = 0
    words: int = 0

    @property
    def rate(self) -> float | None:
        """Errors per word, above 1 where much was inserted; None without a word."""
        return self.errors / self.words if self.words else None

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(self.errors + other.errors, self.words + other.words)


def compared_words(text: str) -> list[str]:
    """The words that are compared: in lower case and without punctuation, which speech does not have."""
    return _WORD.findall(text.replace("’", "'").casefold())


def word_errors(before: str, after: str) -> WordErrors:
    """The errors of one text: ``before`` went in, ``after`` came out."""
    from rapidfuzz.distance import Levenshtein

    went_in = compared_words(before)
    return WordErrors(Levenshtein.distance(went_in, compared_words(after)), len(went_in))


def pooled(pairs: Iterable[tuple[str, str]]) -> WordErrors:
    """The errors of (before, after) texts together."""
    return sum((word_errors(before, after) for before, after in pairs), WordErrors())
