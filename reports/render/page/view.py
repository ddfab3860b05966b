"""What the page's templates print that the summary does not say outright: verdict, rules, doubts, details."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reports.files.public import full_message
from reports.gate.rules import RULES
from reports.gate.verdicts import GateResult, RuleResult
from reports.measures.intervals import Proportion
from reports.render.numbers import budget_of, percent, points
from reports.run import Manifest

_TONES = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive"}
_RESULTS = {"pass": "Passes", "fail": "Fails", "inconclusive": "Inconclusive"}
_TITLES = {
    **{key: rule.title for key, rule in RULES.items()},
    "complete": "Run complete",
    "attacked": "Something was attacked",
    "tried": "Every recipe had candidates",
    "controls": "Benign texts read as such",
    "max_error_rate": "Errors",
    "max_untested": "Untested examples",
    "min_examples": "Enough examples",
    "fatal_flags": "Fatal doubts",
    "spent": "Nothing was cut short by a cap",
}
MEASURED = "No threshold was set, so there is nothing to pass or fail; the numbers below are what was measured."


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict in plain words. ``reasons``: what the rules that decided it said."""

    tone: str
    word: str
    sentence: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule as a table row."""

    title: str
    scope: str
    tone: str
    word: str
    message: str
    observed: Proportion | None
    threshold: float | None
    measured: str
    interval: str
    bound: str
    settling_n: int | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """One self-doubt flag."""

    tone: str
    word: str
    code: str
    message: str


def verdict(gate: GateResult | None) -> Verdict:
    """The gate's verdict, or that there was none; and that another policy changed it, where one did."""
    found = _verdict(gate)
    if gate is None or not gate.changed:
        return found
    return replace(found, sentence=f"{gate.changed[:1].upper()}{gate.changed[1:]}. {found.sentence}")


def _verdict(gate: GateResult | None) -> Verdict:
    if gate is None or gate.verdict == "measured":
        return Verdict("measured", "Measured, not judged", MEASURED)
    if gate.verdict == "passed":
        return Verdict("passed", "Passed", f"All {len(gate.rules)} rules hold, each over its whole interval.")
    wanted = "fail" if gate.verdict == "failed" else "inconclusive"
    reasons = tuple(_said(rule) for rule in gate.rules if rule.verdict == wanted)
    if len(reasons) == 1:
        sentence = f"{reasons[0]}."
    elif wanted == "fail":
        sentence = f"{len(reasons)} of {len(gate.rules)} rules are broken."
    else:
        sentence = f"{len(reasons)} of {len(gate.rules)} rules could not be decided, and a gate that cannot decide does not pass."
    return Verdict(gate.verdict, gate.verdict.capitalize(), sentence, reasons)


def _said(rule: RuleResult) -> str:
    said = rule.message[:1].upper() + rule.message[1:]
    return said if rule.scope == "run" else f"{rule.scope[:1].upper()}{rule.scope[1:]}: {rule.message}"


def rules(gate: GateResult | None) -> tuple[list[RuleView], list[RuleView]]:
    """The thresholds on something measured, and the conditions that must hold first."""
    views = [(rule.rule in RULES, _rule(rule)) for rule in (gate.rules if gate else ())]
    return [view for measured, view in views if measured], [view for measured, view in views if not measured]


def _rule(rule: RuleResult) -> RuleView:
    seen = rule.observed if rule.observed is not None and rule.observed.rate is not None else None
    amount = points if rule.rule in RULES and RULES[rule.rule].points else percent
    bound = "" if rule.threshold is None else f"{'≥' if rule.rule.startswith('min_') else '≤'} {amount(rule.threshold)}"
    return RuleView(
        title=_TITLES.get(rule.rule, rule.rule),
        scope=rule.scope,
        tone=_TONES.get(rule.verdict, "inconclusive"),
        word=_RESULTS.get(rule.verdict, rule.verdict),
        message=rule.message,
        observed=seen,
        threshold=rule.threshold,
        measured=amount(seen.rate) if seen else "not measured",
        interval=f"{100 * seen.low:.1f}–{amount(seen.high)}" if seen else "",
        bound=bound,
        settling_n=rule.settling_n,
    )


def doubts(flags: Iterable[Mapping[str, Any]]) -> list[Doubt]:
    """The self-doubt flags, warnings first."""
    found = [_doubt(flag) for flag in flags]
    return sorted(found, key=lambda doubt: doubt.tone != "warning")


def _doubt(flag: Mapping[str, Any]) -> Doubt:
    note = flag.get("severity") == "note"
    return Doubt("info" if note else "warning", "Note:" if note else "Warning:", str(flag["code"]), full_message(flag))


def slice_tables(summary: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Slices by column, the true label first."""
    tables: dict[str, list[Mapping[str, Any]]] = {}
    for part in (*summary.get("labels", ()), *summary.get("slices", ())):
        tables.setdefault(str(part["column"]), []).append(part)
    return list(tables.items())


def created(stamp: str) -> str:
    """A time stamp as a reader's date; as it came where it is none."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or ''}".strip()


def details(manifest: Manifest) -> list[tuple[str, list[str]]]:
    """What ran: terms and their values, empty ones left out."""
    victim, data = manifest.victim, manifest.data
    found: list[tuple[str, list[str]]] = [
        ("Victim", _some(victim.get("name"))),
        ("Kind", _some(victim.get("kind"))),
        ("Labels", _some(", ".join(map(str, victim.get("labels", ()))))),
        ("Text fields", _some(", ".join(map(str, victim.get("fields", ()))))),
        ("Access", _some(victim.get("access"))),
        ("Victim identity", _pairs(victim.get("identity"))),
        ("Victim notes", list(map(str, victim.get("notes") or ()))),
        ("Probe of the endpoint", _pairs(victim.get("probe"))),
        ("Data", _some(data.get("source"))),
        ("Data digest", _some(data.get("digest"))),
        ("Reading the data", _pairs(data.get("report"))),
        ("Seed", [str(manifest.seed)]),
        ("Constraint profile", _some(manifest.profile)),
        ("Query budget", [budget_of(manifest)]),
        ("Sentence encoder", [manifest.encoder or "none"]),
        ("Versions", _pairs(manifest.versions)),
        ("Measured cost", _pairs({str(key).replace("_", " "): value for key, value in manifest.usage.items()})),
        ("Comparability id", _some(manifest.comparability_id)),
    ]
    return [(term, values) for term, values in found if values]


def _some(value: Any) -> list[str]:
    return [str(value)] if value not in (None, "") else []


def _pairs(value: Any) -> list[str]:
    """A mapping as ``key: value`` lines, a list as its lines."""
    if isinstance(value, Mapping):
        return [f"{key}: {plain(item)}" for key, item in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return _some(value)


def plain(value: Any) -> str:
    """A value from ``run.json`` as a reader's text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(plain, value))
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
