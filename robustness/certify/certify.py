"""Samples rewrites of each example, asks the victim, and writes down what that shows of its failure rate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

from attacks.search import Answer, Confirm, Input, Query, Search, UnansweredError, Unusable
from reports.measures.chance.certified import (
    anytime_upper,
    evidence_above,
    evidence_below,
    lower,
    samples_for,
    upper,
)
from reports.run.certificates import ERROR, EXCEEDS, HOLDS, OPEN, UNTOUCHED, WRONG, Certificate
from robustness.certify.distribution import Rewrites
from robustness.engine.engine import Job, Oracles, Result, drive
from robustness.engine.trial import seed_of
from robustness.errors import SpentError, UsageError
from robustness.tasks.task import Seen

if TYPE_CHECKING:
    from robustness.tasks.task import Goal, Task

EXACT, ANYTIME = "exact", "anytime"
METHODS = (EXACT, ANYTIME)
MOST_ANYTIME = 300
FEWEST_CHANGED = 0.1
"""Share of samples that must differ from the original before they say anything."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When an example is shown to hold. ``tau``: the failure rate that is tolerated; ``samples``: most rewrites of one example.

    ``exact``: all ``samples`` are asked, and Clopper and Pearson's one-sided bound decides. ``anytime``: one after the other,
    until a bet against rates from ``tau`` up, or against those below it, has won; with few failures it stops early, and where it
    never wins the example stays open.
    """

    tau: float = 0.05
    confidence: float = 0.95
    method: str = EXACT
    samples: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.tau < 1:
            raise UsageError(f"--tau expects a share between 0 and 1, such as 5%, got {self.tau}")
        if not 0.5 < self.confidence < 1:
            raise UsageError(f"--confidence expects a share above one half and below 1, such as 0.95, got {self.confidence}")
        if self.method not in METHODS:
            raise UsageError(f"--method expects exact or anytime, got {self.method!r}")
        fewest = samples_for(self.tau, self.confidence)
        if not self.samples:
            object.__setattr__(self, "samples", fewest if self.method == EXACT else max(MOST_ANYTIME, 2 * fewest))
        elif not self._enough():
            raise UsageError(
                f"--samples {self.samples} can show nothing: even without a failure it takes {fewest} to show that at most "
                f"{100 * self.tau:g} % fail, at {100 * self.confidence:g} %, and more with --method anytime"
            )

    def _enough(self) -> bool:
        if self.method == EXACT:
            return upper(0, self.samples, self.confidence) <= self.tau
        return evidence_below(0, self.samples, self.tau) >= 1 / (1 - self.confidence)

    def state(self, failures: int, n: int) -> str:
        """What so many failures of so many samples show; ``open`` where more samples may show more, or nothing will."""
        if self.method == EXACT:
            if n < self.samples:
                return OPEN
            exceeds = lower(failures, n, self.confidence) > self.tau
            return HOLDS if upper(failures, n, self.confidence) <= self.tau else EXCEEDS if exceeds else OPEN
        needed = 1 / (1 - self.confidence)
        if evidence_below(failures, n, self.tau) >= needed:
            return HOLDS
        return EXCEEDS if evidence_above(failures, n, self.tau) >= needed else OPEN

    def bound(self, failures: int, n: int) -> float:
        """The failure rate is at most this, with the rule's confidence."""
        found = upper(failures, n, self.confidence) if self.method == EXACT else anytime_upper(failures, n, self.confidence)
        return math.ceil(found * 1e6) / 1e6  # upwards: it is a bound


@dataclass(frozen=True, slots=True)
class Asked:
    """One example to certify: what is right of it, the field that is rewritten, and its group where the data come in groups."""

    id: str
    inputs: Input
    reference: Any
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What all examples share. ``varies``: the victim's answers may differ, so that each sample is an answer of its own."""

    task: Task[Any, Any]
    goal: Goal[Any, Any]
    field: int
    rewrites: Rewrites
    rule: Rule
    seed: int = 0
    varies: bool = False


def certify(oracles: Oracles, plan: Plan, examples: Sequence[Asked], *, in_flight: int = 128) -> tuple[list[Certificate], str]:
    """A certificate of each example, in order, and why the rest are errors where a cap ended it early ("" where none did).

    Raises:
        RefusedError: the victim will answer nothing more.
    """
    ended: dict[str, Certificate] = {}
    spent = ""
    try:
        for one in drive(oracles, (_job(plan, example) for example in examples), in_flight=in_flight):
            ended[one.example_id] = one
    except SpentError as error:
        spent = str(error)
    missing = spent or "it was never asked"
    return [ended.get(e.id) or Certificate(e.id, ERROR, error=missing, group=e.group) for e in examples], spent


def _job(plan: Plan, example: Asked) -> Job[Certificate]:
    try:
        found = yield from _certificate(plan, example)
    except UnansweredError as error:
        found = Certificate(example.id, ERROR, error=str(error))
    yield Result(replace(found, group=example.group))


def _certificate(plan: Plan, example: Asked) -> Search[Certificate]:
    clean = (yield Query((example.inputs,)))[0]
    task, field = plan.task, plan.field
    if isinstance(clean, Unusable) or not task.right_for(
        plan.goal, clean, Seen(example.inputs, example.inputs, field, example.reference, clean)
    ):
        return Certificate(example.id, WRONG)
    marks = task.marks(example.reference, example.inputs) if task.protects else ()
    judge = task.judge_of(plan.goal, example.inputs, field, example.reference, clean)
    rng = Random(seed_of(plan.seed, "certify", example.id))
    texts: set[str] = set()
    samples: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    unusable = unchanged = 0
    worst: tuple[str, str] | None = None
    state = OPEN
    while state == OPEN and samples.total() < plan.rule.samples:
        rewrite = plan.rewrites.sample(example.inputs, field, marks, rng)
        inputs = (*example.inputs[:field], rewrite.text, *example.inputs[field + 1 :])
        kind = rewrite.technique.partition(":")[0] or "unchanged"
        samples[kind] += 1
        answer = yield from _ask(plan, example.id, inputs, samples.total())
        judged = None if isinstance(answer, Unusable) else judge(answer, inputs)
        lost = judged is None or bool(judged.unusable)
        if judged is None or lost or judged.reached:
            failed[kind] += 1
            worst = worst or (rewrite.text, rewrite.technique)
        unusable += lost
        texts.add(rewrite.text)
        # A rewrite that could not have reached the goal, such as a document without a canary, shows no more than the original.
        unchanged += rewrite.text == example.inputs[field] or (judged is not None and not judged.fair)
        state = plan.rule.state(failed.total(), samples.total())
    n = samples.total()
    if unchanged > (1 - FEWEST_CHANGED) * n:
        state = UNTOUCHED  # what was never changed proves nothing about changes
    return Certificate(
        example_id=example.id,
        state=state,
        samples=n,
        failures=failed.total(),
        unusable=unusable,
        distinct=len(texts),
        unchanged=unchanged,
        bound=plan.rule.bound(failed.total(), n),
        kinds={kind: (samples[kind], failed[kind]) for kind in sorted(samples)},
        worst=worst[0] if worst else None,
        technique=worst[1] if worst else "",
    )


def _ask(plan: Plan, example: str, inputs: Input, number: int) -> Search[Answer]:
    """The answer to a sample: of a victim that always answers alike the one that it has, of others a fresh one each time."""
    request = Confirm(inputs, 1, f"certify\x1f{example}", number) if plan.varies else Query((inputs,))
    answers: list[Answer] = yield request
    return answers[0]


def settings_of(plan: Plan, victim: str, comparability: dict[str, Any], spec: str) -> dict[str, Any]:
    """The first line of ``certificates.jsonl``; ``comparability``: what else two certificates must share to be compared."""
    from reports.run.store import comparability_id

    rule = plan.rule
    shared = {
        "task": plan.task.name,
        "goal": plan.goal.name,
        "rewrites": plan.rewrites.record(),
        "tau": rule.tau,
        "confidence": rule.confidence,
        "method": rule.method,
        "samples": rule.samples,
        "seed": plan.seed,
        "varies": plan.varies,
    }
    return {
        "certificate_id": comparability_id({**comparability, **shared}),
        "victim": victim,
        "spec": spec,
        **shared,
        **comparability,
    }


def in_groups(examples: Iterable[Any], group: str | None) -> list[Asked]:
    """Examples of a data set as they are certified."""
    return [Asked(one.id, one.inputs, one.reference, None if group is None else str(one.meta.get(group))) for one in examples]
