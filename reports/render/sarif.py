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

from reports.failures import in_order
from reports.run import Outcome, Run
from reports.slices import text_of
from reports.text import visible
from reports.verdicts import FAIL, INCONCLUSIVE, PASS, GateResult, RuleResult

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
    driver = {
        "name": "robustness-suite",
        "version": _version(run),
        "rules": [_rule(recipe, gate) for recipe in run.manifest.recipes],
    }
    body = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"robustness/{run.manifest.comparability_id or 'run'}/"},
        "originalUriBaseIds": {BASE: {"description": {"text": "The run folder."}}},
        "invocations": [_invocation(run, gate, left_out=len(found) - len(results))],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"verdict": gate.verdict, "policy": visible(gate.policy), "confidence": gate.confidence},
    }
    return json.dumps({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [body]}, ensure_ascii=True, indent=2) + "\n"


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


def _version(run: Run) -> str:
    try:
        return str(run.manifest.versions.get("robustness-suite") or metadata.version("robustness-suite"))
    except metadata.PackageNotFoundError:
        return "0"


def _rule(recipe: Mapping[str, Any], gate: GateResult) -> dict[str, Any]:
    name = visible(str(recipe["name"]))
    citation = recipe.get("citation") or {}
    ids = identifiers(recipe)
    tags = ["robustness", *(f"external/{catalogue}/{one}" for catalogue, each in ids.items() for one in each)]
    covering = [rule for rule in gate.rules if _on_run(rule) or rule.scope == f"recipe {recipe['name']}"]
    rule: dict[str, Any] = {
        "id": f"robustness/{name}",
        "name": name,
        "shortDescription": {"text": f"The {name} attack changed the victim's answer."},
        "fullDescription": {
            "text": f"An input that the victim answers right is answered wrong after {name} edited it. "
            f"Attack: {visible(str(citation.get('text', 'no source given')))}."
        },
        "defaultConfiguration": {"level": _level(covering)},
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


def _on_run(rule: RuleResult) -> bool:
    return rule.scope == "run" and rule.threshold is not None and rule.observed is not None


def _level(rules: Sequence[RuleResult]) -> str:
    verdicts = {rule.verdict for rule in rules}
    return _LEVELS[next((verdict for verdict in _WORST if verdict in verdicts), INCONCLUSIVE)]


def _covers(rule: RuleResult, outcome: Outcome) -> bool:
    if rule.scope == f"recipe {outcome.recipe}":
        return True
    if rule.scope.startswith("slice "):
        column, _, value = rule.scope.removeprefix("slice ").partition("=")
        told = outcome.meta.get(column, outcome.label if column == "label" else None)
        return told is not None and text_of(told) == value
    return _on_run(rule)


def _result(outcome: Outcome, line: int, index: int, gate: GateResult) -> dict[str, Any]:
    before = outcome.clean.label if outcome.clean else outcome.label
    after = outcome.adversarial.label if outcome.adversarial else "another label"
    said = (
        f"{outcome.recipe} turned the answer to example {outcome.example_id} from {before} to {after}: "
        f"{outcome.words_changed} of {outcome.words} words changed, {outcome.queries} queries."
    )
    return {
        "ruleId": f"robustness/{visible(outcome.recipe)}",
        "ruleIndex": index,
        "level": _level([rule for rule in gate.rules if _covers(rule, outcome)]),
        "message": {"text": visible(said)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "failures.jsonl", "uriBaseId": BASE},
                    "region": {"startLine": line},
                }
            }
        ],
        "partialFingerprints": {"robustnessCase/v1": _fingerprint(outcome)},
        "properties": {
            "label": visible(outcome.label),
            "techniques": sorted({visible(edit.technique) for edit in outcome.edits if edit.technique}),
            "queries": outcome.queries,
            "wordsChanged": outcome.words_changed,
        },
    }


def _fingerprint(outcome: Outcome) -> str:
    """The same for the same example and recipe in every run, so that a viewer can tell new failures from known ones."""
    return sha256(json.dumps([outcome.recipe, outcome.example_id]).encode("ascii")).hexdigest()


def _invocation(run: Run, gate: GateResult, *, left_out: int) -> dict[str, Any]:
    notes = [
        _note(flag["code"], str(flag.get("message", flag["code"])), "note" if flag.get("severity") == "note" else "warning")
        for flag in run.manifest.flags
    ]
    notes += [
        _note(rule.rule, f"{rule.scope}: {rule.message}", "error" if rule.verdict == FAIL else "warning")
        for rule in gate.rules
        if rule.verdict != PASS
    ]
    if left_out:
        notes.append(_note("left-out", f"{left_out} more failures are in failures.jsonl and not here", "warning"))
    return {
        "executionSuccessful": run.manifest.finished and gate.verdict != "inconclusive",
        "exitCode": gate.exit_code,
        "toolExecutionNotifications": notes,
    }


def _note(code: str, text: str, level: str) -> dict[str, Any]:
    return {"descriptor": {"id": visible(str(code))}, "message": {"text": visible(text)}, "level": level}
