from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from reports.measures.intervals import exact, mean, median, proportion, settling_n
from reports.measures.power import false_verdicts

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from((0.5, 0.9, 0.95, 0.999)))
@settings(max_examples=80, deadline=None)
def test_the_interval_is_scipys_clopper_pearson(count: tuple[int, int], confidence: float) -> None:
    expected = binomtest(*count).proportion_ci(confidence_level=confidence, method="exact")
    assert exact(*count, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe 1998 (Statistics in Medicine 17, 857-872), table I, method 5
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_the_interval_gives_newcombes_printed_figures(successes: int, n: int, low: float, high: float) -> None:
    assert exact(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("n", [1, 20, 50, 200])
def test_neither_error_of_the_gate_exceeds_what_is_stated_at_any_threshold(n: int) -> None:
    """Wilson's fails a victim exactly at 98 % on 50 examples 7.8 % of the time, and passes one at 20 % on one example 20 %."""
    errors = [error for percent in range(1, 100) for error in false_verdicts(n, percent / 100)]
    assert max(errors) <= 0.025 + 1e-12


def test_nothing_observed_says_nothing() -> None:
    nothing = proportion(0, 0)
    assert (nothing.rate, nothing.low, nothing.high) == (None, 0.0, 1.0)


def test_none_and_all_keep_their_end_exactly() -> None:
    assert exact(0, 7)[0] == 0.0
    assert exact(7, 7)[1] == 1.0
    assert exact(7, 7)[0] < 1.0


@pytest.mark.parametrize("bad", [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(bad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="successes <= n"):
        exact(*bad)
    with pytest.raises(ValueError, match="confidence"):
        exact(1, 2, 95)


@given(st.integers(1, 99), st.integers(1, 99))
@settings(max_examples=80, deadline=None)
def test_settling_n_settles_and_no_fewer_does(percent: int, threshold: int) -> None:
    settled = settling_n(percent / 100, threshold / 100)
    if percent == threshold:
        assert settled is None
        return
    assert settled is not None
    n = -(-settled // 100) * 100  # the first n at which the rate is a whole number of examples
    low, high = exact(n * percent // 100, n)
    assert not low <= threshold / 100 <= high
    if settled > 100 and (fewer := (settled - 1) // 100 * 100):
        low, high = exact(fewer * percent // 100, fewer)
        assert low <= threshold / 100 <= high


@given(st.lists(st.integers(0, 99), min_size=1))
@settings(max_examples=40, deadline=None)
def test_mean_and_median(values: list[int]) -> None:
    assert mean(values) == pytest.approx(statistics.fmean(values))
    assert median(values) == statistics.median(values)
    assert mean([]) is median([]) is None
