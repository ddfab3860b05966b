"""``comparison.xml`` and ``comparison.sarif``: a job that reads only one of them cannot take a bad comparison for a good one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reports.compare.compare import Comparison, compare
from reports.gate.policy import CompareRules
from reports.render.comparison.files import render_comparison
from reports.render.comparison.junit import junit_comparison
from reports.render.comparison.markdown import markdown_comparison
from reports.render.comparison.sarif import places, sarif_comparison
from reports.render.comparison.terminal import verdict_line
from reports.run import Outcome, Run

Make = Callable[..., Run]
Made = dict[str, Comparison]


@pytest.fixture
def made(make_run: Make, make_outcome: Callable[..., Outcome]) -> Made:
    """One comparison of each verdict, two recipes each, and one of a damaged evaluation."""

    def run(first: str, second: str, **changes: Any) -> Run:
        letters = {"h": "failed", "b": "succeeded", "s": "skipped", "x": "error"}
        outcomes = [
            make_outcome(f"e{i:03d}", recipe, letters[letter], meta={"source": "imdb" if i < 200 else "rotten"})
            for recipe, word in (("deepwordbug", first), ("pwws", second))
            for i, letter in enumerate(word)
        ]
        return make_run(outcomes, **changes)

    fine = run("h" * 400, "h" * 400)
    return {
        "no evidence": compare(fine, fine),
        "regressed": compare(fine, run("b" * 40 + "h" * 355 + "s" * 5, "h" * 395 + "s" * 5)),
        "improved": compare(run("b" * 40 + "h" * 360, "h" * 400), fine),
        "inconclusive": compare(fine, run("b" * 4 + "h" * 396, "h" * 400)),
        "not comparable": compare(fine, run("h" * 400, "h" * 400, comparability={"data": "d2"})),
        "doubted": compare(fine, run("x" * 40 + "h" * 360, "h" * 400)),
    }


def cases(found: Comparison) -> dict[str, str]:
    """How each case ended."""
    root = ET.fromstring(junit_comparison(found))
    ended = {"failure": "failed", "error": "error", "skipped": "skipped"}
    return {
        f"{case.get('classname', '').rpartition('.')[2]} {case.get('name')}": next(
            (ended[child.tag] for child in case if child.tag in ended), "passed"
        )
        for case in root.iter("testcase")
    }


@pytest.mark.parametrize(
    ("verdict", "tag"),
    [
        ("no evidence", "passed"),
        ("improved", "passed"),
        ("regressed", "failed"),
        ("inconclusive", "error"),
        ("not comparable", "error"),
        ("doubted", "error"),
    ],
)
def test_the_verdict_is_a_case_that_ends_as_the_exit_code_does(made: Made, verdict: str, tag: str) -> None:
    found = made[verdict]
    ended = cases(found)
    assert ended["verdict no regression"] == tag
    assert (set(ended.values()) <= {"passed"}) is (found.exit_code == 0)
    root = ET.fromstring(junit_comparison(found))
    for suite in (root, *root.iter("testsuite")):
        tags = ("failure", "error", "skipped")
        assert [suite.get(name) for name in ("failures", "errors", "skipped")] == [str(len(list(suite.iter(t)))) for t in tags]
        assert suite.get("tests") == str(len(list(suite.iter("testcase"))))


def test_there_is_a_case_for_each_measure_recipe_and_slice(made: Made) -> None:
    found = made["regressed"]
    ended = cases(found)
    assert ended["measures robust accuracy"] == ended["measures recipe deepwordbug"] == "failed"
    assert ended["measures recipe pwws"] == ended["measures clean accuracy"] == "passed"
    assert {name for name in ended if name.startswith("slices")} == {f"slices {change.name}" for change in found.slices}


def test_a_slice_decides_only_where_it_was_asked_to(made: Made) -> None:
    found = made["regressed"]
    assert cases(found)["slices source=imdb"] == "skipped"
    assert cases(found)["slices source=rotten"] == "passed"
    assert cases(replace(found, slices_decide=True))["slices source=imdb"] == "failed"


def test_nothing_passes_where_the_runs_are_in_doubt(made: Made) -> None:
    assert set(cases(made["doubted"]).values()) == {"error"}
    assert len(cases(made["doubted"])) > 3


def test_only_the_margin_makes_an_inconclusive_measure(made: Made) -> None:
    ended = cases(made["inconclusive"])
    assert ended["measures robust accuracy"] == "error"
    assert ended["measures recipe deepwordbug"] == "passed"


def test_json_says_the_verdict_on_each_measure(made: Made) -> None:
    told = {m["kind"] + m["name"]: m["verdict"] for m in made["regressed"].to_dict()["measures"]}
    assert told["recipedeepwordbug"] == "regressed"
    assert told["recipepwws"] == "no evidence"


def test_junit_carries_hostile_names_and_no_texts(rich_run: Run, make_run: Make, hostile_texts: tuple[str, ...]) -> None:
    said = junit_comparison(_all_broken(rich_run, make_run))
    ET.fromstring(said)
    assert "\u202e" not in said
    assert not any(text in said for text in hostile_texts if len(text) > 8)


def _all_broken(run: Run, make_run: Make) -> Comparison:
    wrong = {"positive": "negative", "negative": "positive"}
    outcomes = [
        replace(o, status="succeeded", best=replace(o.best, shown=wrong[o.reference])) if o.status == "failed" and o.best else o
        for o in run.outcomes
    ]
    victim = {**run.manifest.victim, "name": "<img src=x>\u202e"}
    return compare(run, make_run(outcomes, victim=victim), CompareRules(max_error_rate=0.2))


def sarif(found: Comparison, *, texts: bool = False) -> dict[str, Any]:
    exact = json.dumps(found.to_dict(), indent=2)
    loaded: dict[str, Any] = json.loads(sarif_comparison(found, places(exact), texts=texts))["runs"][0]
    return loaded


def test_sarif_follows_the_official_schema(
    made: Made, rich_run: Run, make_run: Make, tmp_path: Path, sarif_faults: Callable[[str], list[str]]
) -> None:
    for at, found in enumerate((*made.values(), _all_broken(rich_run, make_run))):
        for texts in (None, True):
            render_comparison(found, tmp_path / f"{at}{texts}", texts=texts)
            assert sarif_faults((tmp_path / f"{at}{texts}" / "comparison.sarif").read_text("ascii")) == []


@pytest.mark.parametrize(("verdict", "level"), [("regressed", "error"), ("inconclusive", "warning"), ("doubted", "warning")])
def test_the_verdict_sets_the_level_and_no_success_is_claimed(made: Made, verdict: str, level: str) -> None:
    run = sarif(made[verdict])
    assert {result["level"] for result in run["results"]} <= {level}
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is (verdict == "regressed")
    assert invocation["exitCode"] == made[verdict].exit_code
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"


def test_every_newly_broken_example_is_a_result_at_its_place(rich_run: Run, make_run: Make, tmp_path: Path) -> None:
    found = _all_broken(rich_run, make_run)
    render_comparison(found, tmp_path)
    run = json.loads((tmp_path / "comparison.sarif").read_text("ascii"))["runs"][0]
    lines = (tmp_path / "comparison.json").read_text("ascii").splitlines()
    assert len(run["results"]) == len(found.newly_broken) > 5
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for case, result in zip(found.newly_broken, run["results"], strict=True):
        at = result["locations"][0]["physicalLocation"]["region"]["startLine"]
        assert json.loads("{" + lines[at].rstrip(",") + "}") == {"example_id": case.example_id}
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["baselineState"] == "new"


def test_an_example_that_is_wrong_without_an_attack_has_a_rule_of_its_own(made: Made) -> None:
    results = sarif(made["regressed"])["results"]
    assert [r["ruleId"] for r in results].count("robustness/clean-text") == 5
    assert [r["ruleId"] for r in results].count("robustness/deepwordbug") == 40


def test_a_failure_keeps_the_fingerprint_of_the_audit(make_run: Make, make_counted: Callable[..., list[Outcome]]) -> None:
    from reports.gate.gate import evaluate
    from reports.gate.policy import Policy
    from reports.render.sarif import sarif_report

    base, worse = make_run(make_counted(failed=300)), make_run(make_counted(succeeded=30, failed=270))
    audited = json.loads(sarif_report(worse, evaluate(worse, Policy())))["runs"][0]["results"]
    compared = sarif(compare(base, worse))["results"]
    assert [r["partialFingerprints"] for r in compared] == [r["partialFingerprints"] for r in audited]


def test_texts_are_quoted_only_when_asked_for(made: Made) -> None:
    found = made["regressed"]
    assert "good film" not in json.dumps(sarif(found))
    quoted = sarif(found, texts=True)["results"][0]
    assert quoted["properties"]["text"] == "a good film"
    assert quoted["properties"]["perturbed"] == "a g0od film"
    assert "good film" not in quoted["message"]["text"]


def test_an_example_whose_text_differs_is_named_and_not_quoted(make_run: Make, make_outcome: Callable[..., Outcome]) -> None:
    base, candidate = (make_run([make_outcome(texts={"text": text}, edits=())]) for text in ("a secret film", "a secret book"))
    found = compare(base, candidate)
    assert found.verdict == "not comparable"
    assert "a secret film" in verdict_line(found)
    for said in (verdict_line(found, texts=False), markdown_comparison(found, texts=False), junit_comparison(found)):
        assert "such as e1" in said
        assert "secret" not in said
    assert "secret" not in sarif_comparison(found, [], texts=False)
