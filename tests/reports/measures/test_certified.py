"""What samples certify: against the textbook, and by simulation with known rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from reports.measures.chance.certified import (
    anytime_upper,
    evidence_above,
    evidence_below,
    lower,
    samples_for,
    share_shown,
    shown_among,
    upper,
)


def test_fifty_nine_agreeing_samples_show_ninety_five_percent() -> None:
    assert samples_for(0.05, 0.95) == 59
    assert samples_for(0.01, 0.95) == 299
    assert samples_for(0.05, 0.95, failures=1) == 93
    assert upper(0, 59, 0.95) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert upper(0, 58, 0.95) > 0.05 > upper(0, 59, 0.95)


@given(st.integers(1, 400), st.data())
def test_the_bound_is_the_one_sided_interval_of_clopper_and_pearson(n: int, data: st.DataObject) -> None:
    failures = data.draw(st.integers(0, n))
    expected = 1.0 if failures == n else float(beta.ppf(0.95, failures + 1, n - failures))
    assert upper(failures, n, 0.95) == pytest.approx(expected)
    if failures < n:
        assert binom.cdf(failures, n, upper(failures, n, 0.95)) == pytest.approx(0.05)
    assert lower(n - failures, n, 0.95) == pytest.approx(1 - expected)


@pytest.mark.parametrize("rate", [0.05, 0.08])
def test_a_bound_that_may_be_looked_at_at_any_time_is_wrong_as_seldom_as_it_says(rate: float) -> None:
    draw = np.random.default_rng(0)
    wrong = 0
    for _ in range(1000):
        failures = np.cumsum(draw.random(200) < rate)
        wrong += any(evidence_below(int(f), n, 0.05) >= 20 for n, f in enumerate(failures, start=1))
    assert wrong / 1000 <= 0.05


def test_evidence_above_is_as_seldom_wrong() -> None:
    draw = np.random.default_rng(1)
    wrong = 0
    for _ in range(1000):
        failures = np.cumsum(draw.random(200) < 0.05)
        wrong += any(evidence_above(int(f), n, 0.05) >= 20 for n, f in enumerate(failures, start=1))
    assert wrong / 1000 <= 0.05


@pytest.mark.parametrize("tau", [0.01, 0.05, 0.3])
def test_the_bet_gains_nothing_on_average_at_the_rate_it_is_against(tau: float) -> None:
    """Exactly: the mean over all outcomes of n samples at the rate itself is 1."""
    for evidence in (evidence_below, evidence_above):
        mean = sum(binom.pmf(f, 40, tau) * evidence(f, 40, tau) for f in range(41))
        assert mean == pytest.approx(1.0, abs=1e-6)


def test_stopping_early_costs_few_samples_and_survives_a_failure() -> None:
    first = {f: next(n for n in range(1, 500) if n > f and evidence_below(f, n, 0.05) >= 20) for f in (0, 1)}
    assert first[0] <= 75
    assert first[1] <= 150
    assert anytime_upper(0, first[0], 0.95) <= 0.05 < anytime_upper(0, first[0] - 1, 0.95)


@pytest.mark.parametrize("good", [0.0, 0.5, 0.9, 1.0])
def test_the_share_of_examples_is_bounded_as_seldom_wrongly_as_stated(good: float) -> None:
    """Examples without the property fail at exactly the tolerated rate, where they are wrongly shown most often."""
    draw = np.random.default_rng(2)
    tau, n, error = 0.05, 60, 0.05
    wrong = among = 0
    for _ in range(600):
        is_good = draw.random(n) < good
        failures = draw.binomial(59, np.where(is_good, 0.0, tau))
        shown = int((failures == 0).sum())
        wrong += share_shown(shown, n, 0.95, error) > good
        among += shown_among(shown, n, 0.95, error) > int(is_good.sum())
    assert wrong / 600 <= 0.06
    assert among / 600 <= 0.06


def test_all_shown_of_a_hundred_bounds_the_share_by_the_examples_alone() -> None:
    assert share_shown(100, 100, 0.95, 0.05) == pytest.approx((0.05 ** (1 / 100) - 0.05) / 0.95)
    assert shown_among(100, 100, 0.95, 0.05) == 100
    assert (share_shown(0, 100, 0.95, 0.05), shown_among(0, 100, 0.95, 0.05)) == (0.0, 0)
