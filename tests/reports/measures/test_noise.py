"""The noise of a victim in numbers and in every report: flip rate, found and confirmed, breach probabilities."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console
from scipy.stats import binomtest

from reports.gate.gate import evaluate
from reports.measures.chance.floor import breach, noise
from reports.measures.of_run import measure
from reports.render import render_all
from reports.render.terminal import print_run
from reports.run import Outcome, Run

MakeOutcome = Callable[..., Outcome]
VARIES = {"texts": 20, "flips": 2, "moved": 3, "misplaced": 0, "how": "varies", "confirm": 5}


@pytest.fixture
def varying(make_run: Callable[..., Run], make_outcome: MakeOutcome) -> Run:
    """One confirmed break, one refuted, one left open, one that held."""
    fresh = {"fresh_asked": 5, "fresh_reached": 4, "control_asked": 10, "control_reached": 1}
    outcomes = [
        make_outcome("broken", "pwws", **fresh),
        make_outcome("lucky", "pwws", "failed", unconfirmed=2),
        make_outcome("open", "pwws", "undecided", undecided=1, control_asked=10, control_reached=5),
        make_outcome("held", "pwws", "failed"),
    ]
    return make_run(outcomes, repeats=VARIES)


def test_only_confirmed_ones_count_and_what_is_open_is_in_no_rate(varying: Run) -> None:
    found, whole = noise(varying), measure(varying).overall
    assert found is not None
    assert (found.found, found.confirmed, found.undecided, found.curse) == (3, 1, 1, 2)
    assert (found.breach, found.control) == (0.8, 0.1)
    assert (whole.judged, whole.not_judged, whole.attack_success_rate.successes) == (3, 1, 1)
    assert whole.robust_accuracy.unknown == 1


def test_a_breach_probability_rests_on_fresh_answers_alone(varying: Run, make_outcome: MakeOutcome) -> None:
    often = breach(varying.outcomes[0])
    assert often is not None
    exact = binomtest(4, 5).proportion_ci(0.95)
    assert (often.low, often.high) == pytest.approx((exact.low, exact.high))
    assert breach(make_outcome("sure", "pwws")) is None, "a victim that does not vary was not asked again"


def test_the_noise_stands_in_every_report(varying: Run) -> None:
    render_all(varying)
    console = Console(record=True, width=200)
    print_run(varying, evaluate(varying), console)
    folder = varying.path
    terminal = console.export_text()
    assert "2 of 20 clean texts changed their answer when asked again (1.2–31.7 %)" in terminal
    assert "found broken by the search 3, confirmed 1, left open 1" in terminal
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())["noise"]
    assert (summary["found"], summary["confirmed"], summary["found_minus_confirmed"]) == (3, 1, 2)
    markdown, page = ((folder / name).read_text("utf-8") for name in ("report.md", "report.html"))
    assert "breach probability 80.0 % (28.4–99.5) from 5 fresh answers" in markdown
    assert "4 of 5 fresh answers, 80.0 % (28.4–99.5); the original 1 of 10" in page
    assert 'id="noise"' in page
    rows = csv.DictReader((folder / "failures.csv").read_text("utf-8-sig").splitlines())
    assert [row["fresh_reached"] for row in rows] == ["4"]


def test_a_victim_that_does_not_vary_has_no_section(make_run: Callable[..., Run], make_outcome: MakeOutcome) -> None:
    run = make_run([make_outcome("e", "pwws")], repeats={**VARIES, "flips": 0, "moved": 0, "how": "alike", "confirm": 0})
    render_all(run)
    assert "## Noise" not in (run.path / "report.md").read_text()
    assert 'id="noise"' not in (run.path / "report.html").read_text()
