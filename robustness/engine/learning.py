"""What a run learns from its own trials, in blocks of examples, so that it depends on their order and on nothing else.

The trials of a block are given what those of all earlier blocks wrote down. A block begins when every trial of the one before has
ended; what is learned is therefore the same for any batch size, number in flight, number of workers, and after a kill, where
it is read again from the outcomes that are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from attacks.search.priors import Priors
from attacks.strategies.learning.stacking import DETAIL
from attacks.strategies.learning.start_priors import START

if TYPE_CHECKING:
    from reports.run import Outcome
    from robustness.data import Example

BLOCKS = (8, 16, 32, 64, 128, 256, 512, 1024)
"""Examples in each block; all that come after them are one more, whose trials learn from these and not from one another."""
ENDS = tuple(accumulate(BLOCKS))
LEARNED_FROM = ENDS[-1]
"""Examples that a run learns from."""
Stored = Callable[[], Iterable["Outcome"]]
"""Reads the outcomes that a run holds already."""


def blocks(examples: Sequence[Example], before: int = 0) -> Iterator[Sequence[Example]]:
    """Examples cut at the ends of blocks, in their order; ``before``: how many the run had before these."""
    cuts = [end - before for end in ENDS if 0 < end - before < len(examples)]
    for start, end in zip([0, *cuts], [*cuts, len(examples)], strict=True):
        if start < end:
            yield examples[start:end]


def evidence_of(outcome: Outcome) -> list[list[Any]]:
    """What a trial wrote down of its changes; nothing where it learned nothing."""
    found = outcome.details.get(DETAIL)
    return list(found) if isinstance(found, list) else []


class Learning:
    """The priors of a run, block after block."""

    def __init__(self, recipes: Sequence[str]) -> None:
        self.priors = Priors(START)
        self._recipes = tuple(recipes)
        self._seen = 0
        self._order: list[str] = []
        self._evidence: dict[tuple[str, str], list[list[Any]]] = {}

    def blocks(self, examples: Sequence[Example]) -> Iterator[Sequence[Example]]:
        """The parts that these examples fall into; before each, what the blocks before it wrote down has been learned."""
        for part in blocks(examples, self._seen):
            if self._seen < LEARNED_FROM:
                self._order += [example.id for example in part]
            yield part
            self._seen += len(part)
            if self._seen in ENDS:
                self._learn()

    def heard(self, outcome: Outcome) -> None:
        """Take in how a trial ended, in whatever order trials end."""
        if self._seen < LEARNED_FROM and (evidence := evidence_of(outcome)):
            self._evidence[outcome.example_id, outcome.recipe] = evidence

    def restore(self, outcomes: Iterable[Outcome], examples: Sequence[Example]) -> None:
        """Take in the outcomes that are stored, of the examples that a run learns from."""
        wanted = {example.id for example in examples[: max(0, LEARNED_FROM - self._seen)]}
        for outcome in outcomes:
            if outcome.example_id in wanted:
                self.heard(outcome)

    def _learn(self) -> None:
        """Pool a block in the order of its examples and recipes: sums of rounded numbers depend on their order."""
        pairs = [(example, recipe) for example in self._order for recipe in self._recipes]
        self.priors = self.priors.and_of(self._evidence.pop(pair, []) for pair in pairs)
        self._order.clear()
