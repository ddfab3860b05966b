"""Punctuation lost, doubled, or where none belongs."""

from __future__ import annotations

import re
from random import Random

from attacks.search import Candidate, Citation
from attacks.transformations.base import Replacement, share_of, shuffled, spliced

_END = re.compile(r"(?<=\w)[.,;:!?]*(?=\s|$)")
_STRAY = (",", ".", "...")


class PunctuationNoise:
    """After a word, marks are lost or doubled where some stand, and a stray one is set where none does.

    Marks inside numbers, addresses and abbreviations stay.
    """

    name = "punctuation-noise"
    level = "character"
    languages = ("*",)
    description = "Punctuation after words is lost, doubled, or set where none was."
    citation = Citation(
        "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList",
        "https://arxiv.org/abs/2005.04118",
    )

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Change what stands after a share of the words."""
        ends = [match.span() for match in _END.finditer(text)]
        chosen = shuffled(len(ends), rng)[: share_of(len(ends), severity)]
        changes = [_changed(text, *ends[which], rng) for which in chosen]
        return Candidate(spliced(text, sorted(changes)), self.name, severity=severity) if changes else None


def _changed(text: str, start: int, end: int, rng: Random) -> Replacement:
    marks = text[start:end]
    return start, end, rng.choice(("", marks + marks[-1]) if marks else _STRAY)
