"""What every reader of data gives: a table of raw rows, numbered as the user counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robustness.errors import DataError

Row = tuple[int, tuple[Any, ...]]
"""The number of a row (line of the file, or position from 1) and its values in column order."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they were read, before any choice of columns. ``unit`` is ``line`` for text files, else ``row``.

    ``blank``: numbers of rows that hold nothing. ``notes``: what the reader had to assume, for the report. ``left_out``: columns
    that hold no single values. ``file``: the user's text file whose lines the numbers are.
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    unit: str = "row"
    blank: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    file: str | None = None

    def line(self, number: int) -> int | None:
        """The line of the user's file on which a row begins; None where rows are on no lines."""
        return None if self.file is None else number


def make_table(
    source: str,
    columns: Sequence[Any],
    rows: Iterable[Row],
    *,
    unit: str = "row",
    notes: Sequence[str] = (),
    blank: Sequence[int] = (),
    left_out: Sequence[str] = (),
) -> Table:
    """Build a table; raises ``DataError`` for duplicate column names and for data without rows."""
    names = column_names(source, columns)
    full, empty = [], list(blank)
    for number, values in rows:
        if all(v is None or v == "" for v in values):
            empty.append(number)
        else:
            full.append((number, values))
    if not full:
        where = "a header but no rows" if names else "no rows"
        raise DataError(f"{source}: it holds {where}; expected at least one example")
    return Table(source, names, tuple(full), unit, tuple(sorted(empty)), tuple(notes), tuple(left_out))


def column_names(source: str, columns: Sequence[Any]) -> tuple[str, ...]:
    """Names as text, blank ones numbered; raises ``DataError`` where two are the same."""
    names = tuple(str(c).strip() or f"unnamed_{i}" for i, c in enumerate(columns, 1))
    double = [name for name, n in Counter(names).items() if n > 1]
    if double:
        listed = ", ".join(repr(d) for d in double)
        raise DataError(f"{source}: column names must differ, but {listed} occurs more than once; rename one of them")
    return names


def table_of_mappings(source: str, items: Iterable[tuple[int, Mapping[Any, Any]]], **about: Any) -> Table:
    """A table from numbered mappings; its columns are their keys in order of first appearance, absent values None."""
    numbered = [(number, {str(k): v for k, v in item.items()}) for number, item in items]
    keys = tuple(dict.fromkeys(key for _, item in numbered for key in item))
    rows = ((number, tuple(item.get(key) for key in keys)) for number, item in numbered)
    return make_table(source, keys, rows, **about)


def table_of_columns(source: str, columns: Sequence[Any], values: Sequence[Sequence[Any]], **about: Any) -> Table:
    """A table from one list of values per column, rows numbered from 1."""
    return make_table(source, columns, enumerate(zip(*values, strict=True), 1), **about)
