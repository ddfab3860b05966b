"""A replacement can play the part that the word played."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from attacks.constraints.base import Constraint, replaced
from attacks.constraints.stopwords import is_stop_word
from attacks.language.morphology import word_classes
from attacks.search import Candidate
from attacks.words import Words

_VERB_NOUN = frozenset({"VERB", "NOUN"})


@lru_cache(1 << 16)
def _classes(word: str) -> frozenset[str]:
    return word_classes(word) | {"FUNCTION"} if is_stop_word(word) else word_classes(word)


@dataclass(frozen=True)
class PartOfSpeech(Constraint):
    """A replacement shares a universal word class with the word, by the dictionary, context aside.

    Forms that the dictionary does not know (typos, names) are left to other rules. ``verb_noun_swap`` lets a verb
    stand for a noun and the reverse, as in Jin et al. 2020 (TextFooler), section 3.2.
    """

    name: ClassVar[str] = "part-of-speech"
    verb_noun_swap: bool = False

    def describe(self) -> str:
        """The rule in plain words."""
        extra = ", verbs and nouns interchangeable" if self.verb_noun_swap else ""
        return f"a replacement has a part of speech in common with the word it replaces{extra}"

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether every replaced word has a class in common with its replacement."""
        return all(self.compatible(before, after) for before, after in replaced(original, candidate))

    def compatible(self, before: str, after: str) -> bool:
        """Whether the two words share a class, or either is unknown to the dictionary."""
        old, new = _classes(before), _classes(after)
        if not old or not new or not old.isdisjoint(new):
            return True
        return self.verb_noun_swap and not (old.isdisjoint(_VERB_NOUN) or new.isdisjoint(_VERB_NOUN))
