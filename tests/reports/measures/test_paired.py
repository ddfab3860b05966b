"""Paired statistics against figures printed in the literature, scipy, and their own symmetries."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from reports.measures.paired import Pairs, holm, mcnemar, tabulate, tango

tables = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))


@pytest.mark.parametrize(
    ("broken", "fixed", "p"),
    [
        # Fagerland, Lydersen and Laake 2013, table 1: airway hyper-responsiveness before and after transplantation, 1 and 7
        (1, 7, 0.0703125),
        (7, 1, 0.0703125),
        (0, 5, 0.0625),  # 2 / 32: five pairs that agree are not enough
        (0, 6, 0.03125),  # 2 / 64: six are
        (0, 0, 1.0),
        (3, 3, 1.0),
    ],
)
def test_mcnemar_by_hand(broken: int, fixed: int, p: float) -> None:
    assert mcnemar(broken, fixed) == p


@given(st.integers(0, 900), st.integers(0, 900))
@settings(max_examples=40, deadline=None)
def test_mcnemar_is_the_binomial_test(broken: int, fixed: int) -> None:
    expected = binomtest(broken, broken + fixed).pvalue if broken + fixed else 1.0
    assert mcnemar(broken, fixed) == pytest.approx(expected, rel=1e-9)


def test_tango_gives_printed_figures() -> None:
    # Fagerland, Lydersen and Laake 2014, airway hyper-responsiveness: 1 broken, 7 fixed of 21
    assert tango(1, 7, 21) == pytest.approx((0.026, 0.517), abs=6e-4)


@pytest.mark.parametrize(("broken", "fixed", "n"), [(9, 2, 50), (30, 41, 700), (0, 4, 30)])
def test_tangos_ends_are_where_the_score_is_z(broken: int, fixed: int, n: int) -> None:
    """The constrained maximum is found here by search, not by the quadratic that the code solves."""
    for change, sign in zip(tango(broken, fixed, n), (1, -1), strict=True):
        shares = np.linspace(max(0, -change), (1 - change) / 2, 400_001)[1:-1]
        rest = n - broken - fixed
        likelihood = fixed * np.log(shares + change) + broken * np.log(shares) + rest * np.log(1 - 2 * shares - change)
        share = shares[np.argmax(likelihood)]
        error = (n * (2 * share + change - change**2)) ** 0.5
        assert (fixed - broken - n * change) / error == pytest.approx(sign * norm.ppf(0.975), abs=2e-3)


def test_tango_keeps_its_width_where_no_pair_differs() -> None:
    z2 = norm.ppf(0.975) ** 2
    assert tango(0, 0, 200) == pytest.approx((-z2 / (200 + z2), z2 / (200 + z2)), abs=1e-9)
    assert tango(0, 0, 0) == (-1.0, 1.0)
    assert tango(9, 0, 9)[0] == -1.0


@given(tables, st.sampled_from((0.8, 0.95, 0.99)))
@settings(max_examples=60, deadline=None)
def test_tango_turns_with_the_runs_and_holds_the_change(table: tuple[int, int, int], confidence: float) -> None:
    broken, fixed, rest = table
    n = broken + fixed + rest
    low, high = tango(broken, fixed, n, confidence)
    assert tango(fixed, broken, n, confidence) == pytest.approx((-high, -low), abs=1e-9)
    assert -1 <= low <= (fixed - broken) / max(1, n) <= high <= 1


@given(tables)
@settings(max_examples=60, deadline=None)
def test_tango_at_no_change_is_mcnemars_score_test(table: tuple[int, int, int]) -> None:
    broken, fixed, _ = table
    if abs(abs(broken - fixed) - norm.ppf(0.975) * (broken + fixed) ** 0.5) < 1e-6 or not broken + fixed:
        return
    low, high = tango(broken, fixed, sum(table))
    rejected = abs(broken - fixed) > norm.ppf(0.975) * (broken + fixed) ** 0.5
    assert (low > 0 or high < 0) == rejected


def test_tables_are_counted_and_checked() -> None:
    pairs = tabulate([(True, True)] * 4 + [(True, False)] * 3 + [(False, True)] * 2 + [(False, False)])
    assert pairs == Pairs(4, 3, 2, 1)
    assert (pairs.n, pairs.base, pairs.candidate, pairs.change) == (10, 7, 6, -0.1)
    assert tabulate([]).change is None
    with pytest.raises(ValueError, match="from 0 up"):
        Pairs(1, -1, 0, 0)
    with pytest.raises(ValueError, match="at most n"):
        tango(3, 3, 5)
    with pytest.raises(ValueError, match="expected a confidence"):
        tango(1, 1, 5, 95)


def test_holm_by_hand() -> None:
    # 0.005 * 4, 0.011 * 3, 0.02 * 2, 0.04 * 1; later ones never below earlier ones
    assert holm([0.02, 0.005, 0.04, 0.011]) == pytest.approx((0.04, 0.02, 0.04, 0.033))
    assert holm([0.9, 0.6]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), max_size=8))
@settings(max_examples=60, deadline=None)
def test_holm_never_helps_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= a <= min(1.0, p * len(p_values)) + 1e-12 for p, a in zip(p_values, adjusted, strict=True))
    ranked = sorted(zip(p_values, adjusted, strict=True))
    assert all(x[1] <= y[1] for x, y in pairwise(ranked))
