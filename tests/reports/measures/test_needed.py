"""How many examples a sequential audit will need, foretold from a pilot."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.gate.verdicts import INCONCLUSIVE, RuleResult
from reports.measures.forecast import needed
from reports.measures.intervals import Proportion
from reports.measures.sequential import anytime, anytime_settling_n, next_look, outside


def rule(successes: int, n: int, threshold: float, name: str = "min_robust_accuracy") -> RuleResult:
    low, high = anytime(successes, n)
    observed = Proportion(successes, n, successes / n if n else None, low, high, 0.95, "anytime")
    return RuleResult(name, "run", INCONCLUSIVE, "", threshold, observed)


@given(st.integers(0, 60), st.integers(0, 60), st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.01, 0.99)))
@settings(max_examples=200, deadline=None)
def test_outside_is_outside_the_interval(hits: int, misses: int, threshold: float) -> None:
    low, high = anytime(hits, hits + misses)
    assert outside(hits, hits + misses, threshold) == (not low <= threshold <= high)


def test_a_sure_pilot_foretells_the_number_at_which_its_rate_settles() -> None:
    found = needed(rule(28_000, 40_000, 0.5), 40_000, 5000)
    settles = anytime_settling_n(0.7, 0.5)
    assert settles is not None
    assert found.median is not None
    assert found.most is not None
    assert settles / 2 < found.median < settles * 1.5
    assert found.median < found.most
    assert found.undecided == 0


def test_audits_end_where_it_says() -> None:
    """Audits drawn one example at a time from a known rate, looked at as a run looks."""
    found = needed(rule(28_000, 40_000, 0.6), 40_000, 2000)
    rng, stops = Random(7), []
    for _ in range(300):
        hits = drawn = 0
        while drawn < 2000:
            look = min(2000, next_look(drawn))
            hits, drawn = hits + sum(rng.random() < 0.7 for _ in range(look - drawn)), look
            low, high = anytime(hits, drawn)
            if not low <= 0.6 <= high:
                break
        stops.append(drawn)
    assert found.median is not None
    assert found.most is not None
    assert 0.4 <= sum(stop <= found.median for stop in stops) / 300 <= 0.65
    assert 0.85 <= sum(stop <= found.most for stop in stops) / 300 <= 0.96


def test_a_small_pilot_is_unsure() -> None:
    sure, unsure = needed(rule(700, 1000, 0.5), 1000, 1000), needed(rule(7, 10, 0.5), 10, 1000)
    assert sure.most is not None
    assert unsure.most is not None
    assert unsure.most > sure.most
    assert (unsure.undecided or 0) > (sure.undecided or 0)


def test_a_rate_at_the_threshold_is_never_decided() -> None:
    found = needed(rule(2000, 4000, 0.5), 4000, 200)
    assert (found.median, found.most) == (200, 200)
    assert (found.undecided or 0) > 0.9


def test_fewer_examples_than_the_policy_demands_decide_nothing() -> None:
    assert needed(rule(99, 100, 0.5), 100, 500).median == 25
    assert needed(rule(99, 100, 0.5), 100, 500, min_examples=60).median == 75


def test_a_rate_among_part_of_the_examples_takes_more_of_them() -> None:
    whole = needed(rule(70, 100, 0.5, "max_attack_success_rate"), 100, 2000)
    part = needed(rule(70, 100, 0.5, "max_attack_success_rate"), 400, 2000)
    assert whole.median is not None
    assert part.median is not None
    assert part.median > 2 * whole.median


def test_bounds_that_nothing_can_break_are_decided_at_the_first_look() -> None:
    for threshold, name in ((0.0, "min_robust_accuracy"), (1.0, "max_attack_success_rate")):
        found = needed(rule(5, 10, threshold, name), 10, 300)
        assert (found.median, found.most, found.undecided) == (25, 25, 0)


def test_nothing_seen_is_nothing_said_and_the_seed_is_all_the_chance() -> None:
    assert needed(rule(0, 0, 0.5), 10, 100).median is None
    one, same, *others = (needed(rule(7, 10, 0.5), 10, 1000, seed=seed) for seed in (1, 1, 2, 3, 4))
    assert one == same
    assert any(one != other for other in others)
    with pytest.raises(ValueError, match="no threshold"):
        needed(RuleResult("min_robust_accuracy", "run", INCONCLUSIVE, ""), 10, 100)
