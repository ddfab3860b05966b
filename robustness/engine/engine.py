"""The engine: keeps many searches in flight, batches what they ask across examples, yields outcomes as trials end.

An outcome depends on the run seed, the recipe, the example and the victim only: not on order, batch size, or how many
searches are in flight.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attacks.search import Confirm, Query, Request, UnansweredError, Unusable
from reports.run import Outcome
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan, crashed, run_trial

if TYPE_CHECKING:
    from robustness.data import Example

Finished = Mapping[tuple[str, str], str]
"""(example id, recipe name) of trials that ended before, with their status."""


VICTIM, FRESH, GRADIENTS = "victim", "fresh", "gradients"
"""Roles of the victim itself: asked through the cache, afresh, or for gradients. Helpers' are in ``helpers.registry``."""


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Result(Generic[R]):
    """What a job hands out on its way, as against the requests that it waits on."""

    value: R


Job = Generator[Request | Result[R], Any, None]


class Oracles:
    """The oracles of a run by the role that requests name."""

    def __init__(self, by_role: Mapping[str, Oracle[Any, Any]]) -> None:
        if VICTIM not in by_role:
            raise ValueError(f"a run has an oracle over its victim; got {sorted(by_role)}")
        self.by_role = dict(by_role)
        self._serial = count()

    @property
    def victim(self) -> Oracle[Any, Any]:
        """The oracle over the victim."""
        return self.by_role[VICTIM]

    def route(self, request: Request) -> tuple[Oracle[Any, Any], Collection[Any]]:
        """The oracle for a request and the items to ask it about; raises ``UnansweredError`` if there is none."""
        oracle = self.by_role.get(request.role)
        if oracle is None:
            raise UnansweredError(f"nothing in this run answers {type(request).__name__} requests")
        items = request.items()
        if isinstance(request, Confirm):  # numbered, so that no two questions count as one
            items = [(one, next(self._serial)) for one in items]
        return oracle, items


def drive(oracles: Oracles, jobs: Iterable[Job[R]], *, in_flight: int) -> Iterator[R]:
    """Run jobs to their ends, ``in_flight`` of them waiting for answers at once; what they hand out, as soon as they do.

    The one place that resumes generators with answers: requests of all that wait are batched together, and a request that
    has no answer is raised inside the job that made it.
    """
    queue, tickets = iter(jobs), count()
    waiting: dict[int, Job[R]] = {}

    def advance(job: Job[R], answer: Any) -> Iterator[R]:
        while True:
            try:
                said = job.throw(answer) if isinstance(answer, UnansweredError) else job.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(said, Result):
                yield said.value
                continue
            try:
                oracle, items = oracles.route(said)
            except UnansweredError as error:
                answer = error
                continue
            ticket = next(tickets)
            waiting[ticket] = job
            oracle.submit(ticket, list(items))
            return

    while True:
        while len(waiting) < in_flight and (job := next(queue, None)) is not None:
            yield from advance(job, None)
        if not waiting:
            return
        busiest = max(oracles.by_role.values(), key=lambda oracle: oracle.pending)
        for ticket, answer in busiest.pump():
            yield from advance(waiting.pop(ticket), answer)


def example_job(plan: Plan, example: Example, finished: Finished) -> Job[Outcome]:
    """Every recipe of the run on one example, in order; in a cascade, until one breaks it."""
    clean: Any = None
    for position, recipe in enumerate(plan.recipes):
        status = finished.get((example.id, recipe.name))
        if status is None:
            clean_forwards = int(position == 0)
            if clean is None:
                try:
                    clean = (yield Query((example.inputs,)))[0]
                    if isinstance(clean, Unusable):
                        clean = UnansweredError(f"{clean.kind}: {clean.message}")
                except UnansweredError as error:
                    clean = error
            if isinstance(clean, UnansweredError):
                outcome = crashed(plan, recipe, example, clean, clean_forwards=clean_forwards)
            else:
                outcome = yield from run_trial(plan, recipe, example, clean, clean_forwards=clean_forwards)
            yield Result(outcome)
            status = outcome.status
        if plan.cascade and status in ("succeeded", "skipped"):
            return


class Engine:
    """Interleaves example jobs; ``in_flight`` is how many wait for answers at once."""

    def __init__(self, oracles: Oracles, *, in_flight: int = 128) -> None:
        if in_flight < 1:
            raise ValueError(f"in_flight must be at least 1, got {in_flight}")
        self.oracles, self.in_flight = oracles, in_flight

    def outcomes(self, plan: Plan, examples: Iterable[Example], finished: Finished) -> Iterator[Outcome]:
        """Run every job; each outcome is handed out as soon as its trial ends."""
        jobs = (example_job(plan, example, finished) for example in examples)
        return drive(self.oracles, jobs, in_flight=self.in_flight)
