"""No word is changed twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from attacks.constraints.base import Constraint
from attacks.words import Words


@dataclass(frozen=True)
class NoRepeat(Constraint):
    """A word changed once is not changed again."""

    name: ClassVar[str] = "no-repeat"

    def describe(self) -> str:
        """The rule in plain words."""
        return "a word changed once is not changed again"

    def allows_word(self, words: Words, index: int) -> bool:
        """Whether the word still reads as in the original."""
        return words[index] == words.original_word(index)
