"""Resources that word-level attacks draw on: synonyms, antonyms, neighbours in an embedding.

Loaded by the caller, or from package data where the caller gives none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Lexicon(Protocol):
    """Synonyms and antonyms of words."""

    name: str

    def synonyms(self, word: str) -> Sequence[str]:
        """Synonyms over all senses, in the form of ``word`` (number, tense, degree, case), most frequent sense first."""

    def antonyms(self, word: str) -> frozenset[str]:
        """Antonyms of any sense, as lemmas."""


class Neighbours(Protocol):
    """Nearest words in a vector space."""

    name: str

    def nearest(self, word: str, n: int) -> Sequence[tuple[str, float]]:
        """Up to ``n`` (word, cosine), nearest first, without the word itself; empty for an unknown word."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What the user chose; ``None`` means the shipped default.

    ``named`` holds what ``--resource NAME=VALUE`` said, for recipes that bring resources of their own.
    """

    lexicon: Lexicon | None = None
    neighbours: Neighbours | None = None
    named: Mapping[str, object] = field(default_factory=dict)
