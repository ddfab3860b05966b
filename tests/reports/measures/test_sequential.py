"""Anytime-valid intervals: by hand, against the definition, and in use by gate and metrics."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from scipy.integrate import quad
from scipy.stats import beta, binom

from reports.gate.gate import certain, evaluate
from reports.gate.policy import Policy, parse_policy
from reports.measures.intervals import exact
from reports.measures.of_run import measure
from reports.measures.sequential import anytime, anytime_settling_n, log_evidence, next_look
from reports.measures.summary import summarise
from reports.render.markdown import markdown_report
from reports.render.terminal import print_run
from reports.run import Outcome, Run

MakeRun = Callable[..., Run]
MakeCounted = Callable[..., list[Outcome]]


def policy(**gate: Any) -> Policy:
    return parse_policy({"gate": gate}, "test")


def test_one_observation_by_hand() -> None:
    # the mean of q under Beta(1/2, 1/2) is 1/2, so the ratio against p is 0.5 / p, which reaches 20 at p = 0.025
    assert anytime(1, 1) == pytest.approx((0.025, 1.0))
    assert anytime(0, 1) == pytest.approx((0.0, 0.975))
    assert anytime(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "n", "p"), [(3, 10, 0.6), (0, 7, 0.4), (70, 100, 0.5)])
def test_evidence_is_the_mixture_of_likelihood_ratios(successes: int, n: int, p: float) -> None:
    mixture, _ = quad(lambda q: binom.pmf(successes, n, q) * beta.pdf(q, 0.5, 0.5), 0, 1)
    assert math.exp(log_evidence(successes, n, p)) == pytest.approx(mixture / binom.pmf(successes, n, p), rel=1e-5)


@given(st.integers(1, 800).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from((0.8, 0.95, 0.99)))
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_the_rate_and_is_wider_than_an_exact_one(count: tuple[int, int], confidence: float) -> None:
    low, high = anytime(*count, confidence)
    assert 0 <= low <= count[0] / count[1] <= high <= 1
    assert high - low >= exact(*count, confidence)[1] - exact(*count, confidence)[0] - 1e-9
    other = anytime(count[1] - count[0], count[1], confidence)
    assert other == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(st.integers(0, 100), st.integers(1, 99))
@settings(max_examples=60, deadline=None)
def test_settling_n_settles_and_no_fewer_does(percent: int, threshold: int) -> None:
    rate, limit = percent / 100, threshold / 100
    n = anytime_settling_n(rate, limit)
    if percent == threshold:
        assert n is None
        return
    assert n is not None
    assert log_evidence(rate * n, n, limit) >= math.log(20)
    assert n == 1 or log_evidence(rate * (n - 1), n - 1, limit) < math.log(20)


def test_watching_finds_no_more_than_its_share() -> None:
    """Looked at after each of 400 examples, the interval loses the true rate in under 5 % of walks; Wilson's in far more."""
    rng, lost, lost_by_wilson = random.Random(3), 0, 0
    for _ in range(400):
        successes, gone, gone_by_wilson = 0, False, False
        for n in range(1, 401):
            successes += rng.random() < 0.3
            if n >= 25:
                gone = gone or log_evidence(successes, n, 0.3) >= math.log(20)
                spread = 1.96 * math.sqrt(0.3 * 0.7 / n)
                gone_by_wilson = gone_by_wilson or abs(successes / n - 0.3) > spread
        lost, lost_by_wilson = lost + gone, lost_by_wilson + gone_by_wilson
    assert lost <= 20 < 80 < lost_by_wilson


def test_looks_grow() -> None:
    looks = [0]
    while looks[-1] < 400:
        looks.append(next_look(looks[-1]))
    assert looks == [0, 25, 50, 75, 100, 125, 156, 195, 243, 303, 378, 472]


def test_the_gate_of_a_sequential_run_uses_its_intervals(make_run: MakeRun, make_counted: MakeCounted) -> None:
    # 22 of 50 is between 0.30 and 0.59 by Clopper and Pearson, but 0.26 to 0.63 when one may look at any time
    outcomes = make_counted(failed=22, succeeded=28)
    fixed = make_run(outcomes)
    watched = make_run(outcomes, examples=200, sequential={"drawn": 50, "looks": 2})
    rules = policy(min_robust_accuracy=0.28)
    assert evaluate(fixed, rules).verdict == "passed"
    judged = evaluate(watched, rules)
    assert judged.verdict == "inconclusive"
    (rule,) = (r for r in judged.rules if r.rule == "min_robust_accuracy")
    assert rule.observed is not None
    assert (rule.observed.method, rule.observed.low, rule.observed.high) == ("anytime", *anytime(22, 50))
    assert rule.settling_n == anytime_settling_n(0.44, 0.28)
    assert next(r for r in judged.rules if r.rule == "complete").message == "every trial ended; 50 of 200 examples were drawn"


@pytest.mark.parametrize("drawn", [None, 49, 51])
def test_a_sequential_run_must_hold_what_it_drew(drawn: int | None, make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(failed=50), examples=200, sequential={"looks": 2, **({"drawn": drawn} if drawn else {})})
    result = evaluate(run, policy(min_robust_accuracy=0.1))
    assert result.verdict == "inconclusive"
    assert next(r for r in result.rules if r.rule == "complete").verdict == "inconclusive"


@pytest.mark.parametrize(
    ("counts", "gate", "expected"),
    [
        ({"failed": 50}, {"min_robust_accuracy": 0.5}, True),  # passes
        ({"succeeded": 50}, {"min_robust_accuracy": 0.5}, True),  # fails
        ({"failed": 25, "succeeded": 25}, {"min_robust_accuracy": 0.5}, False),
        ({"succeeded": 50}, {"min_robust_accuracy": 0.5, "max_accuracy_drop": "99pt"}, True),  # one broken rule is enough
        ({"failed": 50}, {"min_robust_accuracy": 0.5, "min_clean_accuracy": 0.99}, False),  # one undecided rule is not
        ({"failed": 50}, {"min_robust_accuracy": 0.5, "min_examples": 51}, False),
        ({"failed": 49, "error": 1}, {"min_robust_accuracy": 0.5}, True),  # errors are counted, they end nothing
        ({"error": 50}, {"min_robust_accuracy": 0.5}, False),
        ({"failed": 50}, {}, False),
    ],
)
def test_when_a_verdict_is_certain(
    counts: dict[str, int], gate: dict[str, Any], expected: bool, make_run: MakeRun, make_counted: MakeCounted
) -> None:
    run = make_run(make_counted(**counts), examples=200, sequential={"looks": 1}, finished=False)
    assert certain(run, policy(**gate)) is expected


def test_reports_say_how_many_examples_it_took(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(failed=50), examples=200, sequential={"drawn": 50, "looks": 2})
    result = evaluate(run, policy(min_robust_accuracy=0.5))
    console = Console(width=150, record=True, file=io.StringIO())
    print_run(run, result, console)
    for said in (console.export_text(), markdown_report(run, measure(run), result)):
        assert "xamples drawn until every threshold was decided or one broken: 50 of 200, in 2 looks" in said
        assert "95 % anytime-valid intervals" in said
    assert summarise(run, result)["run"]["sequential"] == {"drawn": 50, "looks": 2}
    plain = make_run(make_counted(failed=50))
    assert "drawn until" not in markdown_report(plain, measure(plain), evaluate(plain))
