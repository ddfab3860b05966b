"""Short words carry too little to be changed without being noticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from attacks.constraints.base import Constraint, replaced
from attacks.language.segmentation import UNSPACED
from attacks.search import Candidate
from attacks.words import Words


@dataclass(frozen=True)
class MinWordLength(Constraint):
    """Words of fewer than ``n`` letters stay as they are; scripts without spaces, whose words are short, are exempt."""

    name: ClassVar[str] = "min-word-length"
    n: int = 4

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"the least word length must be a positive number of characters, got {self.n!r}")

    def describe(self) -> str:
        """The rule in plain words."""
        return f"words of fewer than {self.n} characters are not touched"

    def allows_word(self, words: Words, index: int) -> bool:
        """Whether the original word is long enough."""
        return self._long(words.original_word(index))

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether every replaced word was long enough."""
        return all(self._long(before) for before, _ in replaced(original, candidate))

    def _long(self, word: str) -> bool:
        return len(word) >= self.n or UNSPACED.match(word) is not None
