"""Every single change tried, then the best kept and every further one tried: greedy over all words at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from attacks.constraints.base import Constraint
from attacks.search import Search, Trial
from attacks.strategies.greedy import PREFERENCES
from attacks.strategies.offers import Offers
from attacks.strategies.ranking import InOrder, Ranking
from attacks.transformations.base import WordSwap


@dataclass(frozen=True, slots=True)
class Exhaustive:
    """Brute force over all replacements of all words, ``rounds`` times, each round from the best text so far.

    A round asks word by word and ends at the first word with a success, which spares the words behind it; ``prefer``
    chooses among several successes of that word. It ends early when a round brings nothing closer.
    """

    swaps: tuple[WordSwap, ...]
    constraints: tuple[Constraint, ...] = ()
    rounds: int = 1
    ranking: Ranking = field(default_factory=InOrder)
    prefer: str = "score"

    def __post_init__(self) -> None:
        if not self.swaps:
            raise ValueError("an exhaustive search needs at least one transformation that swaps words, got none")
        if self.rounds < 1:
            raise ValueError(f"rounds must be at least 1, got {self.rounds}")
        if self.prefer not in PREFERENCES:
            raise ValueError(f"prefer must be one of {PREFERENCES}, got {self.prefer!r}")

    def search(self, trial: Trial) -> Search[None]:
        """Repeat rounds until one succeeds or none helps."""
        offers = Offers(trial, self.swaps, self.constraints)
        for _ in range(self.rounds):
            before = trial.standing.score
            yield from self._round(trial, offers)
            if trial.won or trial.standing.score <= before:
                return

    def _round(self, trial: Trial, offers: Offers) -> Search[None]:
        words = trial.best_words(offers.origin)
        order = yield from self.ranking.order(trial, offers, offers.editable(words))
        for index in order:
            yield from offers.attempt(words, index, self.prefer)
            if trial.won:
                return
