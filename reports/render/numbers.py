"""Numbers as reports write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.measures.clusters import Design
from reports.measures.intervals import ANYTIME, Proportion
from reports.measures.metrics import Overall, RecipeMetrics
from reports.measures.tables.table import Cell, Change
from reports.run import Manifest

VERDICTS = {
    "passed": "PASSED",
    "failed": "FAILED",
    "inconclusive": "INCONCLUSIVE",
    "measured": "MEASURED",
}
COMPARED = {
    "regressed": "REGRESSED",
    "improved": "IMPROVED",
    "no evidence": "NO EVIDENCE OF A REGRESSION",
    "inconclusive": "INCONCLUSIVE",
    "not comparable": "NOT COMPARABLE",
}
"""Verdicts of a comparison as headlines."""
NOTHING = "–"


def budget_of(manifest: Manifest) -> str:
    """What a run could ask: ``500 queries an example, all recipes together``, or ``none``."""
    own = manifest.search.get("recipe_budget")
    each = f"; at most {own:,} a recipe" if isinstance(own, int) else ""
    if manifest.budget is None:
        return f"none{each}"
    return f"{manifest.budget:,} queries {'an example, all recipes together' if manifest.whole_budget else 'a trial'}{each}"


def percent(share: float | None, digits: int = 1) -> str:
    """``14.5 %``, or a dash."""
    return NOTHING if share is None else f"{100 * share:.{digits}f} %"


def points(difference: float | None) -> str:
    """A difference of two shares in percentage points, ``14.5 points``, or a dash."""
    return NOTHING if difference is None else f"{100 * difference:.1f} points"


def words(recipe: RecipeMetrics) -> str:
    """The mean share of words changed in a success, and how many were inserted besides, if any: ``0.0 % + 7.0``."""
    return percent(recipe.words_changed) + (f" + {number(recipe.words_inserted, 1)}" if recipe.words_inserted else "")


def rate(value: Proportion | None) -> str:
    """A proportion's rate, or a dash."""
    return percent(value.rate if value else None)


def interval(value: Proportion | None) -> str:
    """``14.5 % (10.3–20.0)``, or a dash."""
    if value is None or value.rate is None:
        return NOTHING
    return f"{percent(value.rate)} ({100 * value.low:.1f}–{100 * value.high:.1f})"


def points_interval(value: Proportion | None) -> str:
    """A difference of two shares with its interval, ``14.5 (10.3–20.0) points``, or a dash."""
    if value is None or value.rate is None:
        return NOTHING
    return f"{100 * value.rate:.1f} ({100 * value.low:.1f}–{100 * value.high:.1f}) points"


def intervals(value: Proportion, confidence: float) -> str:
    """What kind of intervals stand beside the numbers: ``95 % Clopper–Pearson intervals over 20 groups``."""
    kind = "anytime-valid" if value.method == ANYTIME else "Clopper–Pearson"
    return f"{100 * confidence:g} % {kind} intervals{over_groups(value.n, value.design, value.confidence)}"


def over_groups(n: int, design: Design | None, confidence: float) -> str:
    """How many groups the examples come in and what that costs; nothing where each stands alone."""
    if design is None:
        return ""
    worth = design.effective(n, confidence)
    return f" over {design.groups} groups, whose {n} examples are worth {worth:.0f} independent ones"


def drawn(manifest: Manifest) -> str:
    """How many examples a run took that stopped when its verdict was certain; nothing for other runs."""
    took, looks = manifest.sequential.get("drawn"), manifest.sequential.get("looks")
    if took is None:
        return ""
    return f"examples drawn until every threshold was decided or one broken: {took} of {manifest.examples}, in {looks} looks"


def signed(change: float | None) -> str:
    """A change of a share in points with its sign, ``−2.5`` or ``+0.4``, or a dash."""
    if change is None:
        return NOTHING
    tenths = f"{100 * abs(change):.1f}"
    return "0.0" if tenths == "0.0" else f"{'−' if change < 0 else '+'}{tenths}"


def drop(share: float | None) -> str:
    """A drop in points, ``−2.5``, or a dash."""
    return signed(None if share is None else -share)


def signed_interval(change: float | None, low: float, high: float) -> str:
    """``−2.5 (−4.1 to −0.9)``, or a dash."""
    return NOTHING if change is None else f"{signed(change)} ({signed(low)} to {signed(high)})"


def channel(manifest: Manifest) -> str:
    """What a channel before the victim costs on clean texts, in a line; nothing without one."""
    record = manifest.victim.get("channel")
    if not isinstance(record, Mapping):
        return ""
    rate, without, through = (record.get(name) for name in ("word_error_rate", "accuracy_without", "accuracy_through"))
    return (
        f"through {record.get('channel')}: word error rate {percent(rate)}; clean accuracy {percent(without)} without it, "
        f"{percent(through)} through it, on {record.get('texts')} texts"
    )


def unanswered(whole: Overall, before: str) -> str:
    """How many examples clean accuracy is taken of, where some of them got no answer; nothing where all did."""
    if not whole.unanswered:
        return ""
    return f"{before} {whole.clean_accuracy.n} examples, {whole.unanswered} of which got no answer and count as wrong"


def lost_points(answers: Mapping[str, Any] | None) -> str:
    """Where the points went that an attack took, the largest part first; nothing where none but to wrong answers.

    ``answers``: the split of the examples by kind, as it stands in ``summary.json``.
    """
    moved = [(one["kind"], one["moved"]) for one in (answers or {}).get("kinds", ()) if one["kind"] not in ("right", "untested")]
    moved = sorted(((kind, to) for kind, to in moved if to["successes"]), key=lambda part: -part[1]["successes"])
    if not any(kind != "wrong" for kind, _ in moved):
        return ""
    parts = [f"{kind} {100 * to['rate']:.1f} ({100 * to['low']:.1f}–{100 * to['high']:.1f})" for kind, to in moved]
    return f"Of {100 * sum(to['rate'] for _, to in moved):.1f} points lost under attack: {', '.join(parts)}"


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands separated, or a dash."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def cell(value: Cell) -> str:
    """A cell of a table: a share with its interval, a difference in points, a p-value, a count or a text."""
    if value is None:
        return NOTHING
    if isinstance(value, Proportion):
        return interval(value)
    if isinstance(value, Change):
        return (
            NOTHING if value.value is None else f"{_signed(value.value)} ({_signed(value.low)} to {_signed(value.high)}) points"
        )
    return f"{value:.2g}" if isinstance(value, float) else str(value)


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")
