"""The engine: keeps many searches in flight, batches what they ask across examples, yields outcomes as trials end.

An outcome depends on the run seed, the recipe, the example and the victim only: not on order, batch size, or how many
searches are in flight.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attacks.search import Pool, Query, Request, UnansweredError, Unusable
from attacks.search.priors import Priors
from reports.run import Outcome
from robustness.engine.learning import Learning, Stored
from robustness.engine.oracle import Oracle
from robustness.engine.stream import StreamOracle
from robustness.engine.trial import Plan, crashed, run_trial
from robustness.errors import SpentError
from robustness.victims.base import BATCH_TOKENS

if TYPE_CHECKING:
    from robustness.data import Example

Finished = Mapping[tuple[str, str], str]
"""(example id, recipe name) of trials that ended before, with their status."""


VICTIM, FRESH, GRADIENTS = "victim", "fresh", "gradients"
"""Roles of the victim itself: asked through the cache, afresh, or for gradients. Helpers' are in ``helpers.registry``."""


IN_FLIGHT, MANY_IN_FLIGHT = 128, 1024
"""Searches that wait for answers at once: on a processor, and where batches are larger than one's."""
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Result(Generic[R]):
    """What a job hands out on its way, as against the requests that it waits on."""

    value: R


AnyOracle = Oracle[Any, Any] | StreamOracle[Any, Any]
Job = Generator[Request | Result[R], Any, None]


def usual_in_flight(oracles: Oracles) -> int:
    """How many searches at once keep the victim's batches full."""
    backend = getattr(oracles.victim, "backend", None)
    return MANY_IN_FLIGHT if getattr(backend, "batch_tokens", BATCH_TOKENS) > BATCH_TOKENS else IN_FLIGHT


class Oracles:
    """The oracles of a run by the role that requests name."""

    def __init__(self, by_role: Mapping[str, AnyOracle]) -> None:
        if VICTIM not in by_role:
            raise ValueError(f"a run has an oracle over its victim; got {sorted(by_role)}")
        self.by_role = dict(by_role)
        self.streams = [one for one in by_role.values() if isinstance(one, StreamOracle)]
        self.batches = [one for one in by_role.values() if isinstance(one, Oracle)]
        boxes = {id(one.mailbox): one.mailbox for one in self.streams}
        if len(boxes) > 1:
            raise ValueError("the streams of a run share one mailbox: nobody can wait at two")
        self._mailbox = next(iter(boxes.values()), None)

    @property
    def victim(self) -> AnyOracle:
        """The oracle over the victim."""
        return self.by_role[VICTIM]

    @property
    def spent(self) -> SpentError | None:
        """Why nothing more will be answered, once a cap is reached."""
        return next((one.spent for one in self.streams if one.spent is not None), None)

    def forget(self) -> None:
        """Let go of the answers kept in memory; what was counted stays."""
        for oracle in self.by_role.values():
            oracle.forget()

    def route(self, request: Request) -> AnyOracle:
        """The oracle for a request; raises ``UnansweredError`` if there is none, or if it will answer nothing more."""
        oracle = self.by_role.get(request.role)
        if oracle is None:
            raise UnansweredError(f"nothing in this run answers {type(request).__name__} requests")
        if isinstance(oracle, StreamOracle) and oracle.spent is not None:
            raise UnansweredError(str(oracle.spent), type=type(oracle.spent).__name__)
        return oracle

    def answered(self) -> Iterator[tuple[int, Any]]:
        """Tickets and their answers: what came over the network, or else one batch computed, or else the first that comes.

        Raises:
            RefusedError: the endpoint of a streaming victim will answer nothing more.
        """
        if self._mailbox is not None:
            self._mailbox.deliver(wait=False)
        if not any(one.complete for one in self.streams):
            busiest = max(self.batches, key=lambda one: one.pending, default=None)
            if busiest is not None and busiest.pending:
                yield from busiest.pump()
                return
            if self._mailbox is not None and any(one.in_flight for one in self.streams):
                self._mailbox.deliver(wait=True)
        for stream in self.streams:
            yield from stream.collect()


def drive(oracles: Oracles, jobs: Iterable[Job[R]], *, in_flight: int, pooled: Sequence[str] = ()) -> Iterator[R]:
    """Run jobs to their ends, ``in_flight`` of them waiting for answers at once; what they hand out, as soon as they do.

    The one place that resumes generators with answers: requests of all that wait are batched together, and a request that
    has no answer is raised inside the job that made it. Once a cap is reached no further job begins, and those under way end.
    ``pooled``: names of the recipes whose trials wait for one another, in the order of the run.

    Raises:
        RefusedError: see ``Oracles.answered``.
        SpentError: a cap was reached; what the jobs under way had to hand out was handed out.
    """
    queue, tickets, pools = iter(jobs), count(), Pools(pooled)
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
            if isinstance(said, Pool):
                answer = pools.hand_in(job, said)
                if answer is None:
                    return
                continue
            try:
                oracle = oracles.route(said)
            except UnansweredError as error:
                answer = error
                continue
            ticket = next(tickets)
            waiting[ticket] = job
            oracle.submit(ticket, list(said.items()))
            return

    while True:
        while oracles.spent is None and len(waiting) < in_flight and (job := next(queue, None)) is not None:
            yield from advance(job, None)
        if waiting:
            for ticket, answer in oracles.answered():
                yield from advance(waiting.pop(ticket), answer)
            continue
        released = pools.release()
        if not released:
            break
        for parked, shared in released:
            yield from advance(parked, shared)
    if oracles.spent is not None:
        raise oracles.spent


class Pools:
    """Trials that wait for the others of their recipe: everybody is let go at once, when nothing else can go on.

    Recipes are let go in the order of the run, so that what a trial learns from the others depends on neither their order nor
    how many run at once.
    """

    def __init__(self, recipes: Sequence[str]) -> None:
        self._reports: dict[str, dict[str, Any]] = {}
        self._parked: dict[str, list[tuple[str, Job[Any]]]] = {name: [] for name in recipes}

    def hand_in(self, job: Job[Any], request: Pool) -> tuple[()] | None:
        """Take a report. None: the job waits; else it goes on at once, because it waits for nobody."""
        self._reports.setdefault(request.recipe, {})[request.example_id] = request.report
        if request.last:
            return ()
        self._parked.setdefault(request.recipe, []).append((request.example_id, job))
        return None

    def release(self) -> list[tuple[Job[Any], list[tuple[str, Any]]]]:
        """The jobs of the first recipe that is waited for, in order of examples, each with everything handed in."""
        recipe = next((name for name, jobs in self._parked.items() if jobs), None)
        if recipe is None:
            return []
        shared = sorted(self._reports.pop(recipe, {}).items())
        parked, self._parked[recipe] = self._parked[recipe], []
        return [(job, shared) for _, job in sorted(parked, key=lambda pair: pair[0])]


def example_job(
    plan: Plan,
    example: Example,
    finished: Finished,
    rerun: Collection[str] = (),
    *,
    queries: Mapping[tuple[str, str], int] | None = None,
    priors: Priors | None = None,
    ends: int | None = None,
) -> Job[Outcome]:
    """Every recipe of the run on one example, in order; in a cascade, until one breaks it.

    ``queries``: of trials that ended before, where a cascade's budget binds. ``priors``: what the run has learned before.
    ``rerun``: recipes whose trials run again although they have ended, because the others learn from them; their outcomes are
    known, and not handed out again. ``ends``: how many of the recipes there are to run here, None for all of them.
    """
    clean: Any = None
    spent = 0
    for position, recipe in enumerate(plan.recipes[:ends]):
        status = finished.get((example.id, recipe.name))
        if status is None or recipe.name in rerun:
            known = status is not None
            clean_forwards = int(position == 0)
            if clean is None:
                try:
                    clean = (yield Query((example.inputs,)))[0]
                    if isinstance(clean, Unusable):
                        clean = UnansweredError.of(clean)
                except UnansweredError as error:
                    clean = error
            if isinstance(clean, UnansweredError):
                outcome = crashed(plan, recipe, example, clean, clean_forwards=clean_forwards)
            else:
                outcome = yield from run_trial(
                    plan, recipe, example, clean, clean_forwards=clean_forwards, spent=spent, priors=priors
                )
            if not known:
                yield Result(outcome)
            status = outcome.status
            asked = outcome.queries
        else:
            asked = (queries or {}).get((example.id, recipe.name), 1)
        spent = asked if not spent else spent + asked - 1  # the clean text is counted once
        if plan.cascade and status in ("succeeded", "skipped"):
            return


class Engine:
    """Interleaves example jobs; ``in_flight`` is how many wait for answers at once, None for as many as fill the batches."""

    def __init__(self, oracles: Oracles, *, in_flight: int | None = None) -> None:
        in_flight = usual_in_flight(oracles) if in_flight is None else in_flight
        if in_flight < 1:
            raise ValueError(f"in_flight must be at least 1, got {in_flight}")
        self.oracles, self.in_flight = oracles, in_flight
        self._learning: Learning | None = None

    def outcomes(
        self, plan: Plan, examples: Iterable[Example], finished: Finished, stored: Stored | None = None
    ) -> Iterator[Outcome]:
        """Run every job; each outcome is handed out as soon as its trial ends.

        ``stored``: reads the outcomes of ``finished``: a run that is resumed needs them for a cascade's budget and to learn.

        Raises:
            RefusedError: the victim will answer nothing more.
            SpentError: a cap on what may be asked was reached; trials under way have ended as errors.
        """
        examples = list(examples)
        rerun = {
            recipe.name
            for recipe in plan.recipes
            if recipe.pooled and not all((example.id, recipe.name) in finished for example in examples)
        }
        queries = queries_of(plan, examples, finished, stored)
        if not plan.adaptive:
            yield from self.block(plan, examples, finished, rerun, queries=queries)
            return
        learning = self._learning = self._learning or Learning([r.name for r in plan.recipes if r.learns])
        if stored is not None and any((e.id, recipe.name) in finished for e in examples for recipe in plan.recipes):
            learning.restore(stored(), examples)
        for block in learning.blocks(examples):
            for outcome in self.block(plan, block, finished, rerun, queries=queries, priors=learning.priors):
                learning.heard(outcome)
                yield outcome

    def block(
        self, plan: Plan, examples: Sequence[Example], finished: Finished, rerun: Collection[str] = (), **carried: Any
    ) -> Iterator[Outcome]:
        """Run these examples to their ends; nothing of them is left under way when it is over.

        ``carried``: further arguments of ``example_job``, the same for all of them.
        """
        jobs = (example_job(plan, example, finished, rerun, **carried) for example in examples)
        pooled = [recipe.name for recipe in plan.recipes if recipe.pooled]
        return drive(self.oracles, jobs, in_flight=self.in_flight, pooled=pooled)


def queries_of(plan: Plan, examples: Sequence[Example], finished: Finished, stored: Stored | None) -> dict[tuple[str, str], int]:
    """What trials that ended before asked, of the examples that a cascade with a budget goes on with."""
    if not (plan.cascade and plan.budget is not None and finished and stored is not None):
        return {}
    names = [recipe.name for recipe in plan.recipes]
    begun = {
        example.id
        for example in examples
        if any((example.id, n) in finished for n in names) and not _over(example.id, names, finished)
    }
    return {(o.example_id, o.recipe): o.queries for o in stored() if o.example_id in begun} if begun else {}


def _over(example: str, recipes: Sequence[str], finished: Finished) -> bool:
    """Whether a cascade has come to its end on an example."""
    ends = [finished.get((example, name)) for name in recipes]
    return None not in ends or "succeeded" in ends or "skipped" in ends
