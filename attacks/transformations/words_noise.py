"""Words lost and words out of order."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from attacks.preserves import SUBJECT
from attacks.search import Candidate, Citation
from attacks.transformations.base import share_of, shuffled
from attacks.words import words_of

_EDA = Citation(
    "Wei and Zou 2019, EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks",
    "https://arxiv.org/abs/1901.11196",
)
NEGATIONS = frozenset({"no", "not", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without", "cannot"})
"""Words whose loss turns a sentence into its opposite."""


class WordDrop:
    """Words are left out, never all of them.

    Args:
        keep: words, in small letters, that stay; contracted negations (``don't``) stay where ``not`` does.
    """

    name = "word-drop"
    level = "word"
    languages = ("*",)
    preserves = SUBJECT
    description = "Words are left out; negations stay."
    citation = _EDA

    def __init__(self, keep: Iterable[str] = NEGATIONS) -> None:
        self.keep = frozenset(keep)

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Drop a share of the words."""
        words = words_of(text)
        wanted = min(share_of(len(words), severity), len(words) - 1)
        droppable = [index for index in shuffled(len(words), rng) if not self._stays(words[index])]
        if wanted < 1 or not droppable:
            return None
        new = words.delete_many(droppable[:wanted], self.name)
        return Candidate(str(new), self.name, new, severity=severity)

    def _stays(self, word: str) -> bool:
        lowered = word.lower()
        return lowered in self.keep or ("not" in self.keep and lowered.replace("’", "'").endswith("n't"))


class WordOrder:
    """Neighbouring words change places."""

    name = "word-order"
    level = "word"
    languages = ("*",)
    preserves = SUBJECT
    description = "Neighbouring words change places."
    citation = _EDA

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Swap neighbours until a share of the words, at least two, stands elsewhere."""
        words = words_of(text)
        wanted = (share_of(len(words), severity) + 1) // 2
        changes: dict[int, str] = {}
        for index in shuffled(len(words) - 1, rng):
            if len(changes) >= 2 * wanted:
                break
            if index not in changes and index + 1 not in changes and words[index] != words[index + 1]:
                changes[index], changes[index + 1] = words[index + 1], words[index]
        if not changes:
            return None
        new = words.replace_many(changes, self.name)
        return Candidate(str(new), self.name, new, severity=severity)
