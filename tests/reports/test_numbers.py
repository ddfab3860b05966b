"""Numbers as every report writes them: one unit word each, and a dash for what was not measured."""

from __future__ import annotations

from reports.measures.intervals import proportion
from reports.render.numbers import interval, percent, points, points_interval


def test_a_number_that_is_not_there_is_a_dash() -> None:
    assert {percent(None), points(None), interval(None), points_interval(None), points_interval(proportion(0, 0))} == {"–"}


def test_shares_are_percent_and_differences_points() -> None:
    assert (percent(0.1234), percent(1.0, 0), points(0.1234)) == ("12.3 %", "100 %", "12.3 points")
    half = proportion(50, 100)
    assert (interval(half), points_interval(half)) == ("50.0 % (39.8–60.2)", "50.0 (39.8–60.2) points")
