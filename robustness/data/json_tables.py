"""Examples in JSON: one object a line, a list of objects, an object of columns, and several such tables by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from robustness.data.table import Table, make_table, table_of_columns, table_of_mappings
from robustness.errors import DataError

_EXPECTED = (
    'a JSON list of objects such as [{"text": …, "label": …}], or an object of lists such as {"text": […], "label": […]}, '
    "or several of these by name"
)


def read_jsonl(source: str, text: str, notes: tuple[str, ...] = (), columns: Sequence[str] = ()) -> Table:
    """One JSON object a line, or with ``columns`` one array. Lines end at a line feed only: others may stand inside a text."""
    items, blank = [], []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        if line.strip():
            where = f"{source}, line {number}"
            items.append((number, _row(where, _json(where, line), columns)))
        elif text.strip():
            blank.append(number)
    if not items:
        raise DataError(f"{source}: the file is empty; expected one JSON object a line")
    return table_of_mappings(source, items, unit="line", notes=notes, blank=blank)


def read_json(
    source: str, text: str, notes: tuple[str, ...] = (), columns: Sequence[str] = (), split: str | None = None
) -> Table:
    """A JSON list of objects, an object of columns, or the one of several such tables that ``split`` names.

    A file with one object a line is read as JSONL.
    """
    if not text.strip():
        raise DataError(f"{source}: the file is empty; expected {_EXPECTED}")
    first, _, rest = text.strip().partition("\n")
    if first.rstrip().endswith("}") and first.startswith("{") and rest.strip():
        _refuse_split(source, split)
        return read_jsonl(source, text, (*notes, "read as one JSON object a line"), columns)
    value = _json(source, text)
    tables = _tables(value) if isinstance(value, dict) and not _is_table(value) else {}
    if tables:
        name = _chosen(source, tables, split)
        return _table(f"{source}, {name!r}", tables[name], (*notes, f"read from the part {name!r}"), columns)
    _refuse_split(source, split)
    if isinstance(value, dict) and any(map(_is_single, value.values())):
        value = [value]  # a file of one line
    return _table(source, value, notes, columns)


def _refuse_split(source: str, split: str | None) -> None:
    if split is not None:
        raise DataError(f"{source}: --split {split} has no meaning here, because the file holds one table; leave it out")


def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float))


def _is_table(value: Any) -> bool:
    """A list of objects, or an object in one of the forms of a table by columns."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict) and bool(value) and (_is_columns(value) or _is_apart(value) or _is_by_row(value))


def _is_columns(value: Mapping[str, Any]) -> bool:
    return all(isinstance(column, list) and all(map(_is_single, column)) for column in value.values())


def _is_apart(value: Mapping[str, Any]) -> bool:
    """The names of the columns in one list, the rows in another."""
    return (
        isinstance(value.get("columns"), list)
        and isinstance(value.get("data"), list)
        and all(isinstance(row, list) for row in value["data"])
    )


def _is_by_row(value: Mapping[str, Any]) -> bool:
    """Objects of single values with the same keys throughout: the columns by row, or the rows by name."""
    parts = list(value.values())
    return (
        len(parts) > 1
        and all(isinstance(part, dict) and part and all(map(_is_single, part.values())) for part in parts)
        and all(part.keys() == parts[0].keys() for part in parts)
    )


def _tables(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if _is_table(part)}


def _chosen(source: str, tables: Mapping[str, Any], split: str | None) -> str:
    if split is None and len(tables) == 1:
        return next(iter(tables))
    if split is None or split not in tables:
        why = "it holds several tables" if split is None else f"it holds no table {split!r}"
        raise DataError(f"{source}: {why}; choose one with --split: {', '.join(tables)}")
    return split


def _table(source: str, value: Any, notes: tuple[str, ...], columns: Sequence[str]) -> Table:
    if isinstance(value, dict) and not columns and _is_table(value):
        if _is_columns(value):
            return _of_columns(source, value, notes)
        if _is_apart(value):
            rows = ((n, tuple(_of_width(f"{source}, row {n}", row, value["columns"]))) for n, row in enumerate(value["data"], 1))
            return make_table(source, value["columns"], rows, notes=notes)
        return _by_row(source, value, notes)
    if not isinstance(value, list):
        raise DataError(f"{source}: expected {_EXPECTED}, got {_kind(value)}")
    items = [(n, _row(f"{source}, item {n}", item, columns)) for n, item in enumerate(value, 1)]
    return table_of_mappings(source, items, unit="item", notes=notes)


def _of_columns(source: str, value: Mapping[str, list[Any]], notes: tuple[str, ...]) -> Table:
    lengths = {name: len(column) for name, column in value.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} {n}" for name, n in lengths.items())
        raise DataError(f"{source}: the columns have different lengths: {listed}; expected one value a row in each")
    return table_of_columns(source, list(value), list(value.values()), notes=notes)


def _by_row(source: str, value: Mapping[str, Mapping[str, Any]], notes: tuple[str, ...]) -> Table:
    """Where the inner keys are numbers, the outer ones name columns; else each part is a row."""
    inner = list(next(iter(value.values())))
    if all(key.isdecimal() for key in inner) and not all(key.isdecimal() for key in value):
        return table_of_columns(source, list(value), [list(part.values()) for part in value.values()], notes=notes)
    return table_of_mappings(source, list(enumerate(value.values(), 1)), notes=notes)


def _row(where: str, value: Any, columns: Sequence[str]) -> Mapping[str, Any]:
    if columns:
        if not isinstance(value, list):
            raise DataError(
                f"{where}: --columns names the columns of rows that are arrays, got {_kind(value)}; leave --columns out"
            )
        return dict(zip(columns, _of_width(where, value, columns), strict=True))
    if not isinstance(value, dict):
        arrays = "; name the columns of rows that are arrays in order, such as --columns label,text" * isinstance(value, list)
        raise DataError(f'{where}: expected an object such as {{"text": …, "label": …}}, got {_kind(value)}{arrays}')
    return value


def _of_width(where: str, row: Sequence[Any], columns: Sequence[Any]) -> Sequence[Any]:
    if len(row) != len(columns):
        raise DataError(f"{where}: expected {len(columns)} values, for {', '.join(map(str, columns))}; got {len(row)}")
    return row


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _unique(where, pairs))
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: this is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # integers of over 4,300 digits; thousands of nested brackets
        raise DataError(f"{where}: this JSON cannot be read: {error}") from error


def _unique(where: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        keys = [key for key, _ in pairs]
        double = sorted({key for key in keys if keys.count(key) > 1})
        raise DataError(f"{where}: each key must occur once, but {', '.join(map(repr, double))} occurs more often")
    return unique


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
