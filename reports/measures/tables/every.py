"""Every table that a run has something for."""

from __future__ import annotations

from reports.measures.intervals import CONFIDENCE
from reports.measures.tables.dialogues import dialogue_table
from reports.measures.tables.explained import reason_table, remedy_table, word_table
from reports.measures.tables.guard import guard_table
from reports.measures.tables.positions import position_table
from reports.measures.tables.swaps import swap_table
from reports.measures.tables.table import Table
from reports.run import Run

MAKERS = (guard_table, swap_table, dialogue_table, position_table, remedy_table, reason_table, word_table)
"""What makes a table of a run, or None where the run has nothing for it."""


def tables(run: Run, confidence: float = CONFIDENCE) -> tuple[Table, ...]:
    """The tables, in this order."""
    made = (maker(run, confidence) for maker in MAKERS)
    return tuple(table for table in made if table is not None)
