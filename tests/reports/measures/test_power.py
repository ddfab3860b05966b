"""Power, by hand, against plain simulation, and in its directions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reports.measures.intervals import exact
from reports.measures.paired import mcnemar, tango
from reports.measures.power import deciding_distance, decision_power, drop_power, pairs_to_pass, visible_drop


def test_drop_power_by_hand() -> None:
    # without churn the test needs six broken pairs: 2 / 2**6 < 0.05 <= 2 / 2**5
    n, drop = 20, 0.3
    at_least_six = 1 - sum(math.comb(n, k) * drop**k * (1 - drop) ** (n - k) for k in range(6))
    assert drop_power(n, drop) == pytest.approx(at_least_six, rel=1e-9)
    assert drop_power(5, 1.0) == 0.0
    assert drop_power(6, 1.0) == pytest.approx(1.0)
    assert drop_power(0, 0.5) == drop_power(9, 0.0) == 0.0


@pytest.mark.parametrize(("n", "drop", "churn"), [(150, 0.08, 0.04), (600, 0.05, 0.1)])
def test_drop_power_is_what_happens(n: int, drop: float, churn: float) -> None:
    rng = np.random.default_rng(5)
    draws = rng.multinomial(n, [drop + churn, churn, 1 - drop - 2 * churn], size=4000)
    found = np.mean([mcnemar(int(b), int(f)) <= 0.05 and b > f for b, f, _ in draws])
    assert drop_power(n, drop, churn) == pytest.approx(found, abs=0.025)


def test_the_visible_drop_is_seen_four_times_in_five() -> None:
    for n, churn in ((100, 0.0), (400, 0.05), (1030, 0.1)):
        drop = visible_drop(n, churn)
        assert drop is not None
        assert drop_power(n, drop, churn) == pytest.approx(0.8, abs=1e-3)
    assert visible_drop(5) is None
    seen = [visible_drop(n, c) or 1.0 for n, c in ((200, 0.0), (200, 0.05), (200, 0.1))]
    assert seen == sorted(seen)


def test_pairs_to_pass() -> None:
    # (1.96 + 0.8416)^2 * 2 * 0.05 / 0.05^2 = 313.96; and z^2 (1 - m) / m where nothing differs
    assert pairs_to_pass(0.05, 0.05) == 314
    quiet = pairs_to_pass(0.02)
    assert quiet == 189
    assert tango(0, 0, quiet)[0] >= -0.02 > tango(0, 0, quiet - 1)[0]
    assert pairs_to_pass(0.0) is None


def test_pairs_to_pass_pass_four_times_in_five() -> None:
    n = pairs_to_pass(0.03, 0.05)
    assert n is not None
    rng = np.random.default_rng(6)
    draws = rng.multinomial(n, [0.05, 0.05, 0.9], size=1500)
    passed = np.mean([tango(int(b), int(f), n)[0] >= -0.03 for b, f, _ in draws])
    assert 0.76 < passed < 0.86


@pytest.mark.parametrize(("rate", "threshold"), [(0.4, 0.3), (0.2, 0.3)])
def test_decision_power_is_the_sum_over_all_counts(rate: float, threshold: float) -> None:
    n, expected = 120, 0.0
    for k in range(n + 1):
        low, high = exact(k, n)
        right = low >= threshold if rate > threshold else high < threshold
        expected += right * math.comb(n, k) * rate**k * (1 - rate) ** (n - k)
    assert decision_power(n, rate, threshold) == pytest.approx(expected, rel=1e-9)
    assert decision_power(n, threshold, threshold) == 0.0


def test_deciding_distance() -> None:
    distance = deciding_distance(300, 0.3)
    assert distance is not None
    assert decision_power(300, 0.3 + distance, 0.3) == pytest.approx(0.8, abs=1e-3)
    assert deciding_distance(300, 1.0) is None


@pytest.mark.parametrize("bad", [(-1, 0.1, 0.0), (10, -0.1, 0.0), (10, 0.5, 0.3)])
def test_impossible_questions_are_refused(bad: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="drop \\+ 2 churn at most 1"):
        drop_power(*bad)
