"""Which trials wait, which are out with which worker, and what happens to those of a worker that is lost.

A unit is an example with what is left of its recipes: they run one after another on one worker, because a cascade stops at the
first that breaks the example, and because they share its clean answer. What a unit went through is known recipe by recipe, from
the outcomes that came back, so that a lost worker costs no more than the trials it had under way.

A worker takes many units at once, so that its engine has something to batch; when it dies, nobody knows which of them it died
of, or whether it died of any: somebody may end processes. Those that it had begun are suspects. They are run apart from all
others, half of them in one worker and half in another, and are halved again when that one dies too, down to a unit that was
alone with its worker. Only then does a loss count against it. Suspects in small groups hand in every answer that their trials
are given, and go on from there in the next worker: however often workers end, a trial gets further, and what counts as one
failure more is a worker lost over the very question that the last one was lost over. The third is the outcome of the trial, an
error, and the example goes on with its next recipe.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.run import Outcome
    from robustness.data import Example

MOST_FAILURES = 3
"""Workers that may be lost over one question of a trial, alone with it, before the trial counts as an error."""
MOST_UNASKED = 10
"""The same for workers lost before they came to the question: they may not have got that far in the time that they had."""
MOST_RECORDED = 16
"""Suspects in a group that hand in their answers; those of more would be much to carry and to keep."""


@dataclass(frozen=True, slots=True)
class Unit:
    """An example to run. ``finished``: status by recipe of what has ended; ``queries``: of what ended since this run began.

    ``recorded``: whether the worker hands in each answer. ``answers``: what the worker before was given for the clean text and
    then for the trial under way, in order; a trial depends on nothing else, and need not ask again.
    """

    example: Example
    finished: Mapping[str, str]
    queries: Mapping[str, int] = field(default_factory=dict)
    recorded: bool = False
    answers: tuple[Any, ...] = ()


@dataclass(slots=True)
class _Out:
    """A unit with a worker. ``suspect``: another worker was lost over it, and it has no company but of its like.

    ``asking``: a question of it is with the victim, as far as is known.
    """

    unit: Unit
    finished: dict[str, str]
    queries: dict[str, int]
    answers: list[Any]
    suspect: bool
    asking: bool = False

    def again(self) -> Unit:
        """As it goes to the next worker."""
        return Unit(self.unit.example, self.finished, self.queries, answers=tuple(self.answers))


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

    ``finished``, ``queries``: (example id, recipe) of trials that ended before, with their status, and with what they asked.
    """

    chain: Chain
    examples: Sequence[Example]
    finished: Mapping[tuple[str, str], str]
    queries: Mapping[tuple[str, str], int] = field(default_factory=dict)
    _suspects: deque[list[Unit]] = field(default_factory=deque)
    _back: deque[Unit] = field(default_factory=deque)
    _out: dict[str, dict[str, _Out]] = field(default_factory=dict)
    _failures: dict[str, Counter[tuple[str, int, bool]]] = field(default_factory=dict)
    _next: Unit | None = None
    _at: int = 0

    @property
    def left(self) -> int:
        """How many examples wait that nobody has begun, at most."""
        return len(self.examples) - self._at + (self._next is not None) + len(self._back)

    @property
    def over(self) -> bool:
        """Nothing waits and nothing is out."""
        return not self._suspects and not self._back and not any(self._out.values()) and self._fresh() is None

    def out(self, worker: str) -> int:
        """How many units a worker has."""
        return len(self._out.get(worker, ()))

    def alone(self, worker: str) -> bool:
        """Whether a worker has one suspect and nothing else: if it is lost, that is what it was lost over."""
        mine = self._out.get(worker, {})
        return len(mine) == 1 and all(one.suspect for one in mine.values())

    def take(self, worker: str, room: int) -> list[Unit]:
        """Hand out units: a group of suspects to a worker that has nothing and gets nothing else, or up to ``room`` others."""
        mine = self._out.setdefault(worker, {})
        if any(one.suspect for one in mine.values()):
            return []
        if self._suspects and not mine:
            group = self._suspects.popleft()
            recorded = len(group) <= MOST_RECORDED
            return [self._hand(mine, replace(unit, recorded=recorded), suspect=True) for unit in group]
        units: list[Unit] = []
        while len(units) < room and (unit := self._waiting()) is not None:
            units.append(self._hand(mine, unit, suspect=False))
        return units

    def heard(self, worker: str, outcome: Outcome) -> bool:
        """Note an outcome; False for one that is known already or that this worker was not asked for."""
        one = self._out.get(worker, {}).get(outcome.example_id)
        if one is None or outcome.recipe in one.finished:
            return False
        one.finished[outcome.recipe], one.queries[outcome.recipe] = outcome.status, outcome.queries
        del one.answers[1:]
        one.asking = False
        return True

    def answered(self, worker: str, example_id: str, answer: Any) -> None:
        """Note what a trial was given; the first answer of a unit is that to its clean text."""
        one = self._out.get(worker, {}).get(example_id)
        if one is not None:
            one.answers.append(answer)
            one.asking = False

    def asking(self, worker: str, example_id: str) -> None:
        """Note that a question of a unit goes to the victim now."""
        one = self._out.get(worker, {}).get(example_id)
        if one is not None:
            one.asking = True

    def ended(self, worker: str, example_id: str) -> None:
        """A unit came to its end."""
        if self._out.get(worker, {}).pop(example_id, None) is not None:
            self._failures.pop(example_id, None)

    def lost(self, worker: str, begun: int) -> list[tuple[Example, str, str]]:
        """Take back the units of a worker that is gone; the trials that failed for the last time, as (example, recipe, why).

        ``begun``: how many units a worker has under way at once; it begins them in the order in which they were sent.
        """
        alone = self.alone(worker)
        held = list(self._out.pop(worker, {}).values())
        if alone:
            return self._charge(held[0])
        suspects = [one for position, one in enumerate(held) if one.suspect or position < begun]
        units = [one.again() for one in suspects if self.chain.next(one.finished) is not None]
        middle = (len(units) + 1) // 2
        self._suspects.extend(half for half in (units[:middle], units[middle:]) if half)
        self._back.extend(one.again() for one in held[len(suspects) :])
        return []

    def _charge(self, one: _Out) -> list[tuple[Example, str, str]]:
        """Count a loss against the unit that was alone; where that was the third over one question, its trial is given up.

        A unit whose clean text has no answer has nothing to try: all that is left of its recipes is given up at once.
        """
        example, condemned = one.unit.example, []
        recipe = self.chain.next(one.finished)
        if recipe is not None:
            failures = self._failures.setdefault(example.id, Counter())
            place = (recipe, len(one.answers), one.asking)
            failures[place] += 1
            if failures[place] >= (MOST_FAILURES if one.asking else MOST_UNASKED):
                where = "over one question of" if one.asking else "before it came to a question of"
                why = f"the worker's process ended {failures[place]} times {where} this trial"
                unasked = not one.answers
                del one.answers[1:]
                while recipe is not None:
                    condemned.append((example, recipe, why))
                    one.finished[recipe] = "error"
                    recipe = self.chain.next(one.finished)
                    if not unasked:
                        break
        if recipe is not None:
            self._suspects.append([one.again()])
        return condemned

    def _hand(self, mine: dict[str, _Out], unit: Unit, *, suspect: bool) -> Unit:
        mine[unit.example.id] = _Out(unit, dict(unit.finished), dict(unit.queries), list(unit.answers), suspect)
        return unit

    def _waiting(self) -> Unit | None:
        if self._back:
            return self._back.popleft()
        unit, self._next = self._fresh(), None
        return unit

    def _fresh(self) -> Unit | None:
        """The next unit that nobody has had; it stays the next until it is handed out."""
        if self._next is None:
            while self._at < len(self.examples):
                example = self.examples[self._at]
                self._at += 1
                finished = ended_of(example, self.chain.recipes, self.finished)
                if self.chain.next(finished) is not None:
                    pairs = ((recipe, self.queries.get((example.id, recipe))) for recipe in finished)
                    self._next = Unit(example, finished, {recipe: asked for recipe, asked in pairs if asked is not None})
                    break
        return self._next


def ended_of(example: Example, recipes: Sequence[str], finished: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Status by recipe of what has ended for an example."""
    found = ((recipe, finished.get((example.id, recipe))) for recipe in recipes) if finished else ()
    return {recipe: status for recipe, status in found if status is not None}
