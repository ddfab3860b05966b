"""``junit.xml`` for CI servers: one suite for the gate, one for each recipe. What is inconclusive is an error, never a pass."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from reports.files.text import visible
from reports.gate.verdicts import FAIL, PASS, GateResult, RuleResult
from reports.measures.metrics import ATTACKED, RecipeMetrics
from reports.measures.of_run import Measured
from reports.render.numbers import interval, number, words
from reports.run import Run


def junit_report(run: Run, measured: Measured, gate: GateResult) -> str:
    """The report as JUnit XML, in the dialect that GitLab and Jenkins read."""
    root = ET.Element("testsuites", name="robustness")
    suites: list[tuple[str, list[RuleResult], RecipeMetrics | None]]
    suites = [("gate", [rule for rule in gate.rules if not rule.scope.startswith("recipe ")], None)]
    suites += [
        (f"recipe {r.name}", [rule for rule in gate.rules if rule.scope == f"recipe {r.name}"], r) for r in measured.recipes
    ]
    told = {name for name, _, _ in suites}
    strays = [rule for rule in gate.rules if rule.scope.startswith("recipe ") and rule.scope not in told]
    suites[0][1].extend(strays)
    for name, rules, recipe in suites:
        _suite(root, run, name, rules, recipe)
    if gate.own is not None:
        _own(root.find("testsuite[@name='gate']"), gate)
    root.set("time", _seconds(run))
    return document(root)


def _own(suite: ET.Element | None, gate: GateResult) -> None:
    """The verdict under the run's own policy, where another one changed it: whoever reads only this file must not miss it."""
    if suite is None or gate.own is None:
        return
    case = ET.SubElement(suite, "testcase", classname="robustness.gate", name="the run's own policy", time="0")
    tag = {"failed": "failure", "inconclusive": "error"}.get(gate.own.verdict)
    message = visible(gate.changed)
    if tag is None:
        ET.SubElement(case, "system-out").text = message
    else:
        ET.SubElement(case, tag, type=gate.own.verdict, message=message).text = message
    count(suite)


def document(root: ET.Element) -> str:
    """The file of a finished tree, its counts filled in."""
    count(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, run: Run, name: str, rules: Sequence[RuleResult], recipe: RecipeMetrics | None) -> None:
    suite = ET.SubElement(root, "testsuite", name=visible(name), timestamp=visible(run.manifest.created[:19]))
    for rule in rules:
        _rule(suite, name, rule)
    if recipe is not None:
        _recipe(suite, name, recipe)
    count(suite)
    suite.set("time", "0")


def _rule(suite: ET.Element, name: str, rule: RuleResult) -> None:
    said = visible(rule.rule if rule.scope in ("run", name) else f"{rule.rule} ({rule.scope})")
    case = ET.SubElement(suite, "testcase", classname=_class(name), name=said, time="0")
    message = visible(rule.message)
    if rule.verdict == PASS:
        ET.SubElement(case, "system-out").text = message
        return
    tag = "failure" if rule.verdict == FAIL else "error"
    ET.SubElement(case, tag, type=rule.verdict, message=message).text = message


def _recipe(suite: ET.Element, name: str, recipe: RecipeMetrics) -> None:
    case = ET.SubElement(suite, "testcase", classname=_class(name), name="measured", time="0")
    if not any(recipe.statuses[status] for status in ATTACKED):
        ET.SubElement(case, "skipped", message="no example was left for this recipe to attack")
    ET.SubElement(case, "system-out").text = visible(
        "\n".join(
            (
                f"profile {recipe.profile}",
                f"accuracy under attack {interval(recipe.accuracy_under_attack)}",
                f"attack success rate {interval(recipe.attack_success_rate)}",
                f"statuses {', '.join(f'{status} {n}' for status, n in recipe.statuses.items())}",
                f"queries, median {number(recipe.queries_median)}; words changed {words(recipe)}",
            )
        )
    )


def count(element: ET.Element) -> None:
    """Set how many cases an element holds, and how they ended."""
    counts = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for attribute, tag in counts.items():
        element.set(attribute, str(sum(1 for _ in element.iter(tag))))


def _seconds(run: Run) -> str:
    seconds = run.manifest.usage.get("wall_seconds", 0)
    return f"{seconds:.3f}" if isinstance(seconds, (int, float)) else "0"


def _class(name: str) -> str:
    """The class of a suite's cases; a dot in a composed recipe's name would be read as a border between packages."""
    return visible(f"robustness.{name.replace('.', '·')}")
