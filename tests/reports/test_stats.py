from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from reports.stats import mean, median, proportion, settling_n, wilson

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from((0.5, 0.9, 0.95, 0.999)))
@settings(max_examples=80, deadline=None)
def test_wilson_is_scipys(count: tuple[int, int], confidence: float) -> None:
    expected = binomtest(*count).proportion_ci(confidence_level=confidence, method="wilson")
    assert wilson(*count, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe 1998 (Statistics in Medicine 17, 857-872), table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_printed_figures(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("n", "points"), [(100, 9.6), (1000, 3.1)])
def test_half_width_at_one_half(n: int, points: float) -> None:
    low, high = wilson(n // 2, n)
    assert round(50 * (high - low), 1) == points


def test_nothing_observed_says_nothing() -> None:
    nothing = proportion(0, 0)
    assert (nothing.rate, nothing.low, nothing.high) == (None, 0.0, 1.0)


def test_none_and_all_keep_their_end_exactly() -> None:
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0
    assert wilson(7, 7)[0] < 1.0


@pytest.mark.parametrize("bad", [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(bad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="successes <= n"):
        wilson(*bad)
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, 95)


@given(st.integers(1, 99), st.integers(1, 99))
@settings(max_examples=80, deadline=None)
def test_settling_n_settles_and_no_fewer_does(percent: int, threshold: int) -> None:
    settled = settling_n(percent / 100, threshold / 100)
    if percent == threshold:
        assert settled is None
        return
    assert settled is not None
    n = -(-settled // 100) * 100  # the first n at which the rate is a whole number of examples
    low, high = wilson(n * percent // 100, n)
    assert not low <= threshold / 100 <= high
    if settled > 200:
        fewer = (settled - 1) // 100 * 100
        low, high = wilson(fewer * percent // 100, fewer)
        assert low <= threshold / 100 <= high


@given(st.floats(0, 1), st.floats(0.01, 0.99))
@settings(max_examples=80, deadline=None)
def test_settling_n_is_the_first_that_a_score_test_rejects_at(rate: float, threshold: float) -> None:
    settled = settling_n(rate, threshold)
    if settled is None or settled > 10**9:
        return
    spread = statistics.NormalDist().inv_cdf(0.975) * (threshold * (1 - threshold)) ** 0.5
    assert abs(rate - threshold) > spread / settled**0.5 * (1 - 1e-12)
    assert settled == 1 or abs(rate - threshold) <= spread / (settled - 1) ** 0.5 * (1 + 1e-12)


@given(st.lists(st.integers(0, 99), min_size=1))
@settings(max_examples=40, deadline=None)
def test_mean_and_median(values: list[int]) -> None:
    assert mean(values) == pytest.approx(statistics.fmean(values))
    assert median(values) == statistics.median(values)
    assert mean([]) is median([]) is None
