"""How failures found on one victim break others: a matrix of shares with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reports.files.text import visible
from reports.measures.intervals import CONFIDENCE, Proportion, proportion
from reports.render.numbers import interval
from reports.run.replayed import BROKEN, ERROR, FIXED, FLAKY, NOT_APPLICABLE, Replay, Replayed

ALL = "all recipes"


@dataclass(frozen=True, slots=True)
class Cell:
    """Failures of one source and recipe, run against one victim. ``broken``: of those whose clean text it gets right.

    ``errors``: cases without a steady answer; they are in no denominator.
    """

    source: str
    recipe: str
    victim: str
    cases: int
    broken: Proportion
    not_applicable: int
    errors: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """The matrix, cell by cell: sources in order, ``all recipes`` before each recipe, victims in order."""

    cells: tuple[Cell, ...]

    @property
    def exit_code(self) -> int:
        """0 where every cell over all recipes says something and there was no error, else 3."""
        whole = [cell for cell in self.cells if cell.recipe == ALL]
        return 0 if whole and all(cell.broken.n and not cell.errors for cell in whole) else 3

    def to_dict(self) -> dict[str, Any]:
        """As ``robustness transfer --json`` prints it."""
        return {"exit_code": self.exit_code, "cells": [asdict(cell) for cell in self.cells]}

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A table: the heading, then source, recipe, cases, and a share for each victim."""
        victims = tuple(dict.fromkeys(cell.victim for cell in self.cells))
        yield ("found on", "recipe", "cases", *map(visible, victims))
        for source, recipe in dict.fromkeys((cell.source, cell.recipe) for cell in self.cells):
            row = {cell.victim: cell for cell in self.cells if (cell.source, cell.recipe) == (source, recipe)}
            count = str(next(iter(row.values())).cases)
            yield (visible(source), visible(recipe), count, *(_shown(row[victim]) for victim in victims))


def _shown(cell: Cell) -> str:
    return f"{interval(cell.broken)}{f' {cell.errors} errors' if cell.errors else ''}"


def cells(source: str, replayed: Replay, name: str, confidence: float = CONFIDENCE) -> list[Cell]:
    """The cells of one source and one victim: over all recipes, then for each in order of appearance."""
    recipes = dict.fromkeys(one.case.recipe for one in replayed.cases)
    found = [_cell(source, ALL, name, replayed.cases, confidence)]
    return found + [
        _cell(source, recipe, name, [one for one in replayed.cases if one.case.recipe == recipe], confidence)
        for recipe in recipes
    ]


def _cell(source: str, recipe: str, victim: str, cases: Sequence[Replayed], confidence: float) -> Cell:
    count = {state: sum(one.state == state for one in cases) for state in (BROKEN, FIXED, NOT_APPLICABLE, ERROR, FLAKY)}
    broken = proportion(count[BROKEN], count[BROKEN] + count[FIXED], confidence)
    return Cell(source, recipe, victim, len(cases), broken, count[NOT_APPLICABLE], count[ERROR] + count[FLAKY])
