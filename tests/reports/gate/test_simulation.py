"""The simulations behind ``docs/statistics.md``, smaller: every error at or below its stated level, and the documented tables."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from reports.measures.power import deciding_distance, pairs_to_pass, visible_drop

ROOT = Path(__file__).parents[3]
AUDITS = 400
CHURNS = (0.0, 0.02, 0.05, 0.1)


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """``bench/simulate_gate.py`` as a module."""
    spec = importlib.util.spec_from_file_location("simulate_gate", ROOT / "bench" / "simulate_gate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_intervals_cover(bench: ModuleType, rng: np.random.Generator) -> None:
    """Within a point of nominal when averaged; a row of 400 pairs is off by about one point by chance."""
    rows: list[dict[str, Any]] = bench.coverage(rng, AUDITS)
    assert 0.95 <= np.mean([row["exact"] for row in rows]) < 0.98
    assert np.mean([row["paired"] for row in rows]) == pytest.approx(0.95, abs=0.015)


def test_the_gate_is_seldom_red_at_its_threshold(bench: ModuleType, rng: np.random.Generator) -> None:
    rows = bench.gate(rng, AUDITS)
    assert rows[0]["true"] == rows[0]["threshold"]
    assert rows[0]["failed"] <= 0.05
    assert rows[0]["passed"] <= 0.05
    for row in rows[1:]:
        decided = row["passed"] if row["true"] > row["threshold"] else row["failed"]
        assert decided == pytest.approx(row["computed"], abs=0.08)


@pytest.mark.slow
def test_comparison_is_seldom_wrong(bench: ModuleType, rng: np.random.Generator) -> None:
    quiet, noisy, still, churned, margin, worse, better = bench.comparison(rng, AUDITS)
    assert quiet["regressed"] <= 0.05
    assert noisy["regressed"] <= 0.05
    assert max(still["regressed"], churned["regressed"], margin["regressed"]) <= 0.05  # worse, and within the margin
    assert margin["no evidence"] + margin["improved"] <= 0.05
    assert worse["regressed"] > 0.7
    assert better["improved"] > 0.9


def test_sequential_audits_are_seldom_wrong_and_stop_early(bench: ModuleType, rng: np.random.Generator) -> None:
    rows = {row["true"]: row for row in bench.watched(rng, 200)}
    assert rows[0.3]["pass"] <= 0.05
    assert rows[0.3]["fail"] <= 0.05
    assert rows[0.6]["pass"] > 0.95
    assert rows[0.05]["fail"] > 0.95
    assert max(rows[0.6]["drawn"], rows[0.05]["drawn"]) < 60


def test_peeking_at_exact_intervals_would_be_wrong(bench: ModuleType, rng: np.random.Generator) -> None:
    (row,) = bench.peeking(rng, 300)
    assert row["anytime"] <= 0.05 < 0.1 < row["exact"]


def test_groups_are_not_taken_for_independent_examples(bench: ModuleType, rng: np.random.Generator) -> None:
    """Twenty documents of ten rows that correlate by 0.3: one by one, 90 % is failed and passed five times too often."""
    for row in bench.clusters(rng, AUDITS):
        assert max(row["--group: false pass"], row["--group: false fail"]) <= 0.045
        if (row["groups"], row["of"], row["icc"], row["true"]) == (20, 10, 0.3, 0.5):
            assert min(row["alone: false pass"], row["alone: false fail"]) > 0.1


def test_family_wise_keeps_one_error_for_all_rules(bench: ModuleType, rng: np.random.Generator) -> None:
    for row in bench.several(rng, AUDITS):
        assert row["failed, family-wise"] <= 0.04
    assert row["failed, each by itself"] > 0.2


def table(heading: str) -> list[list[str]]:
    """The rows of the table in ``docs/statistics.md`` whose header begins with this."""
    text = (ROOT / "docs" / "statistics.md").read_text("utf-8")
    lines = text[text.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"\|", line.strip("|"))] for line in lines]


def test_the_documented_power_is_what_is_computed() -> None:
    for n, *drops, above in table("n | drop, churn 0"):
        assert [f"{100 * (visible_drop(int(n), churn) or 1):.1f}" for churn in CHURNS] == drops
        assert f"{100 * (deciding_distance(int(n), 0.3) or 1):.1f}" == above


def test_the_documented_margins_are_what_is_computed() -> None:
    for margin, *counts in table("margin"):
        points = int(margin.split()[0]) / 100
        assert [f"{pairs_to_pass(points, churn):,}" for churn in CHURNS] == counts
