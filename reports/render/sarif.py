"""``findings.sarif``: SARIF 2.1.0, one rule for each recipe, one result for each failure. It quotes no text of the data.

Every result points to the example's row in the user's data file, and beside it to its line of ``failures.jsonl``, where the
texts are; where the data are no text file of the repository, to that line alone. Identifiers are those of MITRE ATLAS
(atlas.mitre.org), of the OWASP Top 10 for LLM applications 2025 and of the OWASP Machine Learning Security Top 10 2023.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reports.files.public import public_message
from reports.files.rows import Rows, read_rows
from reports.files.text import visible
from reports.gate.verdicts import FAIL, INCONCLUSIVE, PASS, GateResult, RuleResult
from reports.measures.slices import in_slice
from reports.run import Manifest, Outcome, Run, RunError
from reports.run.failures import in_order

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000  # GitHub refuses a run with more
BASE = "RUN"
ROOT = "%SRCROOT%"
"""What code scanning and editors put the checkout in place of."""
ROOTS = {ROOT: {"description": {"text": "The root of the repository, or the working folder of the audit where there is none."}}}
NO_ROWS = (
    "results point to failures.jsonl of the run folder, because the examples have no lines in a file of the repository: they "
    "come from a package, a table without lines or a file outside the working folder, or from a run of an older version"
)
_CRAFTED = {"gradients": "AML.T0043.000", "scores": "AML.T0043.001", "labels": "AML.T0043.001"}
_PROMPTED = ("prompt", "jailbreak", "injection")
_LEVELS = {FAIL: "error", INCONCLUSIVE: "warning", PASS: "note"}
_WORST = (FAIL, INCONCLUSIVE, PASS)


def sarif_report(run: Run, gate: GateResult) -> str:
    """The failures and the doubts of a run as SARIF 2.1.0, ASCII only.

    A failure is an ``error`` where a threshold that covers it was broken, a ``warning`` where that threshold could not be
    decided or none was set, and a ``note`` where all of them hold.
    """
    names = run.manifest.recipe_names
    found = in_order(run)
    shown = found[:MOST_RESULTS]
    rows = rows_of(run.path, [outcome.example_id for outcome in shown])
    results = [_result(o, line, names.index(o.recipe), gate, rows) for line, o in enumerate(shown, start=1)]
    rules = [rule_of(recipe, _level(_covering(recipe, gate))) for recipe in run.manifest.recipes]
    body = {
        "tool": tool(run.manifest, rules),
        "automationDetails": {"id": f"robustness/{run.manifest.comparability_id or 'run'}/"},
        "originalUriBaseIds": {BASE: {"description": {"text": "The run folder."}}, **(ROOTS if rows.lines else {})},
        "invocations": [_invocation(run, gate, left_out=len(found) - len(results), elsewhere=bool(found) and not rows.lines)],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"verdict": gate.verdict, "policy": visible(gate.policy), "confidence": gate.confidence},
    }
    return document(body)


def document(run: Mapping[str, Any]) -> str:
    """A file of one run object."""
    return json.dumps({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}, ensure_ascii=True, indent=2) + "\n"


def tool(manifest: Manifest, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Who made the file, and the rules that its results name."""
    return {"driver": {"name": "robustness-suite", "version": _version(manifest), "rules": list(rules)}}


def message(text: str) -> dict[str, str]:
    """A message that is plain text wherever it is shown: braces are doubled and no link comes alive (SARIF 2.1.0, 3.11.5-6)."""
    return {"text": visible(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")}


def identifiers(recipe: Mapping[str, Any]) -> dict[str, list[str]]:
    """The catalogue entries that apply to a recipe of ``run.json``; noise drawn without an adversary has none of ATLAS.

    OWASP's LLM list speaks of prompts, so only recipes that attack through one are given its LLM01.
    """
    name, access = str(recipe["name"]), str(recipe.get("access", ""))
    found: dict[str, list[str]] = {}
    if access in _CRAFTED:
        found["mitre-atlas"] = ["AML.T0015", _CRAFTED[access]]
        found["owasp-ml"] = ["ML01:2023"]
    if name.startswith(_PROMPTED):
        found["owasp-llm"] = ["LLM01:2025"]
        found["mitre-atlas"] = ["AML.T0051", *found.get("mitre-atlas", [])]
    return found


def _version(manifest: Manifest) -> str:
    try:
        return str(manifest.versions.get("robustness-suite") or metadata.version("robustness-suite"))
    except metadata.PackageNotFoundError:
        return "0"


def rule_id(recipe: str) -> str:
    """The rule that a recipe's results break."""
    return f"robustness/{visible(recipe)}"


def rule_of(recipe: Mapping[str, Any], level: str) -> dict[str, Any]:
    """A recipe of ``run.json`` as a rule."""
    name = visible(str(recipe["name"]))
    citation = recipe.get("citation") or {}
    ids = identifiers(recipe)
    tags = ["robustness", *(f"external/{catalogue}/{one}" for catalogue, each in ids.items() for one in each)]
    rule: dict[str, Any] = {
        "id": rule_id(name),
        "name": name,
        "shortDescription": message(f"The {name} attack changed the victim's answer."),
        "fullDescription": message(
            f"An input that the victim answers correctly is answered wrongly after {name} edited it. "
            f"Attack: {citation.get('text', 'no source given')}."
        ),
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": tags,
            **ids,
            **{key: visible(str(recipe[key])) for key in ("level", "access", "profile") if key in recipe},
        },
    }
    url = str(citation.get("url", ""))
    if url.startswith(("https://", "http://")) and url.isascii() and " " not in url:
        rule["helpUri"] = url
    return rule


def _covering(recipe: Mapping[str, Any], gate: GateResult) -> list[RuleResult]:
    return [rule for rule in gate.rules if _on_run(rule) or rule.scope == f"recipe {recipe['name']}"]


def _on_run(rule: RuleResult) -> bool:
    return rule.scope == "run" and rule.threshold is not None and rule.observed is not None


def _level(rules: Sequence[RuleResult]) -> str:
    verdicts = {rule.verdict for rule in rules}
    return _LEVELS[next((verdict for verdict in _WORST if verdict in verdicts), INCONCLUSIVE)]


def _covers(rule: RuleResult, outcome: Outcome) -> bool:
    if rule.scope == f"recipe {outcome.recipe}":
        return True
    if rule.scope.startswith("slice "):
        return in_slice(outcome, rule.scope.removeprefix("slice "))
    return _on_run(rule)


def _result(outcome: Outcome, line: int, index: int, gate: GateResult, rows: Rows) -> dict[str, Any]:
    before = outcome.clean.shown if outcome.clean else outcome.reference
    after = outcome.best.shown if outcome.best else "another answer"
    put_in = f"{outcome.words_inserted} inserted, " if outcome.words_inserted else ""
    said = (
        f"{outcome.recipe} turned the answer to example {outcome.example_id} from {before} to {after}: "
        f"{outcome.words_changed} of {outcome.words} words changed, {put_in}{outcome.queries} queries."
    )
    return {
        "ruleId": rule_id(outcome.recipe),
        "ruleIndex": index,
        "level": _level([rule for rule in gate.rules if _covers(rule, outcome)]),
        "message": message(said),
        **where(rows, outcome.example_id, location("failures.jsonl", BASE, line), "The texts of the failure, in the run folder."),
        "partialFingerprints": fingerprints(outcome.recipe, outcome.example_id),
        "properties": {
            "reference": visible(outcome.reference),
            "techniques": sorted({visible(edit.technique) for edit in outcome.edits if edit.technique}),
            "queries": outcome.queries,
            "wordsChanged": outcome.words_changed,
            **({"wordsInserted": outcome.words_inserted} if outcome.words_inserted else {}),
        },
    }


def location(file: str, base: str, line: int) -> dict[str, Any]:
    """A line of a file in the folder that ``base`` names."""
    uri = quote(os.fsencode(file))  # a name with a colon is no scheme, one with blanks still a reference (RFC 3986, 4.1)
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": base}, "region": {"startLine": line}}}


def rows_of(folder: Path, ids: Sequence[str]) -> Rows:
    """Where these examples stand in the user's file. Raises ``RunError`` where the run's own account of that is damaged."""
    try:
        return read_rows(folder, frozenset(ids))
    except ValueError as error:
        raise RunError(str(error)) from error


def where(rows: Rows, example_id: str, texts: Mapping[str, Any], said: str) -> dict[str, Any]:
    """The places of a result: the example's row with ``texts`` related to it, or ``texts`` alone where it has no row."""
    line = rows.lines.get(example_id)
    if line is None:
        return {"locations": [texts]}
    return {"locations": [location(rows.file, ROOT, line)], "relatedLocations": [{"id": 1, **texts, "message": message(said)}]}


def fingerprints(recipe: str, example_id: str) -> dict[str, str]:
    """The same for the same example and recipe in every run, so that a viewer can tell new failures from known ones."""
    return {"robustnessCase/v1": sha256(json.dumps([recipe, example_id]).encode("ascii")).hexdigest()}


def _invocation(run: Run, gate: GateResult, *, left_out: int, elsewhere: bool) -> dict[str, Any]:
    notes = [
        note(flag["code"], public_message(flag, run), "note" if flag.get("severity") == "note" else "warning")
        for flag in run.manifest.flags
    ]
    notes += [
        note(rule.rule, f"{rule.scope}: {rule.message}", "error" if rule.verdict == FAIL else "warning")
        for rule in gate.rules
        if rule.verdict != PASS
    ]
    if gate.changed:
        notes.append(note("policy", gate.changed, "warning"))
    if elsewhere:
        notes.append(note("no-rows", NO_ROWS, "note"))
    if left_out:
        notes.append(note("left-out", f"{left_out} more failures are in failures.jsonl and not here", "warning"))
    return {
        "executionSuccessful": run.manifest.finished and gate.verdict != "inconclusive",
        "exitCode": gate.exit_code,
        "toolExecutionNotifications": notes,
    }


def note(code: str, text: str, level: str) -> dict[str, Any]:
    """A notification of the invocation."""
    return {"descriptor": {"id": visible(str(code))}, "message": message(text), "level": level}
