"""Where the chosen options stood: a letter that is chosen more often than its share is a bias of position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.measures.answers.quality import mean_interval
from reports.measures.intervals import CONFIDENCE
from reports.measures.metrics import groups_of
from reports.measures.tables.table import Cell, Table
from reports.run import Outcome, Run

DETAIL = "options"
NOTE = (
    "Each question was asked with its options in every rotation, so that each option stood behind each letter once: a victim "
    "that follows what options say chooses each letter equally often. The last row: questions on which the same option was "
    "chosen in every order."
)


def position_table(run: Run, confidence: float = CONFIDENCE) -> Table | None:
    """One row for each letter, by the number of options; None where no options were moved."""
    told = [o for o in run.outcomes if o.details.get(DETAIL)]
    sizes = sorted({int(o.details[DETAIL]["count"]) for o in told})
    rows = tuple(row for size in sizes for row in _rows(run, size, told, confidence))
    return (
        Table("positions", "Options: which letter is chosen", NOTE, ("letter", "n", "chosen", "even share"), rows)
        if rows
        else None
    )


def _rows(run: Run, size: int, told: Sequence[Outcome], confidence: float) -> Iterator[tuple[Cell, ...]]:
    asked = {o.example_id: o.details[DETAIL] for o in told if o.details[DETAIL]["count"] == size}
    clusters = groups_of(run, told)
    members = None if clusters is None else [clusters[example] for example in asked]
    for letter in map(chr, range(ord("A"), ord("A") + size)):
        shares = [one["chosen"].get(letter, 0) / one["asked"] for one in asked.values()]
        yield f"{letter} of {size}", len(asked), mean_interval(shares, confidence, members), f"{100 / size:.1f} %"
    same = [float(bool(one["same"])) for one in asked.values()]
    yield f"same option in every order, {size} options", len(asked), mean_interval(same, confidence, members), ""
