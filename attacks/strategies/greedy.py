"""Greedy replacement word by word, in the order of a ranking."""

from __future__ import annotations

from dataclasses import dataclass

from attacks.constraints.base import Constraint
from attacks.search import Attack, Search, Trial
from attacks.strategies.hard_label.words import StackedWords
from attacks.strategies.offers import Offers
from attacks.strategies.ranking import Ranking
from attacks.transformations.base import WordSwap

PREFERENCES = ("score", "similarity", "first")


@dataclass(frozen=True, slots=True)
class Greedy:
    """Change one word at a time, each to the replacement that comes closest to the goal, if it comes closer at all.

    Every admissible replacement of the word is looked at for success, not the top-scored one alone: with more than two
    classes they can differ. ``prefer`` chooses among several that succeed (``Trial.attempt``); ``first`` and ``similarity``
    ask in portions and spare what cannot matter any more (``Offers.attempt``). No word is changed twice.
    """

    swaps: tuple[WordSwap, ...]
    ranking: Ranking
    constraints: tuple[Constraint, ...] = ()
    prefer: str = "score"

    def __post_init__(self) -> None:
        if not self.swaps:
            raise ValueError("a greedy search needs at least one transformation that swaps words, got none")
        if self.prefer not in PREFERENCES:
            raise ValueError(f"prefer must be one of {PREFERENCES}, got {self.prefer!r}")

    def search(self, trial: Trial) -> Search[None]:
        """Rank the words, then walk down the ranking from the best text so far."""
        yield from walk(trial, self.offers(trial), self.ranking, self.prefer)

    def offers(self, trial: Trial) -> Offers:
        """What the transformations offer for each word."""
        return Offers(trial, self.swaps, self.constraints)

    def without_scores(self) -> Attack:
        """The same changes where no score can be followed."""
        return StackedWords(self, self.constraints)


def walk(trial: Trial, offers: Offers, ranking: Ranking, prefer: str) -> Search[None]:
    """Change word after word in the order of the ranking, each to the best of what is offered for it."""
    order = yield from ranking.order(trial, offers, offers.editable(offers.origin))
    words = trial.best_words(offers.origin)
    for index in order:
        if trial.won:
            return
        if words[index] != offers.origin[index]:
            continue
        yield from offers.attempt(words, index, prefer)
        words = trial.best_words(words)
