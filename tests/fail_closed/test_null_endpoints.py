"""Null victims behind a real endpoint: whatever the tasks make of their words, none passes, and the reason is the right one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.measures.answers.answer_kinds import answer_kinds
from reports.run import Run
from robustness import audit
from robustness.errors import RobustnessError
from robustness.testing.null_grid import TEXTS, thresholds
from robustness.testing.null_server import serving
from robustness.victims.endpoint.asking.probe import PLAIN
from robustness.victims.null import NULLS

pytest.importorskip("aiohttp")
GENERATION: list[Mapping[str, Any]] = [{"prompt": text} for text in TEXTS]
LABELLED: list[Mapping[str, Any]] = [{"text": text, "label": "negative"} for text in TEXTS]
KINDS = {"empty": "empty", "refuse": "refused", "cut": "truncated", "thinking": "truncated", "bad-request": "HTTP 400"}


def run(url: str, rows: Any, out: Path, **more: Any) -> Run:
    return audit(f"openai:{url}#null", rows, recipes="natural:keyboard-typo", encoder="none", out=out, **more)


def outcome_of(url: str, rows: Any, out: Path, **more: Any) -> Run | str:
    """The run, or why there is none."""
    try:
        return run(url, rows, out, **more)
    except RobustnessError as error:
        return str(error)


def verdicts(found: Run) -> set[str]:
    return {evaluate(found, parse_policy({"gate": gate}, "t")).verdict for gate in thresholds().values()}


@pytest.mark.parametrize("null", NULLS)
def test_no_null_endpoint_passes(null: str, tmp_path: Path) -> None:
    for rows, more in ((GENERATION, {"task": "generation"}), (LABELLED, {"labels": ("negative", "positive")})):
        with serving(null) as server:
            found = outcome_of(server.url, rows, tmp_path / next(iter(more)), **more)
        if isinstance(found, str):
            assert KINDS.get(null, "unparsed") in found
            assert server.requests < 60  # found out on the first texts
            continue
        assert verdicts(found) <= {"inconclusive", "failed"}
        codes = {flag["code"] for flag in found.manifest.flags}
        assert codes & {"echo", "constant", "one-label"}


@pytest.mark.parametrize("null", ["empty", "cut", "thinking", "bad-request"])
def test_an_endpoint_that_fails_on_changed_texts_only_is_not_robust(null: str, tmp_path: Path) -> None:
    known = {text: f"An account of {len(text)} letters about a {text.split()[2]}." for text in TEXTS}
    known[PLAIN] = "A plain line."  # what the probe asks first
    with serving(null, known=known) as server:
        found = run(server.url, GENERATION, tmp_path / "run", task="generation")
    assert not [o for o in found.outcomes if o.status in ("failed", "exhausted")]
    assert verdicts(found) <= {"inconclusive", "failed"}
    split = {one.kind: (one.clean.rate, one.attacked.rate) for one in answer_kinds(found).kinds}
    assert split["right"] == (1.0, 0.0)
    lost = "error" if null == "bad-request" else KINDS[null]
    assert split[lost] == (0.0, 1.0)


def test_refusals_of_changed_texts_are_a_finding_of_their_own(tmp_path: Path) -> None:
    known = {text: f"An account of {len(text)} letters about a {text.split()[2]}." for text in TEXTS}
    with serving("refuse", known=known) as server:
        found = run(server.url, GENERATION, tmp_path / "run", task="generation")
    assert {one.kind: one.moved.successes for one in answer_kinds(found).kinds} == {"right": 0, "refused": len(TEXTS)}
    report = (found.path / "report.md").read_text()
    assert "Of 100.0 points lost under attack: refused 100.0 (89.1–100.0)" in report
