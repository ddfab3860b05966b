"""``comparison.xml``: a comparison as JUnit XML. What regressed is a failure, what could not be judged an error, never a pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from reports.compare.changes import Change
from reports.compare.compare import Comparison
from reports.compare.verdicts import INCONCLUSIVE, NOT_COMPARABLE, REGRESSED
from reports.files.text import visible
from reports.render.junit import count, document
from reports.render.numbers import COMPARED, percent, signed_interval

_TAGS = {REGRESSED: "failure", INCONCLUSIVE: "error", NOT_COMPARABLE: "error"}
_NAMED = 20


def junit_comparison(found: Comparison) -> str:
    """One case for the verdict, which ends as the exit code does; then one for each measure, recipe and slice."""
    root = ET.Element("testsuites", name="robustness comparison", time="0")
    suites: tuple[tuple[str, Iterable[ET.Element]], ...] = (
        ("verdict", [_verdict(found)]),
        ("measures", _changes(found, found.measures, deciding=True)),
        ("slices", _changes(found, found.slices, deciding=found.slices_decide)),
    )
    for name, cases in suites:
        suite = ET.Element(
            "testsuite", name=f"comparison {name}", timestamp=visible(found.candidate.manifest.created[:19]), time="0"
        )
        suite.extend(_classed(cases, f"robustness.comparison.{name}"))
        count(suite)
        if len(suite):
            root.append(suite)
    return document(root)


def _classed(cases: Iterable[ET.Element], name: str) -> Iterator[ET.Element]:
    for case in cases:
        case.set("classname", name)
        yield case


def _case(name: str, verdict: str, message: str, said: str) -> ET.Element:
    case = ET.Element("testcase", name=visible(name), time="0")
    tag = _TAGS.get(verdict)
    if tag is None:
        ET.SubElement(case, "system-out").text = visible(said)
    else:
        ET.SubElement(case, tag, type=verdict, message=visible(message)).text = visible(said)
    return case


def _verdict(found: Comparison) -> ET.Element:
    reasons = found.told(texts=False)
    broken = [case.example_id for case in found.newly_broken]
    more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
    named = [f"newly broken: {', '.join(broken[:_NAMED])}{more}"] if broken else []
    lines = (COMPARED[found.verdict], *reasons, *(f"note: {note}" for note in found.notes), *named)
    return _case("no regression", found.verdict, "; ".join(reasons), "\n".join(lines))


def _changes(found: Comparison, changes: Iterable[Change], *, deciding: bool) -> Iterator[ET.Element]:
    """The changes as cases. A slice that is worse where slices do not decide is skipped and says so: the job is not red."""
    for change in changes:
        name = change.name if change.kind == "slice" else change.title
        verdict, said = found.verdict_on(change), _said(change)
        if found.doubted:
            yield _case(name, verdict, f"not judged: {found.told(texts=False)[0]}", said)
        elif verdict == REGRESSED and not deciding:
            case = ET.Element("testcase", name=visible(name), time="0")
            ET.SubElement(case, "skipped", message=visible(f"significantly worse, though slices do not decide: {said}"))
            yield case
        elif verdict == INCONCLUSIVE and not deciding:  # a slice without pairs decides nothing either way
            yield _case(name, "", "", said)
        else:
            yield _case(name, verdict, said, said)


def _said(change: Change) -> str:
    table = change.pairs
    if change.change is None:
        return "no example was judged in both runs"
    return (
        f"{percent(table.base_rate)} → {percent(table.candidate_rate)}: {signed_interval(change.change, change.low, change.high)}"
        f" points; {table.broken} broken and {table.fixed} fixed of {table.n}, p = {change.p_holm:.2g}"
    )
