"""Which trials wait, which are out with which worker, and what happens to those of a worker that is lost.

A unit is an example with what is left of its recipes: they run one after another on one worker, because a cascade stops at the
first that breaks the example, and because they share its clean answer. What a unit went through is known recipe by recipe, from
the outcomes that came back, so that a lost worker costs no more than the trials it had under way.

A worker takes many units at once, so that its engine has something to batch; when it dies, nobody knows which of them it died
of. Each gets one failure, and is run alone from then on: a later loss has one suspect. The third failure of a trial is its
outcome, an error, and the example goes on with its next recipe.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.run import Outcome
    from robustness.data import Example

MOST_FAILURES = 3
"""Workers that may be lost over one trial before it counts as an error."""


@dataclass(frozen=True, slots=True)
class Unit:
    """An example to run. ``finished``: status by recipe of what has ended; ``queries``: of what ended since this run began."""

    example: Example
    finished: Mapping[str, str]
    queries: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Out:
    """A unit with a worker. ``alone``: it is a suspect, and the worker has nothing else."""

    unit: Unit
    finished: dict[str, str]
    queries: dict[str, int]
    alone: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """The recipes of a run in order, and how an example goes through them."""

    recipes: tuple[str, ...]
    cascade: bool

    def next(self, finished: Mapping[str, str]) -> str | None:
        """The first recipe that has not ended; None where the example is done, in a cascade because one broke it."""
        for recipe in self.recipes:
            status = finished.get(recipe)
            if status is None:
                return recipe
            if self.cascade and status in ("succeeded", "skipped"):
                return None
        return None


@dataclass(slots=True)
class Queue:
    """The units of a run, or of a block of it, in the order of its examples.

    ``finished``: (example id, recipe) of trials that ended before, with their status.
    """

    chain: Chain
    examples: Sequence[Example]
    finished: Mapping[tuple[str, str], str]
    _suspects: deque[Unit] = field(default_factory=deque)
    _out: dict[str, dict[str, _Out]] = field(default_factory=dict)
    _failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    _next: Unit | None = None
    _at: int = 0

    @property
    def left(self) -> int:
        """How many examples nobody has had yet, at most."""
        return len(self.examples) - self._at + (self._next is not None)

    @property
    def over(self) -> bool:
        """Nothing waits and nothing is out."""
        return not self._suspects and not any(self._out.values()) and self._fresh() is None

    def out(self, worker: str) -> int:
        """How many units a worker has."""
        return len(self._out.get(worker, ()))

    def take(self, worker: str, room: int) -> list[Unit]:
        """Hand out units: a suspect to a worker that has nothing, which then gets nothing else; else up to ``room`` new ones."""
        mine = self._out.setdefault(worker, {})
        if any(one.alone for one in mine.values()):
            return []
        if self._suspects and not mine:
            return [self._hand(mine, self._suspects.popleft(), alone=True)]
        units: list[Unit] = []
        while len(units) < room and (unit := self._fresh()) is not None:
            self._next = None
            units.append(self._hand(mine, unit, alone=False))
        return units

    def heard(self, worker: str, outcome: Outcome) -> bool:
        """Note an outcome; False for one that is known already or that this worker was not asked for."""
        one = self._out.get(worker, {}).get(outcome.example_id)
        if one is None or outcome.recipe in one.finished:
            return False
        one.finished[outcome.recipe], one.queries[outcome.recipe] = outcome.status, outcome.queries
        return True

    def ended(self, worker: str, example_id: str) -> None:
        """A unit came to its end."""
        one = self._out.get(worker, {}).pop(example_id, None)
        if one is not None:
            for recipe in one.finished:
                self._failures.pop((example_id, recipe), None)

    def lost(self, worker: str) -> list[tuple[Example, str]]:
        """Take back the units of a worker that is gone; the trials that failed for the last time, as (example, recipe)."""
        condemned = []
        for example_id, one in self._out.pop(worker, {}).items():
            recipe = self.chain.next(one.finished)
            if recipe is not None:
                self._failures[example_id, recipe] += 1
                if self._failures[example_id, recipe] >= MOST_FAILURES:
                    condemned.append((one.unit.example, recipe))
                    one.finished[recipe] = "error"
                    recipe = self.chain.next(one.finished)
            if recipe is not None:
                self._suspects.append(Unit(one.unit.example, one.finished, one.queries))
        return condemned

    def _hand(self, mine: dict[str, _Out], unit: Unit, *, alone: bool) -> Unit:
        mine[unit.example.id] = _Out(unit, dict(unit.finished), dict(unit.queries), alone)
        return unit

    def _fresh(self) -> Unit | None:
        """The next unit that nobody has had; it stays the next until it is handed out."""
        if self._next is None:
            while self._at < len(self.examples):
                example = self.examples[self._at]
                self._at += 1
                finished = ended_of(example, self.chain.recipes, self.finished)
                if self.chain.next(finished) is not None:
                    self._next = Unit(example, finished)
                    break
        return self._next


def ended_of(example: Example, recipes: Sequence[str], finished: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Status by recipe of what has ended for an example."""
    found = ((recipe, finished.get((example.id, recipe))) for recipe in recipes) if finished else ()
    return {recipe: status for recipe, status in found if status is not None}
