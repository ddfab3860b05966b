"""Simulated annealing over replaced words (Kirkpatrick et al. 1983): a worse text is kept now and then, ever less often."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from attacks.constraints.base import Constraint, admissible
from attacks.search import Attack, BudgetExhaustedError, Candidate, Search, Trial
from attacks.strategies.hard_label.stacks import Stack
from attacks.strategies.hard_label.taking_back import take_back
from attacks.strategies.hard_label.words import StackedWords
from attacks.strategies.offers import Offers
from attacks.transformations.base import WordSwap, shuffled

MOST_WORDS = 256
"""Words of one text that the search plays with; of more, a random choice."""
IDLE = 50
"""Steps in a row that ask nothing new, or nothing that constraints let through, before a text counts as searched through."""
Choice = Mapping[int, int]
"""Which replacement stands at which word; words that are not in it are as they were."""


@dataclass(frozen=True, slots=True)
class Annealing:
    """From a text to a random neighbour, kept if it is nearer to the goal, and else with probability exp(change / temperature).

    A neighbour has one more word replaced, or one of those replaced otherwise, or not at all. The temperature falls by the same
    factor with each query, from ``hot`` to ``cold`` at the end of the budget, or of ``steps`` where there is none. No query goes
    into a ranking of words. Changes that a success does not need are taken back.
    """

    swaps: tuple[WordSwap, ...]
    constraints: tuple[Constraint, ...] = ()
    steps: int = 500
    hot: float = 0.1
    cold: float = 0.001

    def __post_init__(self) -> None:
        if not self.swaps:
            raise ValueError("simulated annealing needs at least one transformation that swaps words, got none")
        if self.steps < 1 or not 0 < self.cold <= self.hot:
            raise ValueError(f"expected steps from 1 and 0 < cold <= hot, got {self.steps!r}, {self.cold!r} and {self.hot!r}")

    def search(self, trial: Trial) -> Search[None]:
        """Step after step, then take back."""
        offers = self.offers(trial)
        editable = offers.editable(offers.origin)
        indexes = offers.worth([editable[n] for n in sorted(shuffled(len(editable), trial.rng)[:MOST_WORDS])])
        steps, first = self.steps if trial.remaining is None else trial.remaining, trial.queries
        now: Choice = {}
        found: dict[str, Stack] = {}
        score, idle = trial.clean.score, 0
        while indexes and idle < IDLE and not trial.won:
            before = trial.queries
            if before - first >= steps:
                if trial.remaining == 0:
                    raise BudgetExhaustedError
                return
            new = _neighbour(trial, offers, now, indexes)
            candidate = _candidate(offers, tuple(new.items()))
            found[candidate.text] = tuple(new.items())
            kept = yield from admissible(self.constraints, trial, offers.origin, [candidate])
            verdicts = yield from trial.attempt(kept)
            idle = 0 if trial.queries > before else idle + 1
            temperature = self.hot * (self.cold / self.hot) ** ((trial.queries - first) / steps)
            if verdicts and trial.rng.random() < math.exp(min(0.0, (verdicts[0].score - score) / temperature)):
                now, score = new, verdicts[0].score
        if trial.won:
            yield from take_back(trial, found, lambda stack: _candidate(offers, stack), self.constraints)

    def offers(self, trial: Trial) -> Offers:
        """What the transformations offer for each word."""
        return Offers(trial, self.swaps, self.constraints)

    def without_scores(self) -> Attack:
        """The same changes where no score can be followed."""
        return StackedWords(self, self.constraints)


def _neighbour(trial: Trial, offers: Offers, choice: Choice, indexes: list[int]) -> Choice:
    """The choice with one more word replaced, or a replaced one otherwise or not at all."""
    index = trial.rng.choice(indexes)
    options = len(offers.at(index))
    others = {at: which for at, which in choice.items() if at != index}
    if index in choice and trial.rng.randrange(options + 1) == 0:
        return others
    return {**others, index: trial.rng.randrange(options)}


def _candidate(offers: Offers, stack: Stack) -> Candidate:
    """The text of a choice."""
    words, techniques = offers.origin, []
    for index, which in sorted(stack):
        technique, new = offers.at(index)[which]
        words = offers.replaced(words, index, new, technique)
        techniques.append(technique)
    return Candidate(str(words), "+".join(dict.fromkeys(techniques)), words)
