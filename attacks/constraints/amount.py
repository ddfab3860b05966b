"""How much of a text may change: share of its words, number of character edits."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import ClassVar

from rapidfuzz.distance import Levenshtein

from attacks.constraints.base import Constraint, replaced
from attacks.search import Candidate
from attacks.word_counts import words_changed
from attacks.words import Words


@dataclass(frozen=True)
class MaxWordsChanged(Constraint):
    """At most a share of the words differ from the original; ``at_least`` many always may, or short texts would be immune."""

    name: ClassVar[str] = "max-words-changed"
    share: float = 0.2
    at_least: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"the share of words changed must lie above 0 and not above 1, got {self.share!r}")
        if self.at_least < 0:
            raise ValueError(f"at_least must not be negative, got {self.at_least!r}")

    def describe(self) -> str:
        """The rule in plain words."""
        always = f" ({self.at_least} in any text)" if self.at_least else ""
        return f"at most {self.share:.0%} of the words differ from the original{always}"

    def limit(self, count: int) -> int:
        """How many of ``count`` words may change."""
        return max(self.at_least, floor(self.share * count + 1e-9))

    def allows_word(self, words: Words, index: int) -> bool:
        """Whether one more change, at this word, is within the share."""
        changed = words.changed
        return index in changed or len(changed) < self.limit(len(words))

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether the words changed are within the share; replaced, added and removed words count alike."""
        if candidate.words is not None:
            return len(candidate.words.replaced) <= self.limit(len(original))
        count = words_changed(original.original, candidate.text)
        return count.changed + count.inserted <= self.limit(len(original))


@dataclass(frozen=True)
class MaxEditDistance(Constraint):
    """At most ``n`` characters are inserted, deleted or substituted (Levenshtein), in the whole text or in each replaced word."""

    name: ClassVar[str] = "max-edit-distance"
    n: int = 30
    per: str = "text"

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"the edit distance must be a positive number of characters, got {self.n!r}")
        if self.per not in ("text", "word"):
            raise ValueError(f"per must be 'text' or 'word', got {self.per!r}")

    def describe(self) -> str:
        """The rule in plain words."""
        return f"at most {self.n} character edits per {self.per}"

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether the distance is within the limit."""
        if self.per == "text":
            return self._near(original.original, candidate.text)
        return all(self._near(before, after) for before, after in replaced(original, candidate))

    def _near(self, before: str, after: str) -> bool:
        return Levenshtein.distance(before, after, score_cutoff=self.n) <= self.n
