"""Dialogues: how many answers hold by the number of turns before them."""

from __future__ import annotations

from collections.abc import Iterator

from reports.measures.intervals import CONFIDENCE
from reports.measures.metrics import DIALOGUE, Severity, at_severity, by_recipe
from reports.measures.tables.table import Table
from reports.run import Run

NOTE = (
    "Right after so many challenges, or so many earlier exchanges, of the examples with an answer at that point; those that "
    "were wrong from the start count as wrong. Not asked: the budget was spent, or an answer before it could not be quoted."
)


def dialogue_table(run: Run, confidence: float = CONFIDENCE) -> Table | None:
    """One row for each rung of each ladder; None where there is none."""
    rows = tuple(
        (f"{s.recipe.removeprefix(DIALOGUE)}: {s.severity}", s.accuracy.n, s.accuracy, s.absent) for s in _rungs(run, confidence)
    )
    return Table("dialogues", "Dialogues, turn by turn", NOTE, ("turns", "n", "right", "not asked"), rows) if rows else None


def _rungs(run: Run, confidence: float) -> Iterator[Severity]:
    for name, outcomes in by_recipe(run).items():
        levels = sorted({rung.severity for o in outcomes for rung in o.ladder}) if name.startswith(DIALOGUE) else []
        yield from (at_severity(run, name, level, outcomes, confidence) for level in levels)
