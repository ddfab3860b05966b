"""``findings.sarif``: held to the schema of SARIF 2.1.0, and to what its chapter 3 asks for in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.render import render_all
from reports.render.sarif import identifiers, sarif_report
from reports.run import Run

LEVELS = {"none", "note", "warning", "error"}


def sarif(run: Run, **gate: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(sarif_report(run, evaluate(run, parse_policy({"gate": gate}, "test"))))
    return loaded


def check_structure(log: dict[str, Any]) -> None:
    """What the standard requires of the objects that are used (3.13, 3.14, 3.18-3.20, 3.27-3.31, 3.49, 3.58)."""
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"]
        ids = [rule["id"] for rule in driver["rules"]]
        assert len(set(ids)) == len(ids)
        for rule in driver["rules"]:
            assert rule["defaultConfiguration"]["level"] in LEVELS
            assert rule["shortDescription"]["text"]
            assert len(set(rule["properties"]["tags"])) == len(rule["properties"]["tags"])
        assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
        for invocation in run["invocations"]:
            assert isinstance(invocation["executionSuccessful"], bool)
            assert isinstance(invocation["exitCode"], int)
            assert all(n["message"]["text"] and n["level"] in LEVELS for n in invocation["toolExecutionNotifications"])
        for result in run["results"]:
            assert ids[result["ruleIndex"]] == result["ruleId"]
            assert result["level"] in LEVELS
            assert result["message"]["text"]
            place = result["locations"][0]["physicalLocation"]
            assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
            assert place["region"]["startLine"] >= 1
            assert all(isinstance(value, str) for value in result["partialFingerprints"].values())


def test_it_has_the_structure_of_the_standard(rich_run: Run) -> None:
    check_structure(sarif(rich_run))


def test_it_follows_the_official_schema(
    rich_run: Run, make_run: Callable[..., Run], make_outcome: Callable[..., Any], sarif_faults: Callable[[str], list[str]]
) -> None:
    unfinished = make_run([make_outcome()], finished=False, recipes=("deepwordbug", "prompt-injection"))
    for run in (rich_run, unfinished, make_run([make_outcome(status="failed")])):
        for gate in ({}, {"min_robust_accuracy": 0.99, "fatal_flags": ["all"]}):
            assert sarif_faults(sarif_report(run, evaluate(run, parse_policy({"gate": gate}, "test")))) == []


@pytest.mark.parametrize(
    "change", [{"level": "fatal"}, {"message": {}}, {"ruleIndex": -2}, {"partialFingerprints": ["x"]}, {"x": 1}]
)
def test_the_schema_catches_a_fault(rich_run: Run, sarif_faults: Callable[[str], list[str]], change: dict[str, Any]) -> None:
    log = sarif(rich_run)
    log["runs"][0]["results"][0] |= change
    assert sarif_faults(json.dumps(log))


def test_no_name_becomes_a_link_or_a_placeholder(make_run: Callable[..., Run], make_outcome: Callable[..., Any]) -> None:
    (result,) = sarif(make_run([make_outcome("[here](https://example.org/x) {0}")]))["runs"][0]["results"]
    assert "[here] (https://example.org/x) {{0}}" in result["message"]["text"]


def test_results_point_to_their_lines_and_quote_no_text(rich_run: Run, hostile_texts: tuple[str, ...]) -> None:
    render_all(rich_run)
    text = (rich_run.path / "findings.sarif").read_text("ascii")
    cases = [json.loads(line) for line in (rich_run.path / "failures.jsonl").read_text("ascii").splitlines()]
    results = json.loads(text)["runs"][0]["results"]
    assert len(results) == len(cases) > 10
    for result in results:
        told = cases[result["locations"][0]["physicalLocation"]["region"]["startLine"] - 1]
        assert result["ruleId"] == f"robustness/{told['recipe']}"
        assert told["example_id"] in result["message"]["text"]
    assert not any(json.dumps(hostile)[1:-1] in text for hostile in hostile_texts if len(hostile) > 8)


@pytest.mark.parametrize(
    ("gate", "level"),
    [({}, "warning"), ({"min_robust_accuracy": 0.99}, "error"), ({"min_robust_accuracy": 0.01}, "note"),
     ({"recipes": {"deepwordbug": {"max_attack_success_rate": 0.01}}}, "error"),
     ({"slices": {"label=positive": {"max_attack_success_rate": 0.01}}}, "mixed")],
)  # fmt: skip
def test_the_policy_sets_the_severity(
    make_run: Callable[..., Run], make_counted: Callable[..., Any], gate: dict[str, Any], level: str
) -> None:
    log = sarif(make_run(make_counted(skipped=43, succeeded=128, failed=29)), **gate)
    levels = {result["level"] for result in log["runs"][0]["results"]}
    assert levels == ({"error", "warning"} if level == "mixed" else {level})


def test_fingerprints_stay_and_tell_cases_apart(make_run: Callable[..., Run], make_counted: Callable[..., Any]) -> None:
    prints = [
        {r["partialFingerprints"]["robustnessCase/v1"] for r in sarif(make_run(make_counted(succeeded=n)))["runs"][0]["results"]}
        for n in (5, 6)
    ]
    assert len(prints[1]) == 6
    assert prints[0] < prints[1]


def test_identifiers_apply_where_there_is_an_adversary() -> None:
    assert identifiers({"name": "natural:keyboard-typo", "access": "blind"}) == {}
    assert identifiers({"name": "pwws", "access": "scores"})["mitre-atlas"] == ["AML.T0015", "AML.T0043.001"]
    assert identifiers({"name": "hotflip", "access": "gradients"})["mitre-atlas"][1] == "AML.T0043.000"
    assert "owasp-llm" not in identifiers({"name": "pwws", "access": "scores"})
    assert identifiers({"name": "prompt-injection", "access": "labels"})["owasp-llm"] == ["LLM01:2025"]


def test_an_inconclusive_run_is_no_successful_execution(make_run: Callable[..., Run], make_outcome: Callable[..., Any]) -> None:
    log = sarif(make_run([make_outcome()], finished=False))
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False
    assert log["runs"][0]["invocations"][0]["exitCode"] == 3


def test_too_many_results_are_cut_and_said(
    make_run: Callable[..., Run], make_counted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.render.sarif.MOST_RESULTS", 3)
    run = sarif(make_run(make_counted(succeeded=5)))["runs"][0]
    assert len(run["results"]) == 3
    assert run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"].startswith("2 more failures")


def test_the_file_is_rendered_again_alike(rich_run: Run, tmp_path: Path) -> None:
    render_all(rich_run)
    before = (rich_run.path / "findings.sarif").read_bytes()
    render_all(rich_run)
    assert (rich_run.path / "findings.sarif").read_bytes() == before
