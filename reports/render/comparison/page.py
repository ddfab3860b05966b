"""``comparison.html``: two runs side by side, in the look of the report; no script, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.compare.changes import Case, Change
from reports.compare.compare import IMPROVED, INCONCLUSIVE, NO_EVIDENCE, NOT_COMPARABLE, REGRESSED, Comparison, Side
from reports.render.page.rows import FailureRow, failure_row
from reports.render.page.shell import ABOVE_STYLE, html_page
from reports.render.page.view import Verdict, details

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
_LEAST_SCALE = 0.02


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change as a table row; ``low``, ``at``, ``high``: places on its drawing, in percent."""

    change: Change
    low: float
    at: float
    high: float


@dataclass(frozen=True, slots=True)
class CaseView:
    """One example that moved, and its text as a failure row."""

    case: Case
    row: FailureRow


def html_comparison(found: Comparison, *, above: str = "") -> str:
    """The comparison as one HTML page; ``above``: markup to print over it."""
    reasons = tuple(reason[:1].upper() + reason[1:] for reason in found.reasons)
    verdict = Verdict(_TONES[found.verdict], _WORDS[found.verdict], f"{reasons[0]}.", reasons)
    scale = _scale((*found.measures, *found.slices), found.max_regression)
    return html_page(
        "compare.html.j2",
        found=found,
        more_style=ABOVE_STYLE if above else "",
        above=above,
        verdict=verdict,
        confidence=found.confidence,
        scale=scale,
        margin=_place(-found.max_regression, scale),
        measures=[_view(change, scale) for change in found.measures],
        slices=[_view(change, scale) for change in found.slices],
        moved=[(title, len(cases), _cases(cases, side)) for title, cases, side in _moved(found) if cases],
        sides=[
            ("Base", found.base, details(found.base.manifest)),
            ("Candidate", found.candidate, details(found.candidate.manifest)),
        ],
    )


def _scale(changes: Sequence[Change], margin: float) -> float:
    """The largest change that the drawings must hold; slices of few examples may run off."""
    broad = [abs(end) for c in changes if not c.small for end in (c.low, c.high)]
    return max([_LEAST_SCALE, 1.5 * margin, *broad])


def _place(change: float, scale: float) -> float:
    """A horizontal place in percent, no change being in the middle; what runs off stops at the edge."""
    return round(50 + 49 * max(-1.0, min(1.0, change / scale)), 2)


def _view(change: Change, scale: float) -> ChangeView:
    return ChangeView(change, *(_place(value, scale) for value in (change.low, change.change or 0.0, change.high)))


def _moved(found: Comparison) -> tuple[tuple[str, Sequence[Case], Side], ...]:
    return (("Newly broken", found.newly_broken, found.candidate), ("Newly fixed", found.newly_fixed, found.base))


def _cases(cases: Sequence[Case], side: Side) -> list[CaseView]:
    labels = tuple(map(str, side.manifest.victim.get("labels", ())))
    return [CaseView(case, failure_row(case.outcome, labels)) for case in cases[:SHOWN]]
