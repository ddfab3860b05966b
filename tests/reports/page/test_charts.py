"""The report's curves stand where their numbers say."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.measures.intervals import proportion
from reports.render.page.charts import BOTTOM, LEFT, LOOKS, RIGHT, TOP, across, budget_chart, over, severity_plots, up


def rung(recipe: str, severity: int, right: int) -> dict[str, Any]:
    return {"recipe": recipe, "severity": severity, "accuracy": asdict(proportion(right, 100))}


def test_places_run_from_edge_to_edge_of_the_plotting_area() -> None:
    assert (across(0), across(1)) == (LEFT, RIGHT)
    assert (up(0), up(1)) == (BOTTOM, TOP)
    assert 0 < LEFT < RIGHT <= 100
    assert 0 <= TOP < BOTTOM < 100


def test_a_severity_curve_starts_clean_and_ends_at_the_worst() -> None:
    rows = [rung("typos", severity, 90 - 10 * severity) for severity in range(1, 6)]
    (plot,) = severity_plots(rows, {"typos": asdict(proportion(90, 100))})
    assert [p.x for p in plot.points] == [across(i / 5) for i in range(6)]
    assert [p.y for p in plot.points] == [up(share) for share in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)]
    assert all(p.high < p.y < p.low for p in plot.points)
    assert [label for _, label in plot.ticks] == ["clean", "1", "2", "3", "4", "5"]
    assert plot.end == "40 %"
    assert "clean 90.0 %" in plot.summary


def test_a_severity_curve_without_clean_accuracy_starts_at_one() -> None:
    (plot,) = severity_plots([rung("typos", 1, 50), rung("typos", 2, 40)], {"typos": None})
    assert [p.x for p in plot.points] == [across(0.2), across(0.4)]


def test_one_chart_holds_every_recipe_that_broke_something_each_line_of_another_stroke() -> None:
    recipes = [{"name": f"r{n}", "budget_curve": [(10, 0.2), (100, 0.5)]} for n in range(3)]
    chart = budget_chart([*recipes, {"name": "pwws", "budget_curve": []}], 10_000)
    assert chart is not None
    corners = [tuple(map(float, corner.split(","))) for corner in chart.series[0].line.split()]
    assert corners == [
        (over(0), up(0)),
        (over(0.25), up(0)),
        (over(0.25), up(0.2)),
        (over(0.5), up(0.2)),
        (over(0.5), up(0.5)),
        (over(1), up(0.5)),
    ]
    assert [label for _, label in chart.ticks] == ["1", "10", "100", "1,000", "10,000"]
    assert [(one.name, one.look, one.end) for one in chart.series] == [("r0", 0, "50 %"), ("r1", 1, "50 %"), ("r2", 2, "50 %")]
    assert LOOKS > 3


def test_recipes_that_won_nothing_have_no_curve() -> None:
    assert budget_chart([{"name": "pwws", "budget_curve": []}], 500) is None
