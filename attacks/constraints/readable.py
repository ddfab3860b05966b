"""A payload that nobody can read any more has not got past anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from attacks.constraints.base import Constraint
from attacks.language.skeleton import readable
from attacks.search import Candidate
from attacks.words import Words


@dataclass(frozen=True)
class Readable(Constraint):
    """Normalising or decoding the candidate brings every letter and digit of the original back, in order."""

    name: ClassVar[str] = "readable"

    def describe(self) -> str:
        """The rule in plain words."""
        return (
            "NFKC, lookalikes, unseen characters, marks, separators and case undone, or up to two encodings decoded, "
            "the text is the original's letter by letter"
        )

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether the original can be read in it."""
        return candidate.text == original.original or readable(original.original, candidate.text)
