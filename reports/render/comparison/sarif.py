"""``comparison.sarif``: SARIF 2.1.0, one result for each newly broken example. It quotes no text of the data unless asked to.

Every result points to the example's row in the candidate's data file, where it has one, and to its place in
``comparison.json``. Its fingerprint is that of the audit's own file, so that a viewer recognises a failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.compare.changes import Case
from reports.compare.compare import Comparison
from reports.compare.verdicts import INCONCLUSIVE, NOT_COMPARABLE, REGRESSED
from reports.files.rows import Rows
from reports.files.text import visible
from reports.render import sarif

BASE = "COMPARISON"
WRONG = "clean-text"
"""The rule of examples that the candidate gets wrong without an attack."""
_LEVELS = {REGRESSED: "error", INCONCLUSIVE: "warning"}


def sarif_comparison(found: Comparison, places: Sequence[int], *, texts: bool = False) -> str:
    """The newly broken examples as SARIF 2.1.0, ASCII only; ``places``: the line of each in ``comparison.json``.

    Their level is ``error`` where the comparison regressed, ``warning`` where it is inconclusive, else ``note``. With
    ``texts`` both texts are among a result's properties; messages quote none, since viewers render them.
    """
    level = _LEVELS.get(found.verdict, "note")
    manifest = found.candidate.manifest
    names = (*manifest.recipe_names, WRONG)
    shown = found.newly_broken[: sarif.MOST_RESULTS]
    rows = sarif.rows_of(found.candidate.path, [case.example_id for case in shown])
    rules = [*(sarif.rule_of(recipe, level) for recipe in manifest.recipes), _wrong(level)]
    return sarif.document(
        {
            "tool": sarif.tool(manifest, rules),
            "automationDetails": {"id": f"robustness-compare/{manifest.comparability_id or 'run'}/"},
            "originalUriBaseIds": {
                BASE: {"description": {"text": "The folder of the comparison."}},
                **(sarif.ROOTS if rows.lines else {}),
            },
            "invocations": [_invocation(found, left_out=len(found.newly_broken) - len(shown))],
            "columnKind": "unicodeCodePoints",
            "results": [_result(case, line, names, level, texts, rows) for case, line in zip(shown, places, strict=False)],
            "properties": {"verdict": found.verdict, "maxRegression": found.max_regression, "confidence": found.confidence},
        }
    )


def places(comparison: str) -> list[int]:
    """The line on which each newly broken example starts in the text of ``comparison.json``, counted from 1."""
    lines = comparison.splitlines()
    if '  "newly_broken": [' not in lines:
        return []
    start = lines.index('  "newly_broken": [') + 1
    end = lines.index("  ],", start)
    return [at + 1 for at in range(start, end) if lines[at] == "    {"]


def _wrong(level: str) -> dict[str, Any]:
    return {
        "id": sarif.rule_id(WRONG),
        "name": WRONG,
        "shortDescription": {"text": "The candidate answers wrongly without an attack."},
        "fullDescription": {"text": "An input that held in the base run is answered wrongly by the candidate before any edit."},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["robustness"]},
    }


def _result(case: Case, line: int, names: Sequence[str], level: str, texts: bool, rows: Rows) -> dict[str, Any]:
    outcome = case.outcome
    rule = case.recipes[0] if case.recipes else WRONG
    how = f"broken by {', '.join(case.recipes)}" if case.recipes else "answered wrong without an attack"
    quoted = {"text": outcome.texts.get(outcome.field, ""), "perturbed": outcome.perturbed if case.recipes else None}
    return {
        "ruleId": sarif.rule_id(rule),
        "ruleIndex": names.index(rule),
        "level": level,
        "baselineState": "new",
        "message": sarif.message(f"Example {case.example_id} held in the base run and is {how} in the candidate."),
        **sarif.where(rows, case.example_id, sarif.location("comparison.json", BASE, line), "The case in the comparison."),
        "partialFingerprints": sarif.fingerprints(rule, case.example_id),
        "properties": {
            "reference": visible(outcome.reference),
            "recipes": [visible(name) for name in case.recipes],
            **({key: visible(text) for key, text in quoted.items() if text is not None} if texts else {}),
        },
    }


def _invocation(found: Comparison, *, left_out: int) -> dict[str, Any]:
    judged = found.verdict not in (INCONCLUSIVE, NOT_COMPARABLE)
    level = "error" if found.exit_code else "note"
    notes = [sarif.note(found.verdict, reason, level) for reason in found.told(texts=False)]
    notes += [sarif.note("note", said, "note") for said in found.notes]
    if left_out:
        notes.append(sarif.note("left-out", f"{left_out} more newly broken examples are in comparison.json", "warning"))
    return {"executionSuccessful": judged, "exitCode": found.exit_code, "toolExecutionNotifications": notes}
