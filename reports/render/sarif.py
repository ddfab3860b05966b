"""``findings.sarif``: SARIF 2.1.0, one rule for each recipe, one result for each failure. It quotes no text of the data.

Every result points to its line of ``failures.jsonl``, where the texts are. Identifiers are those of MITRE ATLAS
(atlas.mitre.org), of the OWASP Top 10 for LLM applications 2025 and of the OWASP Machine Learning Security Top 10 2023.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import metadata
from typing import Any

from reports.files.public import public_message
from reports.files.text import visible
from reports.gate.verdicts import FAIL, INCONCLUSIVE, PASS, GateResult, RuleResult
from reports.measures.slices import in_slice
from reports.run import Manifest, Outcome, Run
from reports.run.failures import in_order

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000  # GitHub refuses a run with more
BASE = "RUN"
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
    results = [_result(o, line, names.index(o.recipe), gate) for line, o in enumerate(found[:MOST_RESULTS], start=1)]
    rules = [rule_of(recipe, _level(_covering(recipe, gate))) for recipe in run.manifest.recipes]
    body = {
        "tool": tool(run.manifest, rules),
        "automationDetails": {"id": f"robustness/{run.manifest.comparability_id or 'run'}/"},
        "originalUriBaseIds": {BASE: {"description": {"text": "The run folder."}}},
        "invocations": [_invocation(run, gate, left_out=len(found) - len(results))],
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


def _result(outcome: Outcome, line: int, index: int, gate: GateResult) -> dict[str, Any]:
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
        "locations": [location("failures.jsonl", BASE, line)],
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
    return {"physicalLocation": {"artifactLocation": {"uri": file, "uriBaseId": base}, "region": {"startLine": line}}}


def fingerprints(recipe: str, example_id: str) -> dict[str, str]:
    """The same for the same example and recipe in every run, so that a viewer can tell new failures from known ones."""
    return {"robustnessCase/v1": sha256(json.dumps([recipe, example_id]).encode("ascii")).hexdigest()}


def _invocation(run: Run, gate: GateResult, *, left_out: int) -> dict[str, Any]:
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
