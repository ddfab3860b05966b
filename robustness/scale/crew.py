"""The crew: workers that are fed, heard and replaced, behind the same face as the engine of one process."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

from attacks.search import UnansweredError
from robustness.engine.engine import Engine
from robustness.engine.trial import crashed
from robustness.errors import RobustnessError, VictimError
from robustness.scale.queue import Chain, Queue
from robustness.scale.worker import Answered, Asking, Ended

if TYPE_CHECKING:
    from attacks.search import Recipe
    from reports.run import Outcome
    from robustness.data import Example
    from robustness.engine.backends import VictimBackend
    from robustness.engine.engine import Finished, Oracles
    from robustness.engine.trial import Plan
    from robustness.scale.brief import Facts
    from robustness.scale.queue import Unit
    from robustness.scale.worker import Report

MOST_FRUITLESS = 10
"""Workers in a row that may be lost before any has reported anything: perhaps none ever can."""
MOST_FRUITLESS_LATER = 200
"""The same once some worker has reported something. What it was lost over is then found out, and whoever ends workers from
outside may do so before they have loaded their victim."""
STEPS = 2
"""Steps that a worker has at once: one that it works on, and one that it finds when it is done."""
MOST_AHEAD = 1024
"""Most units that wait at a worker beyond those that its engine holds."""


@dataclass(frozen=True, slots=True)
class Started:
    """A worker is ready."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker is gone, with everything that it had. ``why``: what is known of it."""

    why: str


Event = tuple[str, "Started | Report | Lost"]


class Hands(Protocol):
    """Starts workers and carries messages; Ray, or a test."""

    def hire(self) -> str:
        """Begin to start a worker; its name."""

    def share(self, value: Mapping[str, Any]) -> Any:
        """What goes out with many steps, as ``send`` takes it."""

    def send(self, worker: str, units: list[Unit], shared: Any) -> None:
        """Let a worker take units and work for a step."""

    def news(self) -> list[Event]:
        """Wait for something to happen; what has. Raises ``RobustnessError`` where a worker cannot be opened at all."""

    def dismiss(self, worker: str) -> None:
        """End a worker."""


@dataclass(slots=True)
class _Member:
    """A worker as the crew knows it. ``steps``: sent and not answered; ``pace``: units that its last step ended."""

    ready: bool = False
    heard: bool = False
    steps: int = 0
    pace: int = 0


@dataclass(slots=True)
class Tally:
    """What is recorded of a crew. ``lost``: workers that died; ``errors``: trials that were given up over them.

    ``start_seconds``: until the first worker was ready; ``busy_seconds``: from then until the last trial had ended.
    """

    workers: int
    threads: int
    started: int = 0
    lost: int = 0
    errors: int = 0
    start_seconds: float = 0.0
    busy_seconds: float = 0.0
    processors: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)

    def record(self) -> dict[str, Any]:
        """As it stands in ``run.json``; machines are counted, not named."""
        counted = {name: getattr(self, name) for name in ("workers", "threads", "started", "lost", "errors")}
        timed = {name: round(getattr(self, name), 3) for name in ("start_seconds", "busy_seconds")}
        return {**counted, **timed, "processors": sorted(self.processors), "machines": len(self.hosts)}


class Crew(Engine):
    """Runs trials on workers. What each trial comes to is what the engine of one process would have come to.

    ``oracles``, ``backend``: of this process; what workers did is added to their accounts. ``begun``: when starting began, by
    ``time.perf_counter``; ``tell``: hears in a line what is out of the ordinary.
    """

    def __init__(
        self, hands: Hands, oracles: Oracles, backend: VictimBackend, *, workers: int, in_flight: int | None, threads: int = 1
    ) -> None:
        super().__init__(oracles, in_flight=in_flight)
        self._hands, self._backend = hands, backend
        self.tally = Tally(workers, threads)
        self.tell: Callable[[str], None] = lambda line: None
        self._members: dict[str, _Member] = {}
        self._reports: dict[str, Report] = {}
        self._fruitless, self._most_fruitless = 0, MOST_FRUITLESS
        self.begun = time.perf_counter()

    def block(
        self, plan: Plan, examples: Sequence[Example], finished: Finished, rerun: Collection[str] = (), **carried: Any
    ) -> Iterator[Outcome]:
        """Run these examples to their ends on workers; each outcome is handed out as soon as it is heard of.

        Raises:
            RobustnessError: a victim that will answer nothing more, workers that cannot be started, or that die without end.
        """
        if not any(recipe.pooled for recipe in plan.recipes):
            yield from self._spread(plan, examples, finished, **carried)
            return
        done, queries = dict(finished), dict(carried.pop("queries", None) or {})
        for ends, pooled in stages(plan.recipes):
            part = replace(plan, recipes=plan.recipes[:ends])
            if pooled:
                again = [recipe.name for recipe in part.recipes if recipe.name in rerun]
                run = super().block(part, examples, done, again, queries=queries, **carried)
            else:
                run = self._spread(part, examples, done, queries=queries, **carried)
            for outcome in run:
                done[outcome.example_id, outcome.recipe] = outcome.status
                queries[outcome.example_id, outcome.recipe] = outcome.queries
                yield outcome

    def _spread(
        self,
        plan: Plan,
        examples: Sequence[Example],
        finished: Finished,
        *,
        queries: Mapping[tuple[str, str], int] | None = None,
        **carried: Any,
    ) -> Iterator[Outcome]:
        shared = self._hands.share({**carried, "ends": len(plan.recipes)})
        chain = Chain(tuple(recipe.name for recipe in plan.recipes), plan.cascade)
        queue = Queue(chain, examples, finished, queries or {})
        while not queue.over:
            self._feed(queue, shared)
            for worker, event in self._hands.news():
                if worker not in self._members:
                    continue  # it was given up before this came
                if isinstance(event, Started):
                    self._welcome(worker, event.facts)
                elif isinstance(event, Lost):
                    yield from self._bury(queue, plan, worker, event.why)
                else:
                    yield from self._hear(queue, worker, event)
        self.tally.busy_seconds = time.perf_counter() - self.begun - self.tally.start_seconds

    def _feed(self, queue: Queue, shared: Any) -> None:
        while len(self._members) < self.tally.workers:
            self._members[self._hands.hire()] = _Member()
            self.tally.started += 1
        for worker, member in self._members.items():
            while member.ready and member.steps < (1 if queue.alone(worker) else STEPS):  # it tells of each answer by itself
                ahead = min(max(2 * member.pace, self.in_flight), MOST_AHEAD)
                fair = -(-queue.left // (2 * self.tally.workers))  # ever less towards the end, where nobody should wait for one
                units = queue.take(worker, min(self.in_flight + ahead - queue.out(worker), fair))
                if not queue.out(worker):
                    break
                self._hands.send(worker, units, shared)  # none of them: it goes on with what it has
                member.steps += 1

    def _welcome(self, worker: str, facts: Facts) -> None:
        from robustness.planning.manifest import versions

        here = versions()
        differing = sorted(name for name in {*here, *facts.versions} if here.get(name) != facts.versions.get(name))
        if differing:
            name = differing[0]
            raise RobustnessError(
                f"a worker on {facts.host} has {name} {facts.versions.get(name)}, and this process has {here.get(name)}: the "
                "same text may get another score there; give all machines one environment"
            )
        self._members[worker].ready = True
        self.tally.start_seconds = self.tally.start_seconds or time.perf_counter() - self.begun
        self.tally.processors.add(facts.processor)
        self.tally.hosts.add(facts.host)
        self.tally.threads = facts.threads

    def _hear(self, queue: Queue, worker: str, report: Report) -> Iterator[Outcome]:
        member = self._members[worker]
        member.steps -= 1
        if not report.words or not all(isinstance(word, Asking) for word in report.words):  # to ask is not to be answered
            member.heard, self._fruitless, self._most_fruitless = True, 0, MOST_FRUITLESS_LATER
        self._account(worker, report)
        ended = 0
        for word in report.words:
            if isinstance(word, Ended):
                queue.ended(worker, word.example_id)
                ended += 1
            elif isinstance(word, Asking):
                queue.asking(worker, word.example_id)
            elif isinstance(word, Answered):
                queue.answered(worker, word.example_id, word.answer)
            elif queue.heard(worker, word):
                yield word
        member.pace = ended
        if report.refused is not None:
            raise report.refused

    def _bury(self, queue: Queue, plan: Plan, worker: str, why: str) -> Iterator[Outcome]:
        member = self._members.pop(worker)
        self._reports.pop(worker, None)
        self._hands.dismiss(worker)
        self.tally.lost += 1
        if not member.heard:
            self._fruitless += 1
            if self._fruitless >= self._most_fruitless:
                raise VictimError(
                    f"{self._fruitless} workers in a row ended before they had done anything; the last one: {why}. Is there "
                    "memory for that many victims? Give fewer --workers; what has ended is saved, and --resume goes on"
                )
        units = queue.out(worker)
        self.tell(f"a worker ended unexpectedly; its units go back to the queue: {units}" if units else "an idle worker ended")
        recipes = {recipe.name: recipe for recipe in plan.recipes}
        for example, recipe, cause in queue.lost(worker, self.in_flight):
            self.tally.errors += 1
            error = UnansweredError(cause, type="WorkerLostError")
            yield crashed(plan, recipes[recipe], example, error, clean_forwards=0)

    def _account(self, worker: str, report: Report) -> None:
        """Add what a worker did since its last report to the accounts of this process."""
        before = self._reports.get(worker)
        self._reports[worker] = report
        for role, usage in report.usage.items():
            oracle = self.oracles.by_role.get(role)
            if oracle is None:
                continue
            earlier = None if before is None else before.usage.get(role)
            grown = {one.name: getattr(usage, one.name) - getattr(earlier, one.name, 0) for one in fields(usage)}
            for name, more in grown.items():
                setattr(oracle.usage, name, getattr(oracle.usage, name) + more)
            if grown["forwards"]:
                oracle.on_batch(grown["forwards"])
        _add_oddities(self._backend.oddities, report.oddities, None if before is None else before.oddities)


def stages(recipes: Sequence[Recipe]) -> list[tuple[int, bool]]:
    """Where each part of a run ends among its recipes, and whether the trials of that part wait for one another.

    Those that do run in this process, when all before them have ended on every example: they would not be let go earlier in one
    process either. Each is a part of its own.
    """
    found = [
        (position, recipe.pooled)
        for position, recipe in enumerate(recipes, 1)
        if recipe.pooled or position == len(recipes) or recipes[position].pooled
    ]
    return found


def _add_oddities(total: Any, now: Any, before: Any) -> None:
    for one in fields(now):
        if one.name != "examples":
            setattr(total, one.name, getattr(total, one.name) + getattr(now, one.name) - getattr(before, one.name, 0))
    for kind, row in now.examples.items():
        total.examples[kind] = min(row, total.examples.get(kind, row))
