"""What a cascade costs as a whole: queries of all its recipes on one example, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.measures.intervals import mean, median
from reports.measures.metrics import BUDGETS, budget_curve, by_example, fate
from reports.render.numbers import number, percent
from reports.run import Manifest, Outcome, Run


@dataclass(frozen=True, slots=True)
class CascadeCost:
    """Queries of a whole cascade by example, recipes added up in their order until one broke it or all had ended.

    The clean text counts once, however many recipes began with it. ``curve``: steps (queries, share broken by then).
    ``attacked``: examples that were right and judged. ``queries_per_success``: all their queries over those broken.
    ``success_at``: share of them broken within that many queries of the cascade, None past what its budget allows.
    Each recipe's own ``success_at`` starts counting afresh and is over the examples that were left to it.
    """

    attacked: int
    broken: int
    queries_mean: float | None
    queries_median: float | None
    queries_per_success: float | None
    success_at: Mapping[int, float | None]
    curve: tuple[tuple[int, float], ...] = ()


def cascade_cost(run: Run) -> CascadeCost | None:
    """The cost of a run's cascade; None where the run was not one."""
    if not run.manifest.cascade:
        return None
    recipes = len(run.manifest.recipes)
    spent: list[int] = []
    broken: list[int] = []
    for outcomes in by_example(run.outcomes).values():
        end = fate([o.status for o in outcomes], recipes)
        if end in ("broken", "robust"):
            queries = cumulative(outcomes)
            spent.append(queries)
            broken += [queries] if end == "broken" else []
    most = run.manifest.budget if run.manifest.whole_budget or run.manifest.budget is None else run.manifest.budget * recipes

    def within(queries: int) -> float | None:
        return None if not spent or (most is not None and most < queries) else sum(q <= queries for q in broken) / len(spent)

    return CascadeCost(
        attacked=len(spent),
        broken=len(broken),
        queries_mean=mean(spent),
        queries_median=median(spent),
        queries_per_success=sum(spent) / len(broken) if broken else None,
        success_at={queries: within(queries) for queries in BUDGETS},
        curve=budget_curve(broken, len(spent)),
    )


def cumulative(outcomes: Sequence[Outcome]) -> int:
    """Texts asked by all recipes of a cascade on one example; the clean text, with which each begins, counts once."""
    return 1 + sum(max(0, o.queries - 1) for o in outcomes)


def told(cost: CascadeCost) -> str:
    """The cost in one sentence; nothing where nothing was attacked."""
    if not cost.attacked:
        return ""
    shares = ", ".join(f"{queries:,}: {percent(share)}" for queries, share in cost.success_at.items() if share is not None)
    each = f", {number(cost.queries_per_success, 1)} a success" if cost.broken else ""
    within = f"; broken within this many queries, all recipes together, {shares}" if shares else ""
    return f"whole cascade: {number(cost.queries_mean, 1)} queries an attacked example{each}{within}"


def planned(manifest: Manifest) -> tuple[str, ...]:
    """Recipes whose shares by the n-th query are not what a run with that budget would give; runs of old do not say, so all."""
    return tuple(str(recipe["name"]) for recipe in manifest.recipes if recipe.get("plans", True))


def rows_note(manifest: Manifest) -> str:
    """What the rows of shares by the n-th query are, and which of them no run with that budget would give."""
    bound = "" if not manifest.whole_budget else " Each recipe of the cascade starts counting afresh, on what was left to it."
    plan = planned(manifest)
    if not plan:
        return f"The share of attacked examples that each recipe had broken by its n-th query.{bound}"
    names = "every recipe" if len(plan) == len(manifest.recipes) else ", ".join(plan)
    return (
        f"The share of attacked examples that each recipe had broken by its n-th query.{bound} For {names} a run with that small "
        "a budget gives another share, higher or lower: the search plans for its budget, or learned from trials of full length."
    )
