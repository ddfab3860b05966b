"""What GitHub shows of a run: annotations as workflow commands, and a job summary. No text of the data unless asked for.

Workflow commands are lines on the log that the runner obeys, so every value is escaped as the runner expects it and kept
to one line (docs.github.com, "Workflow commands for GitHub Actions").
"""

from __future__ import annotations

from collections.abc import Iterator

from reports.files.public import full_message, public_message
from reports.files.text import visible
from reports.gate.verdicts import FAIL, PASS, GateResult
from reports.measures.of_run import Measured
from reports.render.markdown import markdown_report
from reports.render.numbers import VERDICTS
from reports.run import Run

_MOST = 10  # GitHub shows no more of one kind for a step


def annotate(run: Run, gate: GateResult, *, texts: bool = False) -> Iterator[str]:
    """One line for each broken rule, each rule that could not be decided, and each doubt; one notice where nothing is wrong.

    Without ``texts`` errors are named by type and count, because their messages may quote the data.
    """
    broken = [rule for rule in gate.rules if rule.verdict == FAIL]
    open_ = [rule for rule in gate.rules if rule.verdict not in (FAIL, PASS)]
    for kind, rules in (("error", broken), ("error" if not broken else "warning", open_)):
        for rule in rules[:_MOST]:
            title = f"robustness: {rule.rule}" + ("" if kind == "error" and rule.verdict == FAIL else " is inconclusive")
            where = "" if rule.scope == "run" else f"{rule.scope}: "
            yield command(kind, title, where + rule.message)
    if gate.changed:
        yield command("warning", "robustness: the verdict changed", gate.changed)
    doubts = [flag for flag in run.manifest.flags if flag.get("severity") != "note"]
    for flag in doubts[:_MOST]:
        yield command("warning", f"robustness: {flag['code']}", full_message(flag) if texts else public_message(flag, run))
    if not broken and not open_:
        yield command("notice", "robustness", VERDICTS[gate.verdict])


def command(kind: str, title: str, message: str) -> str:
    """One workflow command; whatever the message holds, it stays one line and one message."""
    said = " ".join(visible(message).split())
    name = " ".join(visible(title).split())
    return f"::{kind} title={_escape(name, property_=True)}::{_escape(said)}"


def _escape(text: str, *, property_: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property_ else text


def job_summary(run: Run, measured: Measured, gate: GateResult, *, texts: bool = False) -> str:
    """The Markdown report for ``$GITHUB_STEP_SUMMARY``; failures are named, and quoted only with ``texts``."""
    return markdown_report(run, measured, gate, texts=texts)
