"""What a constraint is: three questions that a search asks about a candidate, each answered with yes unless overridden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rapidfuzz.distance import Levenshtein

from attacks.language.articles import ARTICLES
from attacks.search import Candidate, Search, Trial
from attacks.words import Words


class Constraint:
    """A rule that candidates must keep. Subclasses are frozen dataclasses, so that ``repr`` shows their parameters.

    ``needs`` names the oracles beyond the victim that ``filter`` asks (``encoder``). ``for_levels``: the levels of recipes that
    a profile adds it to.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    for_levels: ClassVar[tuple[str, ...]] = ("character", "word", "sentence", "mixed")

    def describe(self) -> str:
        """The rule in plain words, parameters included."""
        raise NotImplementedError

    def allows_word(self, words: Words, index: int) -> bool:
        """Whether the word at ``index`` may be touched at all, given the edits made so far."""
        return True

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether the candidate keeps the rule; pure, asks nobody."""
        return True

    def filter(self, trial: Trial, candidates: list[Candidate]) -> Search[list[Candidate]]:
        """The candidates that keep the rule, in order; may ask oracles."""
        yield from ()
        return candidates


def word_allowed(constraints: Sequence[Constraint], words: Words, index: int) -> bool:
    """Whether every constraint lets the word at ``index`` be touched."""
    return all(c.allows_word(words, index) for c in constraints)


def admissible(
    constraints: Sequence[Constraint], trial: Trial, original_words: Words, candidates: Sequence[Candidate]
) -> Search[list[Candidate]]:
    """The candidates that every constraint lets through, no-ops dropped; the trial's tally says what became of the rest.

    Pure rules run first, over all of them, so that no oracle is asked about a text that another rule forbids.
    """
    tally = trial.tally
    tally.proposed += len(candidates)
    changed = [c for c in candidates if c.text != trial.text]
    tally.no_ops += len(candidates) - len(changed)
    kept = [c for c in changed if all(rule.allows(original_words, c) for rule in constraints)]
    for rule in constraints:
        if kept:
            kept = yield from rule.filter(trial, kept)
    tally.rejected += len(changed) - len(kept)
    trial.idle(len(candidates) - len(kept))
    return kept


def replaced(original: Words, candidate: Candidate) -> Sequence[tuple[str, str]]:
    """(before, after) of each replaced word: by index where the candidate keeps the word view, by alignment otherwise."""
    if candidate.words is not None:
        return candidate.words.replaced
    new = Words(candidate.text)
    before = [original.original_word(i) for i in range(len(original))]
    after = [new[i] for i in range(len(new))]
    pairs = [(before[op.src_pos], after[op.dest_pos]) for op in Levenshtein.editops(before, after) if op.tag == "replace"]
    return [(old, new) for old, new in pairs if not (old in ARTICLES and new in ARTICLES)]
