"""Mean quality and its paired drop: intervals that a gate can believe, whatever the values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.measures.answers.quality import mean_interval, quality, task_measures
from reports.measures.intervals import exact
from reports.run import Judged, Outcome, Run

Make = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]


@pytest.mark.parametrize(("hits", "n"), [(30, 30), (0, 30), (20, 30), (1, 12)])
def test_on_right_and_wrong_it_is_the_exact_interval(hits: int, n: int) -> None:
    found = mean_interval([1.0] * hits + [0.0] * (n - hits), 0.95)
    assert (found.low, found.high) == pytest.approx(exact(hits, n), abs=0.012)  # the draws leave the third digit open


def test_equal_values_are_no_certainty() -> None:
    found = mean_interval([0.8] * 30, 0.95)
    assert found.low < 0.75
    assert found.high > 0.82


def test_it_misses_seldom() -> None:
    low, high, rng = 0, 0, np.random.default_rng(4)
    for _ in range(60):
        found = mean_interval(list(rng.beta(5, 1, 20)), 0.95)
        low, high = low + (found.low > 5 / 6), high + (found.high < 5 / 6)
    assert low <= 4
    assert high <= 4


def test_groups_widen_it_and_untested_examples_reach_to_both_ends() -> None:
    values = [0.9, 0.1] * 20
    alone = mean_interval(values, 0.95)
    grouped = mean_interval(sorted(values), 0.95, [f"g{i // 10}" for i in range(40)])
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)
    unknown = mean_interval(values, 0.95, unknown=20)
    assert unknown.low < alone.low - 0.1
    assert unknown.high > alone.high + 0.1
    assert unknown.unknown == 20


def graded(make: MakeOutcome, name: str, status: str, clean: float, best: float | None, **more: Any) -> Outcome:
    one = make(name, status=status, **more)
    counts = {"f1": [int(clean * 10), 10 - int(clean * 10), 0]}
    worse = None if best is None else Judged("after", quality=best, score=1 - best, measures={"f1": [int(best * 10), 10, 0]})
    return replace(one, clean=Judged("before", quality=clean, score=1 - clean, measures=counts), best=worse)


def outcomes(make: MakeOutcome) -> Sequence[Outcome]:
    return [
        *(graded(make, f"b{i}", "succeeded", 0.9, 0.2) for i in range(20)),
        *(graded(make, f"h{i}", "failed", 0.8, 0.7) for i in range(15)),
        *(graded(make, f"s{i}", "skipped", 0.3, None) for i in range(5)),
    ]


def test_the_worst_answer_counts_and_what_was_wrong_stays(make_run: Make, make_outcome: MakeOutcome) -> None:
    run = make_run(outcomes(make_outcome))
    found = quality(run)
    assert found is not None
    assert found.clean.rate == pytest.approx((20 * 0.9 + 15 * 0.8 + 5 * 0.3) / 40)
    assert found.attacked.rate == pytest.approx((20 * 0.2 + 15 * 0.7 + 5 * 0.3) / 40)
    assert found.drop.rate == pytest.approx((20 * 0.7 + 15 * 0.1) / 40)


def test_pooled_counts_are_added_before_f1_is_taken(make_run: Make, make_outcome: MakeOutcome) -> None:
    run = make_run(outcomes(make_outcome), measures=({"name": "f1", "title": "F1", "pooled": True},))
    (found,) = task_measures(run)
    right = 20 * 9 + 15 * 8 + 5 * 3
    wrong = 20 * 1 + 15 * 2 + 5 * 7
    assert found.clean == pytest.approx(2 * right / (2 * right + wrong))


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ({"min_quality": 0.1}, "pass"),
        ({"min_quality": 0.8}, "fail"),
        ({"min_quality": 0.41}, "inconclusive"),
        ({"max_quality_drop": "70pt"}, "pass"),
        ({"max_quality_drop": "5pt"}, "fail"),
    ],
)
def test_the_gate_holds_the_whole_interval_against_the_threshold(
    make_run: Make, make_outcome: MakeOutcome, rules: dict[str, Any], verdict: str
) -> None:
    result = evaluate(make_run(outcomes(make_outcome)), parse_policy({"gate": rules}, "test"))
    (rule,) = (rule for rule in result.rules if rule.rule in rules)
    assert rule.verdict == verdict, rule.message


def test_a_task_without_quality_or_a_run_until_its_decision_is_inconclusive(make_run: Make, make_outcome: MakeOutcome) -> None:
    policy = parse_policy({"gate": {"min_quality": 0.5}}, "test")
    plain = evaluate(make_run([make_outcome(f"e{i}", status="failed") for i in range(40)]), policy)
    assert [rule.verdict for rule in plain.rules if rule.rule == "min_quality"] == ["inconclusive"]
    drawn = evaluate(make_run(outcomes(make_outcome), sequential={"looks": 1, "drawn": 40}), policy)
    assert [rule.verdict for rule in drawn.rules if rule.rule == "min_quality"] == ["inconclusive"]
