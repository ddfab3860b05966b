"""Examples in groups: what they are worth, and that gate, reports and comparison know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.compare.compare import compare
from reports.gate.gate import evaluate
from reports.gate.policy import CompareRules, parse_policy
from reports.measures.clusters import Design, design_of
from reports.measures.intervals import exact, interval_of, proportion
from reports.measures.of_run import measure
from reports.measures.paired import Pairs, mcnemar, tabulate, tango
from reports.measures.summary import summarise, to_json
from reports.render.numbers import intervals
from reports.run import Outcome, Run
from reports.run.store import load_run

MakeRun = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]


def policy(**gate: Any) -> Any:
    return parse_policy({"gate": gate}, "test")


def in_groups(make_outcome: MakeOutcome, broken: set[int], n: int = 200, size: int = 10) -> list[Outcome]:
    """``n`` examples in groups of ``size`` that follow one another; those numbered in ``broken`` fell."""
    return [make_outcome(f"e{i:04d}", status="succeeded" if i in broken else "failed", meta={"doc": i // size}) for i in range(n)]


def test_groups_that_answer_as_one_count_once() -> None:
    whole = design_of((str(i // 10), float(i // 10 % 2)) for i in range(400))
    assert whole.groups == 40
    assert whole.effect == pytest.approx(10, rel=0.1)
    assert whole.effective(400, 0.95) == pytest.approx(40, rel=0.15)


def test_groups_of_one_are_examples_that_stand_alone() -> None:
    design = design_of((str(i), float(i % 3 == 0)) for i in range(600))
    assert design.effect == pytest.approx(1, abs=0.01)
    assert interval_of(200, 600, 0.95, design) == pytest.approx(exact(200, 600), abs=0.002)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=120))
@settings(max_examples=80, deadline=None)
def test_groups_never_narrow_an_interval(rows: list[tuple[int, bool]]) -> None:
    design = design_of((str(group), float(hit)) for group, hit in rows)
    hits, n = sum(hit for _, hit in rows), len(rows)
    low, high = interval_of(hits, n, 0.95, design)
    assert design.effect >= 1
    assert low <= exact(hits, n)[0]
    assert high >= exact(hits, n)[1]


def test_one_group_says_nothing_of_others() -> None:
    alone = proportion(300, 300, 0.95, design_of(("one", 1.0) for _ in range(300)))
    assert (alone.low, alone.high) == (0.0, 1.0)


def test_nothing_broken_is_no_proof_that_groups_do_not_matter() -> None:
    """Twenty documents of ten rows, all robust: as good as some 30 examples, not as 200."""
    design = design_of((str(i // 10), 1.0) for i in range(200))
    assert 20 < design.effective(200, 0.95) < 40
    assert interval_of(200, 200, 0.95, design)[0] < 0.92 < exact(200, 200)[0]


def test_one_large_group_among_small_ones_is_not_taken_for_many() -> None:
    rows = [("large", 1.0)] * 300 + [(f"small {i}", 1.0) for i in range(100)]
    assert design_of(rows).freedom < 1


def test_the_gate_takes_groups_for_what_they_are(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    """30 of 200 broken, three documents whole: 85 %, which is surely above 78 % only if every row stood alone."""
    rows = in_groups(make_outcome, set(range(30)))
    alone, told = make_run(rows), make_run(rows, data={"source": "x", "group": "doc"})
    rules = policy(min_robust_accuracy=0.78)
    assert evaluate(alone, rules).verdict == "passed"
    judged = evaluate(told, rules)
    assert judged.verdict == "inconclusive"
    (rule,) = (r for r in judged.rules if r.rule == "min_robust_accuracy")
    assert "n=200 in 20 groups" in rule.message
    assert rule.settling_n is not None
    assert rule.settling_n > 1000
    assert "over 20 groups, whose 200 examples are worth" in intervals(measure(told).overall.robust_accuracy, 0.95)


def test_every_rate_of_a_run_knows_its_groups(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    run = make_run(in_groups(make_outcome, set(range(30))), data={"source": "x", "group": "doc"})
    found = measure(load_run(run.path))
    rates = [found.overall.clean_accuracy, found.overall.robust_accuracy, found.overall.attack_success_rate]
    rates += [found.recipes[0].attack_success_rate, *(part.measured.robust_accuracy for part in found.labels)]
    assert all(rate.design is not None for rate in rates)
    assert '"groups": 20' in to_json(summarise(run))


def test_too_few_groups_ask_for_groups_not_for_examples(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    run = make_run(in_groups(make_outcome, set(), size=100), data={"source": "x", "group": "doc"})
    (rule,) = (r for r in evaluate(run, policy(min_robust_accuracy=0.9)).rules if r.rule == "min_robust_accuracy")
    assert rule.verdict == "inconclusive"
    assert "add groups" in rule.message


def test_compare_takes_groups_for_what_they_are(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    """Ten newly broken rows of one document are one event, not ten."""
    before, after = in_groups(make_outcome, set()), in_groups(make_outcome, set(range(10)))
    rules = CompareRules(max_regression=0.0)
    assert compare(make_run(before), make_run(after), rules).verdict == "regressed"
    data = {"source": "x", "group": "doc"}
    found = compare(make_run(before, data=data), make_run(after, data=data), rules)
    assert found.verdict == "inconclusive"
    assert found.measures[0].p > 0.5
    assert found.measures[0].pairs.design is not None


def test_pairs_that_stand_alone_are_what_they_were() -> None:
    held = [(True, True)] * 90 + [(True, False)] * 7 + [(False, True)] * 3
    alone = tabulate(held)
    assert alone == Pairs(90, 7, 3, 0)
    singles = tabulate(held, [str(i) for i in range(100)])
    broken, fixed, n = singles.worth(0.95)
    assert tango(broken, fixed, n) == pytest.approx(tango(7, 3, 100), abs=0.005)
    assert mcnemar(broken, fixed) == pytest.approx(mcnemar(7, 3), abs=0.02)


def test_a_design_is_a_plain_value() -> None:
    assert design_of([]) == Design(0, 1.0, 0.0)


def test_a_run_without_the_groups_that_the_policy_names_does_not_pass(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    rules = parse_policy({"gate": {"min_robust_accuracy": 0.5}, "audit": {"group": "doc"}}, "test")
    rows = in_groups(make_outcome, set())
    assert evaluate(make_run(rows), rules).verdict == "inconclusive"
    assert evaluate(make_run(rows, data={"source": "x", "group": "doc"}), rules).verdict == "passed"
