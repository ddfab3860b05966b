"""A run in Python and in a notebook: verdict, numbers, failures, gate, comparison, card."""

from __future__ import annotations

from pathlib import Path

import pytest

import robustness
from reports.audited import AuditedRun
from reports.gate.policy import PolicyError

HOSTILE = "<script>alert(1)</script>"
EXAMPLES = [(f"a {('dull', 'great')[at % 2]} film {HOSTILE} {at}", ("negative", "positive")[at % 2]) for at in range(40)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> AuditedRun:
    folder = tmp_path_factory.mktemp("api") / HOSTILE.replace("/", "")
    return robustness.audit(
        "scripted:keyword", EXAMPLES, recipes="deepwordbug", encoder="none", out=folder, gate={"min_robust_accuracy": "90%"}
    )


def test_the_verdict_is_that_of_the_runs_own_policy(run: AuditedRun) -> None:
    assert run.verdict == "failed"
    assert run.verdict == robustness.load(run.path).verdict
    assert run.metrics.overall.robust_accuracy.rate == 0.5


def test_failures_are_a_frame_with_both_texts(run: AuditedRun) -> None:
    assert len(run.failures) == run.metrics.overall.found
    row = run.failures.iloc[0]
    assert row["text.text"] != row["perturbed"]
    assert row["clean.shown"] != row["best.shown"]


def test_a_gate_takes_thresholds_on_top_of_the_policy_and_passes_nothing_without_one(run: AuditedRun, tmp_path: Path) -> None:
    assert run.gate().verdict == "failed"
    assert run.gate(min_robust_accuracy=0.0, policy={"gate": {"max_accuracy_drop": "100pt"}}).exit_code == 0
    free = robustness.audit("scripted:keyword", EXAMPLES, recipes="deepwordbug", encoder="none", out=tmp_path / "free")
    assert free.verdict == "measured"
    assert free.gate().verdict == "inconclusive"
    with pytest.raises(PolicyError, match="min_robust_accuracy"):
        run.gate(min_robust_accuracy="much")
    with pytest.raises(TypeError, match="min_robustness"):
        run.gate(min_robustness=0.3)  # type: ignore[call-arg]


def test_runs_are_compared_by_run_or_by_folder(run: AuditedRun) -> None:
    by_run, by_folder = run.compare(run), run.compare(run.path, max_regression="5pt")
    assert by_run.verdict == by_folder.verdict
    assert (by_run.max_regression, by_folder.max_regression) == (0.02, 0.05)
    with pytest.raises(PolicyError, match="max_regression"):
        run.compare(run, max_regression="many")


def test_what_a_notebook_shows_is_short_and_escaped(run: AuditedRun) -> None:
    assert len(repr(run)) < 400
    assert "\n" not in repr(run)
    card = run._repr_html_()
    assert "FAILED" in card
    assert "<script" not in card


def test_a_report_that_was_lost_is_written_again(run: AuditedRun) -> None:
    page = run.path / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert run.report() == page
    assert page.read_bytes() == before
