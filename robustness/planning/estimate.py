"""What an audit will cost and what it can show, from a pilot on a few of its examples."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.gate.policy import Policy
    from reports.measures.forecast import Forecast, Needed
    from reports.run import Outcome
    from robustness.data import Dataset, Example
    from robustness.planning.audit import Audit
    from robustness.victims.endpoint.ledger import Spent

PILOT = 10
CHURNS = (0.0, 0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of a victim behind an API, probe and preflight included."""

    requests: Forecast
    tokens_in: Forecast
    tokens_out: Forecast


@dataclass(frozen=True, slots=True)
class Estimate:
    """A planned run. ``pilot``: examples it was learnt from; ``statuses``: how their trials ended.

    ``tokens``: that the victim reads, in its own counting, taking each text to be as long as the clean one. ``money``: None
    without a price. ``power``: what the planned number of examples can show. ``until_decided``: for a run that stops when its
    verdict is certain, how many examples each threshold is expected to take; the other figures are then the most it can cost.
    ``asking``: of a victim behind an API alone; its money, in ``currency``, is by the prices that were given.
    """

    examples: int
    recipes: tuple[str, ...]
    pilot: int
    statuses: dict[str, int]
    queries: Forecast
    forwards: Forecast
    seconds: Forecast
    tokens: Forecast
    money: Forecast | None
    power: dict[str, Any]
    until_decided: tuple[Needed, ...] = ()
    asking: Asking | None = None
    currency: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as ``--json`` prints them."""
        return asdict(self)


def estimate(
    prepared: Audit, policy: Policy | None = None, *, pilot: int = PILOT, price_per_1k_tokens: float | None = None
) -> Estimate:
    """Attack ``pilot`` examples, drawn with the run's seed, without a run folder, and scale up what they took.

    ``policy``: its thresholds are what a run until its decision decides; its margin is what a later comparison is to exclude.

    Raises:
        UsageError: a pilot or a price that cannot be, or a run until its decision with nothing to decide.
    """
    from reports.gate.policy import Policy as NoPolicy
    from reports.measures.forecast import forecast
    from robustness.planning.sampling import refuse_undecidable

    policy = policy or NoPolicy()
    if prepared.settings.until_decided:
        refuse_undecidable(policy)
    if pilot < 2:
        raise UsageError(f"--pilot expects at least 2 examples, got {pilot}: one says nothing about the spread")
    if price_per_1k_tokens is not None and price_per_1k_tokens < 0:
        raise UsageError(f"--price-per-1k-tokens expects a price from 0 up, got {price_per_1k_tokens}")
    n, sample = len(prepared.data.examples), _sample(prepared, pilot)
    before = prepared.session.asked() if prepared.session else None
    outcomes, seconds = _attack(prepared, sample)
    lengths = dict(zip((e.id for e in sample), prepared.backend.lengths([e.inputs for e in sample]), strict=True))
    queries, forwards = _per_example(sample, outcomes, "queries"), _per_example(sample, outcomes, "forwards")
    tokens = forecast([lengths[e.id] * f for e, f in zip(sample, forwards, strict=True)], n)
    sent = forecast(forwards, n)
    asking, money = None, None if price_per_1k_tokens is None else tokens.scaled(price_per_1k_tokens / 1000)
    if prepared.session is not None and before is not None:
        asking, bill = _asking(sent, sum(forwards), before, prepared.session.asked() - before)
        tokens, money = asking.tokens_in, bill or money
    return Estimate(
        examples=n,
        recipes=tuple(recipe.name for recipe in prepared.plan.recipes),
        pilot=len(sample),
        statuses=dict(Counter(outcome.status for outcome in outcomes)),
        queries=forecast(queries, n),
        forwards=sent,
        seconds=sent.scaled(seconds / max(1, sum(forwards))),
        tokens=tokens,
        money=money,
        power=power(n, policy.compare.max_regression, _effect(prepared.data)),
        until_decided=_until_decided(prepared, policy, outcomes, len(sample)) if prepared.settings.until_decided else (),
        asking=asking,
        currency=prepared.session.currency if prepared.session else "",
    )


def _asking(sent: Forecast, forwards: float, before: Spent, pilot: Spent) -> tuple[Asking, Forecast | None]:
    """What the pilot's requests cost, scaled up by the forwards that made them, on top of what was asked ``before`` it."""

    def scaled(fixed: float, varying: float) -> Forecast:
        return sent.scaled(varying / max(1.0, forwards)).plus(fixed)

    asking = Asking(
        scaled(before.requests, pilot.requests),
        scaled(before.tokens_in, pilot.tokens_in),
        scaled(before.tokens_out, pilot.tokens_out),
    )
    return asking, None if pilot.cost is None else scaled(float(before.cost or 0), float(pilot.cost))


def _until_decided(prepared: Audit, policy: Policy, outcomes: Sequence[Outcome], drawn: int) -> tuple[Needed, ...]:
    """The pilot held against the thresholds as a sequential run of that length, and what each will take from there."""
    from reports.gate.gate import evaluate
    from reports.gate.rules import RULES
    from reports.measures.forecast import needed
    from reports.measures.of_run import measure
    from reports.run import Run

    manifest = replace(prepared.manifest, finished=True, sequential={"looks": 1, "drawn": drawn})
    run = Run(Path(), manifest, tuple(outcomes))
    measured = measure(run, policy.gate.confidence)
    thresholds = [rule for rule in evaluate(run, policy, measured).rules if rule.rule in RULES]
    return tuple(
        needed(
            rule,
            measured.overall.judged,
            len(prepared.data.examples),
            min_examples=policy.gate.needed,
            seed=prepared.settings.seed,
        )
        for rule in thresholds
    )


def _sample(prepared: Audit, pilot: int) -> list[Example]:
    examples = sorted(prepared.data.examples, key=lambda example: example.id)
    return Random(f"{prepared.settings.seed} pilot").sample(examples, min(pilot, len(examples)))


def _attack(prepared: Audit, sample: Sequence[Example]) -> tuple[list[Outcome], float]:
    """Outcomes, and the seconds that they all would take once lexicons and weights are loaded: the first example warms up."""
    from robustness.engine.engine import Engine

    engine = Engine(prepared.oracles, in_flight=prepared.settings.in_flight)
    first = list(engine.outcomes(prepared.plan, sample[:1], {}))
    started = time.perf_counter()
    rest = list(engine.outcomes(prepared.plan, sample[1:], {}))
    seconds = time.perf_counter() - started
    timed = sum(outcome.forwards for outcome in rest)
    return [*first, *rest], seconds * (1 + sum(o.forwards for o in first) / timed) if timed else seconds


def _per_example(sample: Sequence[Example], outcomes: Sequence[Outcome], what: str) -> list[float]:
    totals: Counter[str] = Counter()
    for outcome in outcomes:
        totals[outcome.example_id] += getattr(outcome, what)
    return [float(totals[example.id]) for example in sample]


def _effect(data: Dataset) -> float:
    """The design effect to plan with: 1 where each example is independent."""
    from reports.measures.clusters import assumed_effect

    return 1.0 if data.group is None else assumed_effect(Counter(str(e.meta[data.group]) for e in data.examples).values())


def power(n: int, margin: float = 0.02, effect: float = 1.0) -> dict[str, Any]:
    """What ``n`` examples can show: half the width of an interval, the drop that ``compare`` sees, what its margin takes.

    ``effect``: how many examples in groups count as one independent one.
    """
    from reports.measures.intervals import exact
    from reports.measures.power import pairs_to_pass, visible_drop

    worth = max(1, int(n / effect))
    low, high = exact(worth // 2, worth)
    takes = {f"{churn:g}": pairs_to_pass(margin, churn) for churn in CHURNS}
    return {
        "design_effect": effect,
        "interval_half_width": (high - low) / 2,
        "visible_drop": {f"{churn:g}": visible_drop(worth, churn) for churn in CHURNS},
        "margin": margin,
        "examples_to_exclude_margin": {churn: None if size is None else ceil(size * effect) for churn, size in takes.items()},
    }
