"""The cost of a cascade: queries of all its recipes added up, and what its rows say of smaller budgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.measures.cascade import cascade_cost, rows_note
from reports.render.page.charts import cascade_chart
from reports.run import Judged, Manifest, Outcome, Run

SAID = Judged("negative")


def outcome(example: str, recipe: str, status: str, queries: int) -> Outcome:
    best = {"best": SAID, "perturbed": "x"} if status == "succeeded" else {}
    return Outcome(example, recipe, status, "positive", "text", {"text": example}, clean=SAID, queries=queries, **best)  # type: ignore[arg-type]


def run(search: dict[str, Any], *, plans: tuple[bool | None, bool | None] = (False, True)) -> Run:
    recipes = tuple({"name": name, **({} if p is None else {"plans": p})} for name, p in zip("ab", plans, strict=True))
    outcomes = (
        *(outcome("1", "a", "succeeded", 20), outcome("2", "a", "failed", 41), outcome("2", "b", "succeeded", 31)),
        *(outcome("3", "a", "failed", 41), outcome("3", "b", "exhausted", 460)),
    )
    manifest = Manifest("now", {}, 0, "paper", 500, True, 3, {}, {}, recipes, search=search, finished=True)
    return Run(Path("nowhere"), manifest, outcomes)


def test_queries_of_a_cascade_add_up_and_the_clean_text_counts_once() -> None:
    cost = cascade_cost(run({"budget_of": "example"}))
    assert cost is not None
    assert (cost.attacked, cost.broken) == (3, 2)
    assert cost.queries_per_success == pytest.approx((20 + 71 + 500) / 2)
    assert cost.curve == ((20, 1 / 3), (71, 2 / 3))
    assert cost.success_at == {50: 1 / 3, 100: 2 / 3, 500: 2 / 3, 1000: None}


def test_the_budget_of_an_older_run_bound_each_recipe() -> None:
    cost = cascade_cost(run({}))
    assert cost is not None
    assert cost.success_at[1000] == pytest.approx(2 / 3)


def test_the_chart_of_a_cascade_reaches_to_its_budget() -> None:
    cost = cascade_cost(run({"budget_of": "example"}))
    assert cost is not None
    plot = cascade_chart({"curve": cost.curve}, 500)
    assert plot is not None
    assert plot.summary == "whole cascade: 67 % broken within 71 queries"
    assert plot.ticks[-1][1] == "500"
    assert cascade_chart(None, 500) is cascade_chart({"curve": ()}, 500) is None


def test_rows_say_which_recipes_give_another_share_with_a_smaller_budget() -> None:
    assert "For b a run with that small a budget gives another share" in rows_note(run({"budget_of": "example"}).manifest)
    assert "For every recipe" in rows_note(run({}, plans=(None, None)).manifest), "runs of old do not say which"
    assert "another share" not in rows_note(run({}, plans=(False, False)).manifest)


def test_reports_draw_the_cascade_and_name_the_rows(make_run: Callable[..., Run]) -> None:
    from reports.gate.gate import evaluate
    from reports.gate.policy import Policy
    from reports.measures.of_run import measure
    from reports.measures.summary import summarise
    from reports.render.markdown import markdown_report
    from reports.render.page.page import html_report

    made = run({"budget_of": "example"})
    found = make_run(made.outcomes, recipes=("a", "b"), cascade=True, search={"budget_of": "example"}, examples=3)
    measured, gate = measure(found), evaluate(found, Policy())
    assert "What the whole cascade cost" in html_report(found, summarise(found, gate, measured), gate)
    text = markdown_report(found, measured, gate)
    assert "whole cascade, all recipes together" in text
    assert "500 queries an example, all recipes together" in text
