"""A comparison in the terminal: the verdict first, then why, then what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reports.compare.changes import Case, Change
from reports.compare.compare import Comparison
from reports.files.text import visible
from reports.render.fitting import Fitting
from reports.render.numbers import COMPARED, percent, signed_interval
from reports.render.terminal import plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STYLES = {
    **{"regressed": "bold red", "improved": "bold green", "no evidence": "bold green"},
    **{"inconclusive": "bold yellow", "not comparable": "bold yellow"},
}
_SHOWN = 10
_LONGEST = 100


def verdict_line(found: Comparison, *, texts: bool = True) -> str:
    """The verdict and its first reason in one line; without ``texts`` it quotes none."""
    reasons = found.told(texts=texts)
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    parts = f"; {found.shared.brief()}" if found.shared is not None and not found.shared.everything else ""
    return " ".join(visible(f"{COMPARED[found.verdict]}: {reasons[0]}{more}{parts}").split())


def print_comparison(found: Comparison, console: Console, *, texts: bool = True) -> None:
    """Print a comparison; without ``texts`` moved examples are named and not quoted."""
    for part in _parts(found, texts):
        console.print(part)


def _parts(found: Comparison, texts: bool) -> Iterator[RenderableType]:
    yield plain(COMPARED[found.verdict], STYLES[found.verdict])
    for reason in found.told(texts=texts):
        yield plain(f"  {reason}")
    if found.measures:
        yield _changes("", found.measures)
        yield plain(_numbers(found), "dim")
        if found.slices:
            yield _changes("by slice", found.slices)
        yield from _cases("newly broken", found.newly_broken, texts)
        yield from _cases("newly fixed", found.newly_fixed, texts)
    for note in found.notes:
        yield plain(f"note: {note}", "dim")


def _numbers(found: Comparison) -> str:
    seen = found.measures[0].visible
    visible_drop = "no drop at all" if seen is None else f"a drop of {100 * seen:.1f} points"
    return (
        f"{found.pairs} examples judged in both runs; they would have shown {visible_drop} of robust accuracy four times in "
        f"five. − / +: broken and fixed; {100 * found.confidence:g} % score intervals for pairs (Tango); p: exact McNemar, "
        "corrected by Holm for the questions asked together"
    )


def _changes(title: str, changes: Sequence[Change]) -> Fitting:
    rows = []
    for change in changes:
        pairs = change.pairs
        rates = f"{percent(pairs.base_rate)} → {percent(pairs.candidate_rate)}".replace(" %", "")
        moved = (f"{pairs.broken} / {pairs.fixed}", f"{change.p_holm:.2g}")
        name = change.name if change.kind == "slice" else change.title
        rows.append((name, str(pairs.n), rates, signed_interval(change.change, change.low, change.high), *moved))
    return Fitting((title, "n", "base → new %", "change, points", "− / +", "p"), tuple(rows), spare=("n",))


def _cases(title: str, cases: Sequence[Case], texts: bool) -> Iterator[RenderableType]:
    if not cases:
        return
    yield plain(f"{title}: {len(cases)}", "bold")
    for case in cases[:_SHOWN]:
        yield plain(f"  {case.example_id}  {_how(case)}" + (f"  {_short(case)}" if texts else ""))
    if len(cases) > _SHOWN:
        yield plain(f"  … and {len(cases) - _SHOWN} more; --json or --out lists all", "dim")


def _how(case: Case) -> str:
    return f"by {', '.join(case.recipes)}" if case.recipes else "wrong without an attack"


def _short(case: Case) -> str:
    o = case.outcome
    text = " ".join((o.perturbed if case.recipes and o.perturbed else o.texts.get(o.field, "")).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
