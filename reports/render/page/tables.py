"""The tables of some recipes, for the page: cells of ``summary.json`` as readers' texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.measures.clusters import Design
from reports.measures.intervals import Proportion
from reports.measures.tables.table import Cell, Change
from reports.render.numbers import cell


def measured_tables(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each table with its cells as texts."""
    return [{**one, "rows": [[cell(_cell(value)) for value in row] for row in one["rows"]]} for one in summary.get("tables", ())]


def _cell(value: Any) -> Cell:
    if not isinstance(value, Mapping):
        return value  # type: ignore[no-any-return]
    if "successes" in value:
        design = value.get("design")
        return Proportion(**{**value, "design": Design(**design) if design else None})
    return Change(**value)
