"""Renderers: terminal, Markdown, HTML, JUnit and SARIF views of a run folder, made from that folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.gate.policy import Policy
    from reports.run import Run


def render_all(run: Run, policy: Policy | None = None) -> list[Path]:
    """Write every report into the run's folder and name the files; those that were there are replaced.

    ``failures.jsonl``, ``failures.csv``, ``summary.json``, ``report.md``, ``junit.xml``, ``report.html``, ``findings.sarif``;
    then ``seal.json`` over all of them. Without a policy the run is judged by its own. Raises ``RunError`` where the run was
    edited since it was sealed: an edit is never sealed again.
    """
    from reports.gate.gate import evaluate
    from reports.gate.run_policy import own_policy
    from reports.measures.of_run import measure
    from reports.measures.summary import summarise, to_json
    from reports.render.junit import junit_report
    from reports.render.markdown import markdown_report
    from reports.render.page.page import html_report
    from reports.render.sarif import sarif_report
    from reports.run.failures import write_failures
    from reports.run.seal import RENDERED, rewriting

    policy = policy or own_policy(run.manifest)
    measured = measure(run, policy.gate.confidence)
    gate = evaluate(run, policy, measured)
    if policy.wants_verdict:
        gate = gate.demanding()
    summary = summarise(run, gate, measured)
    texts = {
        "summary.json": to_json(summary),
        "report.md": markdown_report(run, measured, gate),
        "junit.xml": junit_report(run, measured, gate),
        "report.html": html_report(run, summary, gate),
        "findings.sarif": sarif_report(run, gate),
    }
    with rewriting(run.path, RENDERED):
        write_failures(run, run.path)
        for name, text in texts.items():
            (run.path / name).write_text(text, encoding="utf-8", newline="\n")
    return [run.path / name for name in RENDERED]
