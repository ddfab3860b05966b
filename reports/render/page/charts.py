"""Geometry of the report's curves, in percent of their box, so that one drawing fits a phone and a wide screen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.render.numbers import percent

LEFT, RIGHT, TOP, BOTTOM = 17.0, 97.0, 6.0, 86.0
"""The plotting area within the box; what lies outside holds the axis labels."""
LOOKS = 8
"""Different strokes of lines in one chart."""
WIDE_LEFT = 7.0
_BUDGET_TICKS = (1, 10, 100, 1000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Point:
    """A measured value at its place; ``low`` and ``high`` are the ends of its interval."""

    x: float
    y: float
    low: float
    high: float
    note: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One curve. ``line`` and ``band``: SVG point lists. ``ticks``: (x, label) of the horizontal axis."""

    name: str
    points: tuple[Point, ...]
    line: str
    band: str
    ticks: tuple[tuple[float, str], ...]
    summary: str
    end: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One of several lines in a chart. ``look``: which of ``LOOKS`` strokes it has, so that colour is not all that tells."""

    name: str
    look: int
    line: str
    end: str
    summary: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Several lines over one axis. ``ticks``: (x, label) of the horizontal axis."""

    series: tuple[Series, ...]
    ticks: tuple[tuple[float, str], ...]
    summary: str


def across(share: float) -> float:
    """A horizontal place from 0 to 1 in the plotting area."""
    return round(LEFT + (RIGHT - LEFT) * share, 2)


def over(share: float) -> float:
    """A horizontal place from 0 to 1 in a chart as wide as the page, whose labels take less of it."""
    return round(WIDE_LEFT + (RIGHT - WIDE_LEFT) * share, 2)


def up(share: float) -> float:
    """A vertical place from 0 (bottom) to 1 (top) in the plotting area."""
    return round(BOTTOM - (BOTTOM - TOP) * share, 2)


def severity_plots(rows: Iterable[Mapping[str, Any]], clean: Mapping[str, Mapping[str, Any] | None]) -> tuple[Plot, ...]:
    """One plot for each recipe with a ladder: accuracy at each severity, beginning with the clean one where it is known."""
    ladders: dict[str, dict[int, Mapping[str, Any]]] = {}
    for row in rows:
        ladders.setdefault(str(row["recipe"]), {})[int(row["severity"])] = row["accuracy"]
    for name, rungs in ladders.items():
        start = clean.get(name)
        if start:
            rungs[0] = start
    return tuple(_severity_plot(name, rungs) for name, rungs in ladders.items())


def _severity_plot(name: str, rungs: Mapping[int, Mapping[str, Any]]) -> Plot:
    last = max(5, *rungs)
    points = [_rung(level, last, rungs[level]) for level in sorted(rungs) if rungs[level]["rate"] is not None]
    first, end = (points[0], points[-1]) if points else (None, None)
    summary = f"{name}: {first.note}; {end.note}" if first and end else f"{name}: nothing measured"
    ticks = tuple((across(level / last), "clean" if level == 0 else str(level)) for level in range(last + 1))
    last_rate = rungs[max(rungs)]["rate"]
    return Plot(name, tuple(points), _line(points), _band(points), ticks, summary, percent(last_rate, 0))


def _rung(level: int, last: int, accuracy: Mapping[str, Any]) -> Point:
    rate, low, high = accuracy["rate"], accuracy["low"], accuracy["high"]
    where = "clean" if level == 0 else f"severity {level}"
    note = f"{where} {percent(rate)} ({percent(low)} to {percent(high)})"
    return Point(across(level / last), up(rate), up(low), up(high), note)


def _line(points: Sequence[Point]) -> str:
    return " ".join(f"{p.x},{p.y}" for p in points)


def _band(points: Sequence[Point]) -> str:
    return " ".join([*(f"{p.x},{p.high}" for p in points), *(f"{p.x},{p.low}" for p in reversed(points))])


def budget_chart(recipes: Iterable[Mapping[str, Any]], budget: int | None) -> Chart | None:
    """One line for each searching recipe: the share of attacked examples broken within each number of queries, on a log scale.

    None where no recipe broke anything.
    """
    searching = [r for r in recipes if r["budget_curve"]]
    if not searching:
        return None
    most = max([budget or 0, 100, *(int(r["budget_curve"][-1][0]) for r in searching)])
    ticks = tuple((over(_log(q, most)), f"{q:,}") for q in (*(q for q in _BUDGET_TICKS if 2 * q <= most), most))
    series = tuple(_series(recipe, at, most) for at, recipe in enumerate(searching))
    return Chart(series, ticks, "; ".join(one.summary for one in series))


def cascade_chart(cascade: Mapping[str, Any] | None, budget: int | None) -> Chart | None:
    """The same of a whole cascade, the queries of all its recipes added up; None where there was none, or it broke nothing."""
    if cascade is None or not cascade["curve"]:
        return None
    return budget_chart([{"name": "whole cascade", "budget_curve": cascade["curve"]}], budget)


def _series(recipe: Mapping[str, Any], at: int, most: int) -> Series:
    curve = [(int(queries), float(share)) for queries, share in recipe["budget_curve"]]
    corners = [(over(0), up(0))]
    for queries, share in curve:
        x = over(_log(queries, most))
        corners += [(x, corners[-1][1]), (x, up(share))]
    corners.append((over(1), corners[-1][1]))
    end, name = percent(curve[-1][1], 0), str(recipe["name"])
    line = " ".join(f"{x},{y}" for x, y in corners)
    return Series(name, at % LOOKS, line, end, f"{name}: {end} broken within {curve[-1][0]:,} queries")


def _log(queries: int, most: int) -> float:
    return math.log(max(1, queries)) / math.log(most)
