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

    @property
    def victims(self) -> tuple[str, ...]:
        """Who was asked, in order; columns of the table go by letters."""
        return tuple(dict.fromkeys(cell.victim for cell in self.cells))

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the failures come from, in order; rows of the table go by numbers."""
        return tuple(dict.fromkeys(cell.source for cell in self.cells))

    def key(self) -> Iterator[str]:
        """What letters and numbers stand for, a line each: specs and paths are too long for the head of a column."""
        for at, victim in enumerate(self.victims):
            yield f"{_letters(at)}  {visible(victim)}"
        for at, source in enumerate(self.sources, start=1):
            yield f"{at}  failures found on {visible(source)}"

    def rows(self, *, recipes: bool = True) -> Iterator[tuple[str, ...]]:
        """A table: the heading, then source, recipe, cases, and a share for each victim.

        The row over all recipes is left out where there is one recipe; without ``recipes`` it is the only one.
        """
        yield ("found on", "recipe", "cases", *(_letters(at) for at in range(len(self.victims))))
        for at, source in enumerate(self.sources, start=1):
            names = list(dict.fromkeys(cell.recipe for cell in self.cells if cell.source == source))
            for recipe in names[:1] if not recipes else names[1:] if len(names) == 2 else names:
                row = {cell.victim: cell for cell in self.cells if (cell.source, cell.recipe) == (source, recipe)}
                count = str(next(iter(row.values())).cases)
                yield (str(at), visible(recipe), count, *(_shown(row[victim]) for victim in self.victims))


def _letters(at: int) -> str:
    """A to Z, then AA and so on."""
    return (_letters(at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


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
