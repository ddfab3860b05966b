"""One worker: a victim, an engine over it, and units that come in and go out as outcomes. It knows nothing of Ray."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from attacks.search import UnansweredError
from reports.run import Outcome
from robustness.engine.engine import Job, Oracles, Result, drive, example_job
from robustness.errors import RobustnessError

if TYPE_CHECKING:
    from robustness.engine.orders import Usage
    from robustness.engine.trial import Plan
    from robustness.scale.queue import Unit
    from robustness.tasks.reading.check_answers import AnswerOddities

STEP_S = 0.5
"""How long a worker keeps outcomes to itself while it has more to do."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The last word on a unit: all that was left of its recipes has been handed out."""

    example_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a trial of a recorded unit was given: an answer, or the error that stands for one."""

    example_id: str
    answer: Any


@dataclass(frozen=True, slots=True)
class Asking:
    """A trial of a recorded unit is about to ask: all that led to the question is done, loading and replaying included."""

    example_id: str


Word = Outcome | Asking | Answered | Ended


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker tells at the end of a step.

    ``words``: outcomes, answers and ends, in the order in which they came. ``usage``, by role, and ``oddities``: since it was
    started. ``refused``: the error that ends the run, because the victim will answer nothing more.
    """

    words: tuple[Word, ...]
    usage: Mapping[str, Usage]
    oddities: AnswerOddities
    refused: RobustnessError | None = None


class Worker:
    """Runs units in steps, many of them at once. Between two steps everything under way stands still."""

    def __init__(self, plan: Plan, oracles: Oracles, oddities: AnswerOddities, *, in_flight: int) -> None:
        self._plan, self._oracles, self._oddities, self._in_flight = plan, oracles, oddities, in_flight
        self._inbox = _Inbox()
        self._running: Iterator[Word] | None = None
        self._units = 0

    def step(self, units: Sequence[Unit], carried: Mapping[str, Any] | None = None, seconds: float = STEP_S) -> Report:
        """Take units and work until there is news and the time is up, or until the engine could take more than there is.

        A unit that is alone here and recorded is under suspicion of ending workers: what it is about to ask and each answer are
        told at once, before what may be the last. ``carried``: what the run has for every trial of these units, as arguments of
        ``example_job``.
        """
        self._inbox.waiting.extend(self._job(unit, carried or {}) for unit in units)
        self._units += len(units)
        words: list[Word] = []
        refused = None
        started = time.perf_counter()
        if self._running is None:
            self._running = drive(self._oracles, self._inbox, in_flight=self._in_flight)
        try:
            for word in self._running:
                words.append(word)
                self._units -= isinstance(word, Ended)
                if isinstance(word, (Asking, Answered)) and self._units == 1:
                    break
                if (isinstance(word, Ended) and not self._inbox.waiting) or time.perf_counter() - started > seconds:
                    break
            else:
                self._running = None  # nothing is under way; the next step begins afresh
        except RobustnessError as error:
            refused = error
        usage = {role: replace(oracle.usage) for role, oracle in self._oracles.by_role.items()}
        return Report(tuple(words), usage, replace(self._oddities, examples=dict(self._oddities.examples)), refused)

    def _job(self, unit: Unit, carried: Mapping[str, Any]) -> Job[Word]:
        example = unit.example
        finished = {(example.id, recipe): status for recipe, status in unit.finished.items()}
        asked = {(example.id, recipe): queries for recipe, queries in unit.queries.items()}  # a cascade's budget binds them all
        job = example_job(self._plan, example, finished, queries=asked, **carried)
        yield from _recorded(job, unit) if unit.recorded or unit.answers else job  # type: ignore[misc]  # outcomes are words
        yield Result(Ended(example.id))


def _recorded(job: Job[Outcome], unit: Unit) -> Job[Word]:
    """A job that tells what it is given, and is given first what the unit was given before, in order."""
    known, answer = deque(unit.answers), None
    while True:
        try:
            said = job.throw(answer) if isinstance(answer, UnansweredError) else job.send(answer)
        except StopIteration:
            return
        answer = None
        if isinstance(said, Result):
            yield Result(said.value)
        elif known:
            answer = known.popleft()
        else:
            if unit.recorded:
                yield Result(Asking(unit.example.id))
            try:
                answer = yield said
            except UnansweredError as error:
                answer = error
            if unit.recorded:
                yield Result(Answered(unit.example.id, answer))


class _Inbox:
    """Jobs that wait. Unlike an iterator by the book it may have more after it had none: an engine asks again and again."""

    def __init__(self) -> None:
        self.waiting: deque[Job[Any]] = deque()

    def __iter__(self) -> _Inbox:
        return self

    def __next__(self) -> Job[Any]:
        if not self.waiting:
            raise StopIteration
        return self.waiting.popleft()
