"""Tells GitHub Actions how a run went: annotations on stderr, which the runner reads too, and the job summary."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from robustness.commands.terminal import output

if TYPE_CHECKING:
    from reports.gate.verdicts import GateResult
    from reports.run import Run


def tell_github(run: Run, gate: GateResult, *, asked: bool | None, texts: bool) -> None:
    """Annotate and summarise where it was asked for, or where the job runs on GitHub and it was not forbidden."""
    if not (os.environ.get("GITHUB_ACTIONS") == "true" if asked is None else asked):
        return
    from reports.measures.of_run import measure
    from reports.render.github import annotate, job_summary

    for line in annotate(run, gate, texts=texts):
        output.workflow_command(line)
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if target:
        with Path(target).open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(job_summary(run, measure(run, gate.confidence), gate, texts=texts) + "\n")
