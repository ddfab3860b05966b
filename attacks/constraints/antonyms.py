"""A replacement must not reverse the meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from attacks.constraints.base import Constraint, replaced
from attacks.language.morphology import lemmas
from attacks.language.resources import Lexicon
from attacks.search import Candidate
from attacks.words import Words


@dataclass(frozen=True)
class NotAntonym(Constraint):
    """No word is replaced by an antonym of any of its senses."""

    name: ClassVar[str] = "not-antonym"
    lexicon: Lexicon

    def describe(self) -> str:
        """The rule in plain words."""
        return f"no word is replaced by its antonym ({self.lexicon.name})"

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether no replacement is an antonym of the word it replaces."""
        return all(self.compatible(before, after) for before, after in replaced(original, candidate))

    def compatible(self, before: str, after: str) -> bool:
        """Whether ``after`` is not an antonym of ``before``."""
        return lemmas(after).isdisjoint(self.lexicon.antonyms(before))
