"""What a cascade costs as a whole: queries of all its recipes on one example, added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.measures.intervals import mean, median
from reports.measures.metrics import BUDGETS, by_example, fate
from reports.render.numbers import number, percent
from reports.run import Run


@dataclass(frozen=True, slots=True)
class CascadeCost:
    """Queries of a whole cascade by example, recipes added up in their order until one broke it or all had ended.

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
            queries = sum(o.queries for o in outcomes)
            spent.append(queries)
            broken += [queries] if end == "broken" else []
    most = None if run.manifest.budget is None else run.manifest.budget * recipes

    def within(queries: int) -> float | None:
        return None if not spent or (most is not None and most < queries) else sum(q <= queries for q in broken) / len(spent)

    return CascadeCost(
        attacked=len(spent),
        broken=len(broken),
        queries_mean=mean(spent),
        queries_median=median(spent),
        queries_per_success=sum(spent) / len(broken) if broken else None,
        success_at={queries: within(queries) for queries in BUDGETS},
    )


def told(cost: CascadeCost) -> str:
    """The cost in one sentence; nothing where nothing was attacked."""
    if not cost.attacked:
        return ""
    shares = ", ".join(f"{queries:,}: {percent(share)}" for queries, share in cost.success_at.items() if share is not None)
    each = f", {number(cost.queries_per_success, 1)} a success" if cost.broken else ""
    within = f"; broken within this many queries, all recipes together, {shares}" if shares else ""
    return f"whole cascade: {number(cost.queries_mean, 1)} queries an attacked example{each}{within}"
