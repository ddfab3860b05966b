"""``comparison.html``: two runs side by side, in the look of the report; no script, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.compare.changes import Case, Change
from reports.compare.compare import Comparison, Side
from reports.compare.verdicts import IMPROVED, INCONCLUSIVE, NO_EVIDENCE, NOT_COMPARABLE, REGRESSED
from reports.render.page.anchors import example_anchor
from reports.render.page.rows import FailureRow, failure_row
from reports.render.page.shell import ABOVE_STYLE, html_page
from reports.render.page.view import Verdict, details
from reports.run import Outcome

SHOWN = 200
_TONES = {
    REGRESSED: "failed",
    IMPROVED: "passed",
    NO_EVIDENCE: "passed",
    INCONCLUSIVE: "inconclusive",
    NOT_COMPARABLE: "inconclusive",
}
_WORDS = {
    REGRESSED: "Regressed",
    IMPROVED: "Improved",
    NO_EVIDENCE: "No evidence of a regression",
    INCONCLUSIVE: "Inconclusive",
    NOT_COMPARABLE: "Not comparable",
}
_SCALES = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
"""Ends of the axis of changes, so that it is read at a glance; else the whole of it."""
_ENDS = {
    "succeeded": "broken",
    "failed": "still right: the attack found nothing",
    "exhausted": "still right when the budget ran out",
    "skipped": "wrong without an attack",
    "untested": "untested: no fair try",
}


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change as a table row; ``low``, ``at``, ``high``: places on its drawing, in percent."""

    change: Change
    low: float
    at: float
    high: float


@dataclass(frozen=True, slots=True)
class SideView:
    """What one run came to on an example: ``how`` it ended, and its attempt; None where the recipe did not run there."""

    title: str
    how: str
    row: FailureRow | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """One example that moved, both runs side by side. ``anchor``: its address within the page."""

    case: Case
    anchor: str
    sides: tuple[SideView, SideView]


@dataclass(frozen=True, slots=True)
class Moved:
    """Examples that moved one way. ``total``: how many there are, some of which the page may leave out."""

    title: str
    total: int
    cases: tuple[CaseView, ...]


def html_comparison(found: Comparison, *, above: str = "") -> str:
    """The comparison as one HTML page; ``above``: markup to print over it."""
    reasons = tuple(reason[:1].upper() + reason[1:] for reason in found.reasons)
    verdict = Verdict(_TONES[found.verdict], _WORDS[found.verdict], f"{reasons[0]}.", reasons)
    scale = _scale((*found.measures, *found.slices), found.max_regression)
    return html_page(
        "compare.html.j2",
        script="compare.js",
        found=found,
        style=("report.css", ABOVE_STYLE) if above else "report.css",
        above=above,
        verdict=verdict,
        confidence=found.confidence,
        scale=scale,
        margin=_place(-found.max_regression, scale),
        measures=[_view(change, scale) for change in found.measures],
        slices=[_view(change, scale) for change in found.slices],
        moved=(moved := _moved(found)),
        recipes=sorted({name for group in moved for view in group.cases for name in view.case.recipes}),
        labels=_labels(moved),
        sides=[
            ("Base", found.base, details(found.base.manifest)),
            ("Candidate", found.candidate, details(found.candidate.manifest)),
        ],
    )


def _scale(changes: Sequence[Change], margin: float) -> float:
    """The largest change that the drawings must hold; slices of few examples may run off."""
    broad = [abs(end) for c in changes if not c.small for end in (c.low, c.high)]
    most = max([1.5 * margin, *broad])
    return next((scale for scale in _SCALES if scale >= most), 1.0)


def _place(change: float, scale: float) -> float:
    """A horizontal place in percent, no change being in the middle; what runs off stops at the edge."""
    return round(50 + 49 * max(-1.0, min(1.0, change / scale)), 2)


def _view(change: Change, scale: float) -> ChangeView:
    return ChangeView(change, *(_place(value, scale) for value in (change.low, change.change or 0.0, change.high)))


def _moved(found: Comparison) -> list[Moved]:
    fell = (("Newly broken", found.newly_broken, "Candidate"), ("Newly fixed", found.newly_fixed, "Base"))
    return [Moved(title, len(cases), _cases(found, cases, side)) for title, cases, side in fell if cases]


def _cases(found: Comparison, cases: Sequence[Case], fell: str) -> tuple[CaseView, ...]:
    """The first cases, base on the left. ``fell``: the side on which these examples are wrong."""
    prefix = "broken" if fell == "Candidate" else "fixed"
    views = []
    for case in cases[:SHOWN]:
        ends = {fell: case.outcome, ({"Base", "Candidate"} - {fell}).pop(): case.held}
        sides = (_side(found.base, "Base", ends["Base"]), _side(found.candidate, "Candidate", ends["Candidate"]))
        views.append(CaseView(case, f"{prefix}-{example_anchor(case.example_id)}", sides))
    return tuple(views)


def _side(side: Side, title: str, outcome: Outcome | None) -> SideView:
    labels = tuple(map(str, side.manifest.victim.get("labels", ())))
    if outcome is None:
        return SideView(title, "this recipe did not attack it here", None)
    return SideView(title, _ENDS.get(outcome.status, outcome.status), failure_row(outcome, labels))


def _labels(moved: Sequence[Moved]) -> list[str]:
    """Right answers to choose from; none where each is a text of its own."""
    outcomes = [view.case.outcome for group in moved for view in group.cases]
    told = all(o.stratum == o.reference for o in outcomes)
    return sorted({o.reference for o in outcomes}) if told else []
