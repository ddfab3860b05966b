"""Doubts about the victim and the attacks as a whole, read from the outcomes: does the evaluation mean what it seems to?

A victim that always says the same, repeats what it is asked or refuses everything, ties, swapped labels, data of one label, and a
blind attack that beats a guided one (the check of AutoAttack: Croce and Hein 2020, and its follow-up on evaluations that cannot
be trusted).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from reports.run import Judged, Outcome
from robustness.planning.self_checks import CODES, Flag
from robustness.tasks.reading.check_answers import AnswerOddities

GUIDED = ("labels", "scores", "gradients")
SOME_TIES = 0.05
ALPHA = 0.05
FEWEST = 10
MOST = 0.5
SHORT = 3
"""A text of fewer words can stand in an honest answer; it is repeated only by an answer that is nothing else."""
_WORD = re.compile(r"\w+")


class Doubts:
    """Reads outcomes one by one, keeps counts only, and ends in flags."""

    def __init__(self, labels: tuple[str, ...], access: Mapping[str, str], *, cascade: bool) -> None:
        self._labels, self._access, self._cascade = labels, access, cascade
        self._confusion: Counter[tuple[str, str]] = Counter()
        self._answers: set[tuple[str, tuple[float, ...] | None]] = set()
        self._seen: set[str] = set()
        self._fates: dict[str, int] = {}
        self._places: dict[str, int] = {}
        self._asked = 0
        self._told: dict[str, tuple[bool, bool]] = {}
        self._written: set[str] = set()
        self._rewritten: set[str] = set()
        self._attacked: set[str] = set()

    def read(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if outcome.clean is not None and outcome.example_id not in self._seen:
            self._seen.add(outcome.example_id)
            self._confusion[outcome.reference, outcome.clean.shown] += 1
            self._note(outcome.clean)
            if not self._labels and _is_text(outcome.clean):
                self._told[outcome.example_id] = repeats(outcome.clean.shown, outcome.texts), outcome.clean.kind == "refused"
                self._written |= {outcome.clean.shown} if len(self._written) < 2 else set()
        if outcome.best is not None:
            self._note(outcome.best)
            if not self._labels and _is_text(outcome.best) and len(self._rewritten) < 2:
                self._attacked.add(outcome.example_id)
                self._rewritten.add(outcome.best.shown)
        if not self._cascade and outcome.status in ("succeeded", "failed", "exhausted"):
            self._note_fate(outcome)

    def _note_fate(self, outcome: Outcome) -> None:
        """Two bits for each recipe: it attacked the example, it broke it. A number takes less than a mapping, a million times."""
        place = self._places.setdefault(outcome.recipe, len(self._places))
        fate = 1 | 2 * (outcome.status == "succeeded")
        self._fates[outcome.example_id] = self._fates.get(outcome.example_id, 0) | fate << 2 * place

    def _note(self, answer: Judged) -> None:
        self._asked += 1
        if len(self._answers) < 2:
            self._answers.add((answer.shown, answer.scores))

    def flags(self, oddities: AnswerOddities) -> list[Flag]:
        """Every doubt that the outcomes and the rows of scores raise."""
        written = (*self._echo(), *self._refusing())
        return [*self._constant(), *written, *self._ties(oddities), *self._one_label(), *self._swapped(), *self._blind()]

    def _echo(self) -> Iterator[Flag]:
        """Most answers are their texts over again, or hold all of them."""
        n, copies = len(self._told), sum(copied for copied, _ in self._told.values())
        if n > 1 and copies > MOST * n:
            yield Flag("echo", "warning", f"{CODES['echo']}: {copies} of {n} clean answers", copies / n)

    def _refusing(self) -> Iterator[Flag]:
        """Most clean answers are refusals, whatever the goal: data on which a victim should refuse need some to comply with."""
        n, refused = len(self._told), sum(refusal for _, refusal in self._told.values())
        if n > 1 and refused > MOST * n:
            yield Flag("refusing", "warning", f"{CODES['refusing']}: {refused} of {n} clean answers", refused / n)

    def _constant(self) -> Iterator[Flag]:
        """One row of scores for every text, or one answer whatever is right."""
        answered = {label for _, label in self._confusion}
        one_row = self._asked > 1 and len(self._answers) == 1 and all(scores is not None for _, scores in self._answers)
        same_text = not self._labels and len(self._seen) > 1 and len(self._answers) == 1  # whatever the task: it read nothing
        one_label = len(answered) == 1 and len(self._golds) > 1 and len(self._seen) >= FEWEST
        if one_row or one_label or same_text:
            yield Flag("constant", "warning", f"{CODES['constant']}: {min(answered)!r} on all {len(self._seen)} examples")
        elif len(self._written) > 1 and len(self._attacked) >= FEWEST and len(self._rewritten) == 1:
            said = f"{min(self._rewritten)!r} to the changed texts of all {len(self._attacked)} examples, not to clean ones"
            yield Flag("constant", "warning", f"{CODES['constant']}: {said}")

    @property
    def _golds(self) -> set[str]:
        return {gold for gold, _ in self._confusion}

    def _ties(self, oddities: AnswerOddities) -> Iterator[Flag]:
        share = oddities.ties / oddities.rows if oddities.rows else 0.0
        if share > SOME_TIES:
            yield Flag("ties", "warning", f"{CODES['ties']}: {oddities.ties} of {oddities.rows} rows", share)

    def _one_label(self) -> Iterator[Flag]:
        if len(self._golds) == 1 and len(self._labels) > 1 and len(self._seen) > 1:
            yield Flag("one-label", "warning", f"{CODES['one-label']}: {next(iter(self._golds))!r}")

    def _swapped(self) -> Iterator[Flag]:
        """Whether one renaming of the labels would lift accuracy from below chance to well above it."""
        n, k = self._confusion.total(), len(self._labels)
        right = sum(count for (gold, answer), count in self._confusion.items() if gold == answer)
        if n < FEWEST or k < 2 or right / n >= 1 / k:
            return
        import numpy as np
        from scipy.optimize import linear_sum_assignment
        from scipy.stats import binomtest

        if binomtest(right, n, 1 / k, alternative="less").pvalue > ALPHA:
            return
        counts = np.array([[self._confusion[gold, answer] for answer in self._labels] for gold in self._labels])
        golds, answers = linear_sum_assignment(counts, maximize=True)
        best = int(counts[golds, answers].sum())
        if binomtest(best, n, 1 / k, alternative="greater").pvalue > ALPHA:
            return
        pairs = zip(golds, answers, strict=True)
        moved = ", ".join(f"{self._labels[g]!r} answered as {self._labels[a]!r}" for g, a in pairs if g != a and counts[g, a])
        said = f"{CODES['swapped-labels']}: {right / n:.1%} right, {best / n:.1%} if {moved}"
        yield Flag("swapped-labels", "warning", said, right / n)

    def _blind(self) -> Iterator[Flag]:
        """A blind recipe against each guided one on the examples that both attacked, by the exact sign test."""
        from scipy.stats import binomtest

        blind = sorted(name for name in self._places if self._access.get(name) == "blind")
        for guided in sorted(name for name in self._places if self._access.get(name) in GUIDED):
            for other in blind:
                one, two = self._fates_under(guided), self._fates_under(other)
                pairs = Counter((a > 1, b > 1) for a, b in zip(one, two, strict=True) if a and b)
                only_guided, only_blind = pairs[True, False], pairs[False, True]
                if only_blind > only_guided and binomtest(only_blind, only_blind + only_guided).pvalue <= ALPHA:
                    said = f"{CODES['blind-beats-guided']}: {other} alone broke {only_blind}, {guided} alone {only_guided}"
                    yield Flag("blind-beats-guided", "warning", said, float(only_blind - only_guided))

    def _fates_under(self, recipe: str) -> Iterator[int]:
        """Of each example under a recipe: 0 where it was not attacked, 1 where it held, 3 where it broke."""
        shift = 2 * self._places[recipe]
        return (fates >> shift & 3 for fates in self._fates.values())


def _is_text(answer: Judged) -> bool:
    """Whether what is shown is what the victim wrote, not a line made of labels, spans or numbers."""
    return answer.answer is None and answer.scores is None and not answer.spans


def repeats(answer: str, texts: Mapping[str, str]) -> bool:
    """Whether an answer holds the longest of the texts that were asked, whatever case, blanks and punctuation."""
    said, asked = (" ".join(_WORD.findall(text.casefold())) for text in (answer, max(texts.values(), key=len, default="")))
    if asked.count(" ") < SHORT - 1:
        return said == asked != ""
    return f" {asked} " in f" {said} "
