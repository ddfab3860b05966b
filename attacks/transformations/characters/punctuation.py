"""Punctuation lost, doubled, or where none belongs."""

from __future__ import annotations

import re
from random import Random

from attacks.preserves import FORM
from attacks.search import Candidate, Citation
from attacks.transformations.base import share_of, shuffled
from attacks.words import Words

_MARKS = re.compile(r"[.,;:!?]*(?=\s)")
_LAST_MARKS = re.compile(r"[.,;:!?]*(?=\s|\Z)")
_STRAY = (",", ".", "...")


class PunctuationNoise:
    """After a word, marks are lost or doubled where some stand, and a stray one is set where none does.

    Marks inside numbers, addresses and abbreviations stay.
    """

    name = "punctuation-noise"
    level = "character"
    languages = ("*",)
    preserves = FORM
    description = "Punctuation after words is lost, doubled, or set where none was."
    citation = Citation(
        "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList",
        "https://arxiv.org/abs/2005.04118",
    )

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Change what stands after a share of the words."""
        words = Words(text)
        ends = {index: end for index in range(1, len(words) + 1) if (end := _marks(words, index)) is not None}
        places = list(ends)
        chosen = [places[which] for which in shuffled(len(places), rng)[: share_of(len(places), severity)]]
        if not chosen:
            return None
        changes = {index: _changed(words.gap(index), ends[index], rng) for index in chosen}
        new = words.replace_gaps(changes, self.name)
        return Candidate(str(new), self.name, new, severity=severity)


def _marks(words: Words, index: int) -> int | None:
    """How many marks stand at the beginning of a gap, if whitespace or the text's end follows them."""
    match = (_LAST_MARKS if index == len(words) else _MARKS).match(words.gap(index))
    return None if match is None else match.end()


def _changed(gap: str, end: int, rng: Random) -> str:
    marks = gap[:end]
    return rng.choice(("", marks + marks[-1]) if marks else _STRAY) + gap[end:]
