"""A run that a cap on spending ended: never passed, failed only by what no further trial could change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reports.files.paths import shown
from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.run import Manifest, Outcome, Run
from reports.run.bill import bill

MakeRun = Callable[..., Run]
MakeCounted = Callable[..., list[Outcome]]
BILL = {
    **{"requests": 1204, "tokens_in": 140210, "tokens_out": 3612, "cost": 0.0231987, "currency": "USD"},
    **{"caps": {"max_cost": "0.05", "max_requests": 5000}, "spent": True},
}
GIVEN_UP = {"type": "SpentError", "message": "--max-requests 5000 is reached"}


def ended(run: Run, examples: int, given_up: int) -> Run:
    """The run as a cap would have ended it: some of its trials under way, others not begun."""
    outcomes = [*run.outcomes]
    outcomes[:given_up] = [replace(o, status="error", error=GIVEN_UP, perturbed=None, best=None) for o in outcomes[:given_up]]
    return replace(run, manifest=replace(run.manifest, bill=BILL, examples=examples), outcomes=tuple(outcomes))


@pytest.mark.parametrize(
    ("gate", "verdict"),
    [
        ({}, "inconclusive"),
        ({"min_robust_accuracy": 0.0}, "inconclusive"),
        ({"min_robust_accuracy": "50%", "fatal_flags": ["errors", "all"]}, "inconclusive"),
        ({"min_robust_accuracy": "99%"}, "failed"),  # of 400, 60 are broken already, whatever becomes of the others
        ({"max_error_rate": "0%"}, "inconclusive"),
    ],
)
def test_a_run_that_a_cap_ended_never_passes_and_fails_only_by_what_is_certain(
    make_run: MakeRun, make_counted: MakeCounted, gate: dict[str, Any], verdict: str
) -> None:
    run = ended(make_run(make_counted(failed=200, succeeded=60)), examples=400, given_up=20)
    found = evaluate(run, parse_policy({"gate": gate}, "test"))
    assert found.verdict == verdict
    assert found.rules[0].rule == "spent"
    assert "160 trials did not take place" in found.rules[0].message
    assert next(rule for rule in found.rules if rule.rule == "max_error_rate").message.startswith("0 of 240 trials")


def test_other_errors_of_such_a_run_are_errors(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = ended(make_run(make_counted(failed=50, error=1)), examples=80, given_up=3)
    assert evaluate(run, parse_policy({"gate": {}}, "test")).verdict == "failed"


def test_a_bill_in_a_line() -> None:
    spent = "1,204 requests, 140,210 tokens in, 3,612 out, 0.0232 USD; at most 0.05 USD, 5,000 requests"
    assert bill(replace(_manifest(), bill=BILL)) == spent
    assert bill(_manifest()) == ""


@pytest.mark.parametrize(
    "change", [{"requests": -1}, {"spent": "no"}, {"cost": "1"}, {"caps": []}, {"currency": 3}, {"tokens_in": None}]
)
def test_a_bill_that_cannot_be_is_refused(make_run: MakeRun, make_counted: MakeCounted, change: dict[str, Any]) -> None:
    manifest = replace(make_run(make_counted(failed=3)).manifest, bill={**BILL, **change})
    with pytest.raises(ValueError, match="bill"):
        Manifest.from_json(manifest.to_json())


@pytest.mark.parametrize(
    "spec", ["openai:https://host.example/v1#m", "openai:http://127.0.0.1:80/v1#a/b", "responses:https://h/x#m"]
)
def test_the_url_in_a_spec_is_no_path_to_be_shortened(spec: str) -> None:
    assert shown(spec) == spec


def _manifest() -> Manifest:
    from tests.reports.conftest import manifest

    return manifest()
