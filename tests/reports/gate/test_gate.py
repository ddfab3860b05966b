from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.gate.gate import decide, evaluate
from reports.gate.policy import Policy, parse_policy
from reports.gate.soundness import missing
from reports.gate.verdicts import GateResult, RuleResult
from reports.measures.intervals import proportion
from reports.run import Manifest, Outcome, Run, RunError
from reports.run.store import RunWriter, load_run

MakeRun = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]
MakeCounted = Callable[..., list[Outcome]]

EASY = {"min_robust_accuracy": 0.0, "max_accuracy_drop": "100pt", "max_attack_success_rate": 1.0}


def policy(**gate: Any) -> Policy:
    return parse_policy({"gate": gate}, "test")


def rule(result: GateResult, name: str, scope: str = "run") -> RuleResult:
    (found,) = (r for r in result.rules if (r.rule, r.scope) == (name, scope))
    return found


@pytest.mark.parametrize(
    ("name", "threshold", "verdict"),
    [
        # 500 of 1,000 has the 95 % interval 0.469 to 0.531
        ("min_robust_accuracy", 0.46, "pass"),
        ("min_robust_accuracy", 0.48, "inconclusive"),
        ("min_robust_accuracy", 0.52, "inconclusive"),
        ("min_robust_accuracy", 0.54, "fail"),
        ("max_accuracy_drop", 0.46, "fail"),
        ("max_accuracy_drop", 0.48, "inconclusive"),
        ("max_accuracy_drop", 0.52, "inconclusive"),
        ("max_accuracy_drop", 0.54, "pass"),
    ],
)
def test_a_threshold_is_held_against_the_whole_interval(name: str, threshold: float, verdict: str) -> None:
    assert decide(name, "run", threshold, proportion(500, 1000)).verdict == verdict


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(1, 99))
@settings(max_examples=100, deadline=None)
def test_inconclusive_means_more_would_settle_it(count: tuple[int, int], percent: int) -> None:
    decided = decide("min_robust_accuracy", "run", percent / 100, proportion(*count), fewest=0)
    if decided.verdict != "inconclusive":
        assert decided.settling_n is None
        return
    if decided.settling_n is None:
        assert count[0] / count[1] == percent / 100
        assert "leave a margin" in decided.message
    else:
        assert decided.settling_n > count[1]
        assert f"about {decided.settling_n} examples would settle it" in decided.message


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 100))
@settings(max_examples=100, deadline=None)
def test_what_fails_from_below_passes_from_above(successes: int, others: int, percent: int) -> None:
    observed = proportion(successes, successes + others)
    at_least = decide("min_robust_accuracy", "run", percent / 100, observed, fewest=0).verdict
    at_most = decide("max_accuracy_drop", "run", percent / 100, observed, fewest=0).verdict
    assert (at_least, at_most) not in {("fail", "fail"), ("fail", "inconclusive"), ("inconclusive", "fail")}
    if successes + others == 0:
        assert at_least == at_most == "inconclusive"


def test_passing_failing_and_undecided_runs(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(succeeded=50, failed=450))
    assert evaluate(run, policy(min_robust_accuracy=0.8)).verdict == "passed"
    assert evaluate(run, policy(min_robust_accuracy=0.95)).verdict == "failed"
    undecided = evaluate(run, policy(min_robust_accuracy=0.89))
    assert undecided.verdict == "inconclusive"
    settled = rule(undecided, "min_robust_accuracy").settling_n
    assert settled is not None
    assert settled > 500
    mixed = evaluate(run, policy(min_robust_accuracy=0.89, max_attack_success_rate=0.01))
    assert mixed.verdict == "failed"


@pytest.mark.parametrize(("verdict", "code"), [("passed", 0), ("measured", 0), ("failed", 1), ("inconclusive", 3)])
def test_exit_codes(verdict: str, code: int) -> None:
    assert GateResult(verdict, (), "test", 0.95).exit_code == code


def test_without_thresholds_a_sound_run_is_measured(make_run: MakeRun, make_counted: MakeCounted) -> None:
    for gate in ({}, {"max_error_rate": 0.5}, {"min_examples": 2}, {"confidence": 0.9}):
        assert evaluate(make_run(make_counted(failed=5)), policy(**gate)).verdict == "measured"
    assert evaluate(make_run(make_counted(failed=5))).verdict == "measured"
    assert evaluate(make_run(make_counted(failed=5, error=1))).verdict == "failed"
    assert evaluate(make_run(make_counted(failed=5), finished=False)).verdict == "inconclusive"


def test_confidence_is_the_policys(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(succeeded=50, failed=450))
    assert evaluate(run, policy(min_robust_accuracy=0.87, confidence=0.8)).verdict == "passed"
    assert evaluate(run, policy(min_robust_accuracy=0.87, confidence=0.999)).verdict == "inconclusive"


def test_rules_on_one_recipe(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run([*make_counted("weak", failed=300), *make_counted("strong", succeeded=300)])
    result = evaluate(
        run,
        policy(
            recipes={
                "weak": {"min_robust_accuracy": 0.9},
                "strong": {"max_attack_success_rate": 0.9, "max_accuracy_drop": "99pt"},
            }
        ),
    )
    assert rule(result, "min_robust_accuracy", "recipe weak").verdict == "pass"
    assert rule(result, "max_attack_success_rate", "recipe strong").verdict == "fail"
    assert rule(result, "max_accuracy_drop", "recipe strong").verdict == "inconclusive"


def test_rules_on_one_slice(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    outcomes = [
        make_outcome(
            f"e{i}",
            status="succeeded" if i % 2 else "failed",
            meta={"source": "ab"[i % 2]},
            label=("positive", "negative")[i % 2],
        )
        for i in range(400)
    ]
    result = evaluate(
        make_run(outcomes),
        policy(slices={"source=a": {"min_robust_accuracy": 0.9}, "label=negative": {"min_robust_accuracy": 0.1}}),
    )
    assert rule(result, "min_robust_accuracy", "slice source=a").verdict == "pass"
    assert rule(result, "min_robust_accuracy", "slice label=negative").verdict == "fail"


def test_flags_that_are_fatal(make_run: MakeRun, make_counted: MakeCounted) -> None:
    flags = ({"code": "truncation", "severity": "warning", "message": "cut"}, {"code": "no-encoder", "severity": "note"})
    run = make_run(make_counted(failed=50), flags=flags)
    assert evaluate(run, policy(**EASY)).verdict == "passed"
    assert evaluate(run, policy(**EASY, fatal_flags=["truncation"])).verdict == "failed"
    assert evaluate(run, policy(**EASY, fatal_flags=["no-encoder"])).verdict == "failed"
    assert evaluate(run, policy(**EASY, fatal_flags=["rejected"])).verdict == "passed"
    everything = evaluate(run, policy(**EASY, fatal_flags=["all"]))
    assert [r.message for r in everything.rules if r.verdict == "fail"] == ["truncation: cut"]


def test_to_dict_is_json(rich_run: Run) -> None:
    import json

    told = json.loads(json.dumps(evaluate(rich_run, policy(**EASY)).to_dict()))
    assert told["exit_code"] == 1
    assert {r["rule"] for r in told["rules"]} >= {"complete", "max_error_rate", "min_robust_accuracy"}


# What follows must never come out as passed or measured: a gate that could not evaluate never passes.


def never_passes(run: Run, *, verdict: str, message: str, gate: Mapping[str, Any] = EASY) -> None:
    for rules in (gate, {}) if gate is EASY else (gate,):
        result = evaluate(run, policy(**rules))
        assert result.verdict == verdict
        assert result.exit_code in (1, 3)
        assert any(message in r.message for r in result.rules if r.verdict != "pass"), result.rules


def test_no_outcomes(make_run: MakeRun) -> None:
    never_passes(make_run(), verdict="inconclusive", message="has no outcomes")


def test_no_outcomes_though_examples_were_promised(make_run: MakeRun) -> None:
    never_passes(make_run(examples=10), verdict="inconclusive", message="10 trials have no outcome")


def test_an_unfinished_run(make_run: MakeRun, make_counted: MakeCounted) -> None:
    never_passes(make_run(make_counted(failed=500), finished=False), verdict="inconclusive", message="not finished")


def test_a_run_that_calls_itself_finished_with_trials_missing(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(failed=500), examples=501)
    never_passes(run, verdict="inconclusive", message="1 trials have no outcome")
    run = make_run([*make_counted("p", failed=9), *make_counted("q", failed=7)])
    never_passes(run, verdict="inconclusive", message="2 trials have no outcome")
    run = make_run(make_counted("p", failed=9), recipes=("p", "q"))
    never_passes(run, verdict="inconclusive", message="9 trials have no outcome")


def test_more_examples_than_promised(make_run: MakeRun, make_counted: MakeCounted) -> None:
    never_passes(make_run(make_counted(failed=5), examples=4), verdict="inconclusive", message="holds 5 examples, not the 4")


def test_errors(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(failed=499, error=1))
    never_passes(run, verdict="failed", message="1 of 500 trials ended in an error, 0 % allowed")
    assert evaluate(run, policy(**EASY, max_error_rate="1%")).verdict == "passed"


def test_errors_only(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(error=9))
    never_passes(run, verdict="failed", message="9 of 9")
    never_passes(run, verdict="inconclusive", message="nothing was attacked", gate={**EASY, "max_error_rate": 1.0})


def test_zero_candidates_everywhere(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    silent = [make_outcome(f"e{i}", status="failed", attempted=0, queries=1) for i in range(300)]
    never_passes(make_run(silent), verdict="inconclusive", message="no candidate was found for any example: deepwordbug")
    no_ops = [make_outcome(f"e{i}", status="failed", attempted=4, no_ops=4) for i in range(300)]
    never_passes(make_run(no_ops), verdict="inconclusive", message="no candidate was found")


def test_one_silent_recipe_beside_a_working_one(make_run: MakeRun, make_counted: MakeCounted, make_outcome: MakeOutcome) -> None:
    silent = [make_outcome(f"e{i:05d}", "mute", "failed", attempted=0) for i in range(50)]
    run = make_run([*make_counted("loud", failed=50), *silent])
    never_passes(run, verdict="inconclusive", message="for any example: mute")


def test_nothing_left_to_attack(make_run: MakeRun, make_counted: MakeCounted) -> None:
    never_passes(make_run(make_counted(skipped=300)), verdict="inconclusive", message="nothing was attacked")


def test_too_few_examples(make_run: MakeRun, make_counted: MakeCounted) -> None:
    never_passes(
        make_run(make_counted(failed=99)),
        verdict="inconclusive",
        message="99 examples judged, at least 100 required",
        gate={**EASY, "min_examples": 100},
    )


def test_a_rule_on_a_recipe_or_slice_that_is_not_there(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(failed=500))
    recipes = {"textfoler": {"max_accuracy_drop": "100pt"}}
    never_passes(run, verdict="inconclusive", message="no such recipe; it has: deepwordbug", gate={"recipes": recipes})
    slices = {"source=imdb": {"max_accuracy_drop": "100pt"}}
    never_passes(run, verdict="inconclusive", message="no example is in this slice", gate={"slices": slices})


def test_a_later_recipe_of_a_cascade_cannot_be_gated(
    make_run: MakeRun, make_counted: MakeCounted, make_outcome: MakeOutcome
) -> None:
    second = [make_outcome(f"e{i:05d}", "second", "failed") for i in range(1, 500)]
    run = make_run([*make_counted("first", succeeded=1, failed=499), *second], cascade=True)
    assert missing(run) == 0
    assert evaluate(run, policy(**EASY)).verdict == "passed"
    for name in EASY:
        recipes = {"second": {name: EASY[name]}}
        never_passes(
            run, verdict="inconclusive", message="in a cascade only the first recipe sees them all", gate={"recipes": recipes}
        )


def test_a_cascade_with_a_gap(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted("first", succeeded=2, skipped=1, failed=3), recipes=("first", "second"), cascade=True)
    assert missing(run) == 3
    never_passes(run, verdict="inconclusive", message="3 trials have no outcome")


def test_duplicates_in_memory(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(failed=50))
    never_passes(replace(run, outcomes=run.outcomes * 2), verdict="inconclusive", message="ended more than once")


@pytest.mark.parametrize("damage", ["cut", "edit", "double", "schema", "empty", "torn"])
def test_damaged_folders_are_not_even_loaded(make_run: MakeRun, make_counted: MakeCounted, damage: str) -> None:
    path = make_run(make_counted(succeeded=5, failed=5)).path
    file, manifest = path / "outcomes.jsonl", path / "run.json"
    lines = file.read_bytes().splitlines(keepends=True)
    changed = {
        "cut": lines[:-1],
        "edit": [lines[0].replace(b'"succeeded"', b'"failed"'), *lines[1:]],
        "double": [*lines, lines[0]],
        "empty": [],
        "torn": [*lines[:-1], lines[-1][:-9]],
    }
    file.write_bytes(b"".join(changed.get(damage, lines)))
    if damage == "schema":
        manifest.write_text(manifest.read_text().replace('"schema": 2', '"schema": 0'))
    with pytest.raises(RunError):
        load_run(path)


def test_an_empty_policy_on_a_run_still_being_written(tmp_path: Path, make_manifest: Callable[..., Manifest]) -> None:
    with RunWriter.create(tmp_path, make_manifest(examples=2)):
        assert evaluate(load_run(tmp_path)).verdict == "inconclusive"


# Small n: an exact interval and thirty examples.


def test_one_example_of_one_passes_nothing_and_nothing_was_asked_of_a_measured_run(
    make_run: MakeRun, make_counted: MakeCounted
) -> None:
    for n in (1, 2, 5, 29):
        run = make_run(make_counted(failed=n))
        never_passes(run, verdict="inconclusive", message=f"{n} examples judged, at least 30", gate={"min_robust_accuracy": 0.01})
        assert evaluate(run).verdict == "measured"
    assert evaluate(make_run(make_counted(failed=30)), policy(min_robust_accuracy=0.88)).verdict == "passed"


def test_fewer_than_thirty_may_fail(make_run: MakeRun, make_counted: MakeCounted) -> None:
    assert evaluate(make_run(make_counted(succeeded=10)), policy(min_robust_accuracy=0.5)).verdict == "failed"


def test_a_slice_of_a_large_run_passes_on_thirty_of_its_own(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    rows = [make_outcome(f"e{i}", status="failed", meta={"kind": "rare" if i < 12 else "usual"}) for i in range(300)]
    parts = {f"kind={kind}": {"min_robust_accuracy": 0.5} for kind in ("rare", "usual")}
    result = evaluate(make_run(rows), policy(slices=parts, min_examples=200))
    assert rule(result, "min_robust_accuracy", "slice kind=usual").verdict == "pass"
    rare = rule(result, "min_robust_accuracy", "slice kind=rare")
    assert (rare.verdict, rare.settling_n) == ("inconclusive", 30)
    assert "nothing passes on fewer than 30 examples" in rare.message
    assert evaluate(make_run(rows), policy(slices=parts, min_examples=5)).verdict == "passed"


def test_a_victim_exactly_at_a_high_threshold_is_seldom_failed() -> None:
    """47 of 50 against 98 %: Wilson's interval ends at 97.9 % and fails it, as it does to 7.8 % of victims exactly there."""
    assert decide("min_robust_accuracy", "run", 0.98, proportion(47, 50)).verdict == "inconclusive"
