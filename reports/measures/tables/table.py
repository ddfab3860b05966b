"""A table is plain values: the renderers print its cells and know nothing of what it is about."""

from __future__ import annotations

from dataclasses import dataclass

from reports.measures.intervals import Proportion


@dataclass(frozen=True, slots=True)
class Change:
    """A difference of two shares from -1 to 1, with its interval; None where nothing was compared."""

    value: float | None
    low: float
    high: float
    n: int


QUOTING = ("explained-words",)
"""Keys of tables whose cells quote the data; where no text may be shown they are left out."""
Cell = str | int | float | None | Proportion | Change


@dataclass(frozen=True, slots=True)
class Table:
    """``key``: its name in ``summary.json``. ``columns``: headings, the first of which is over the rows' names."""

    key: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
