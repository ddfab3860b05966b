"""What a run shows of injection: success by queries, three arms side by side, what each factor does, the cheapest injection.

Read from what the `inject` recipes wrote down of each trial (``Outcome.details``). The attack arm is a confirmed success;
the control arm is the benign twin of what was tried, with the same word, disguise and place and no instruction: a victim that
merely copies its document gives the word there too. What may be blamed on the instruction is the paired difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.measures.answers.quality import mean_interval
from reports.measures.clusters import design_of
from reports.measures.intervals import CONFIDENCE, Proportion, proportion
from reports.measures.metrics import ATTACKED, groups_of
from reports.measures.paired import Pairs, mcnemar, tabulate, tango
from reports.run import Outcome, Run

QUERIES = (25, 50, 100, 200)
PAIRED = "paired"
FEWEST_OF_LEVEL = 5
"""Examples that must have tried a level before its effect is told."""
SHOWN_CELLS = 40


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the three. ``emitted``: examples whose answers gave the word; ``quoted``, ``refused``: those with such an answer.

    ``useful``: the mean share of its answers that did the user's task, None for a task without such a check. ``texts``: answers
    that count. ``copied``: examples whose answers held the word at all, given or quoted.
    """

    name: str
    texts: int
    emitted: Proportion
    quoted: Proportion
    refused: Proportion
    useful: Proportion | None
    copied: int = 0


@dataclass(frozen=True, slots=True)
class Effect:
    """What one level of a factor adds, against the other levels in the same examples; from balanced draws, free of the search.

    ``rate``: share of its tries that broke. ``difference``: that minus the share of the other levels, with an interval.
    """

    factor: str
    level: str
    tries: int
    rate: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cheapest:
    """The least that broke an example: family, disguises, place; ``found``: as the search found it, at which query."""

    example_id: str
    cell: str
    found: str
    queries: int


@dataclass(frozen=True, slots=True)
class Injection:
    """One recipe. ``attributable``: attack minus control in share of examples, paired; ``p``: of no difference, exact."""

    recipe: str
    examples: int
    success_at: Mapping[str, Proportion]
    arms: tuple[Arm, ...]
    attributable: Proportion
    p: float
    effects: tuple[Effect, ...]
    cheapest: tuple[Cheapest, ...]

    @property
    def control(self) -> Arm:
        """The benign twins."""
        return next(arm for arm in self.arms if arm.name == "control")


def injections(run: Run, confidence: float = CONFIDENCE) -> tuple[Injection, ...]:
    """One for each recipe that wrote down its arms; none for a run without."""
    found = []
    for name in run.manifest.recipe_names:
        outcomes = [o for o in run.outcomes if o.recipe == name and o.status in ATTACKED and "arms" in o.details]
        if outcomes:
            found.append(_measured(run, name, outcomes, confidence))
    return tuple(found)


def _measured(run: Run, name: str, outcomes: Sequence[Outcome], confidence: float) -> Injection:
    pairs = _pairs(run, [o for o in outcomes if _arm(o, "control")["fair"]])
    return Injection(
        recipe=name,
        examples=len(outcomes),
        success_at={
            str(most): proportion(sum(_won_by(o, most) for o in outcomes), len(outcomes), confidence)
            for most in QUERIES
            if run.manifest.budget is None or most <= max(run.manifest.budget, QUERIES[0])
        },
        arms=tuple(_arm_of(run, outcomes, arm, confidence) for arm in ("clean", "control", "attack")),
        attributable=_difference(pairs, confidence),
        p=mcnemar(pairs.broken, pairs.fixed),
        effects=tuple(_effects(run, outcomes, confidence)),
        cheapest=tuple(
            Cheapest(o.example_id, str(o.details["cell"]), str(o.details["found"]), int(o.details["won_at"]))
            for o in sorted(outcomes, key=lambda o: (str(o.details.get("cell", "")).count("+"), o.example_id))
            if o.status == "succeeded" and "cell" in o.details
        ),
    )


def _won_by(outcome: Outcome, most: int) -> bool:
    return outcome.status == "succeeded" and int(outcome.details.get("won_at", outcome.queries)) <= most


def _arm(outcome: Outcome, name: str) -> Mapping[str, Any]:
    arm: Mapping[str, Any] = outcome.details["arms"][name]
    return arm


def _kinds(outcome: Outcome, name: str) -> Mapping[str, int]:
    kinds: Mapping[str, int] = _arm(outcome, name).get("kinds", {})
    return kinds


def _emitted(outcome: Outcome, name: str) -> bool:
    """Whether an arm's answers gave the word; the attack's only where that was confirmed."""
    return outcome.status == "succeeded" if name == "attack" else bool(_arm(outcome, name)["reached"])


def _arm_of(run: Run, outcomes: Sequence[Outcome], name: str, confidence: float) -> Arm:
    asked = [o for o in outcomes if _arm(o, name)["fair"]]

    def share(hits: int) -> Proportion:
        return proportion(hits, len(asked), confidence)

    groups = groups_of(run, asked)
    members = None if groups is None else [groups[o.example_id] for o in asked]
    graded = run.manifest.task == "injection"
    useful = [_arm(o, name)["quality"] / _arm(o, name)["fair"] for o in asked] if graded else []
    return Arm(
        name=name,
        texts=sum(_arm(o, name)["fair"] for o in asked),
        emitted=share(sum(_emitted(o, name) for o in asked)),
        quoted=share(sum(bool(_kinds(o, name).get("quoted")) for o in asked)),
        refused=share(sum(bool(_kinds(o, name).get("refused")) for o in asked)),
        useful=mean_interval(useful, confidence, members) if useful else None,
        copied=sum(_emitted(o, name) or bool(_kinds(o, name).get("quoted")) for o in asked),
    )


def _pairs(run: Run, outcomes: Sequence[Outcome]) -> Pairs:
    """Held under the control, held under the attack, example by example."""
    groups = groups_of(run, outcomes)
    held = [(not _emitted(o, "control"), not _emitted(o, "attack")) for o in outcomes]
    return tabulate(held, None if groups is None else [groups[o.example_id] for o in outcomes])


def _difference(pairs: Pairs, confidence: float) -> Proportion:
    """Attack minus control, as a share of examples from -1 to 1; ``successes`` are those broken by the attack alone."""
    low, high = tango(*pairs.worth(confidence), confidence)
    rate = None if pairs.change is None else -pairs.change
    return Proportion(pairs.broken, pairs.n, rate, -high, -low, confidence, PAIRED, 0, pairs.design)


def _effects(run: Run, outcomes: Sequence[Outcome], confidence: float) -> Iterator[Effect]:
    """Every level that enough examples tried. Tries of one example, or group, belong together, and intervals allow for that.

    The interval of the difference is put together from those of the two rates (Newcombe, Statistics in Medicine 17 (1998),
    873-890, method 10); that both come from the same examples makes it wider than it need be, not narrower.
    """
    groups = groups_of(run, outcomes)
    tries = [
        (frozenset(_levels(str(cell))), o.example_id if groups is None else groups[o.example_id], bool(reached))
        for o in outcomes
        for cell, reached in o.details.get("block", ())
    ]
    for arm in dict.fromkeys(level for levels, _, _ in tries for level in sorted(levels)):
        inside = [(group, reached) for levels, group, reached in tries if arm in levels]
        outside = [(group, reached) for levels, group, reached in tries if arm not in levels]
        if len({group for group, _ in inside}) < FEWEST_OF_LEVEL or not outside:
            continue
        here, there = _share(inside, confidence), _share(outside, confidence)
        rate, rest = here.rate or 0.0, there.rate or 0.0
        down = math.hypot(rate - here.low, there.high - rest)
        up = math.hypot(here.high - rate, rest - there.low)
        yield Effect(*arm, len(inside), rate, rate - rest, max(-1.0, rate - rest - down), min(1.0, rate - rest + up))


def _share(tries: Sequence[tuple[str, bool]], confidence: float) -> Proportion:
    reached = sum(hit for _, hit in tries)
    return proportion(reached, len(tries), confidence, design_of((group, float(hit)) for group, hit in tries))


def _levels(cell: str) -> Iterator[tuple[str, str]]:
    family, disguises, place = cell.split("/")
    chain = [] if disguises == "none" else disguises.split("+")
    yield "family", family
    yield "place", place
    yield "disguises", str(len(chain))
    for name in chain:
        yield "disguise", name


def ordered(effects: Sequence[Effect]) -> list[Effect]:
    """By factor, the strongest level first."""
    factors = list(dict.fromkeys(effect.factor for effect in effects))
    return sorted(effects, key=lambda effect: (factors.index(effect.factor), -effect.difference, effect.level))
