"""Text files of examples: CSV, TSV, JSON and JSONL, read strictly, with line numbers in every error."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from robustness.data_table import Row, Table, make_table, table_of_mappings
from robustness.errors import DataError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    (b"PAR1", "a Parquet file; read it with --format parquet"),
    (b"ARROW1", "an Arrow file; save it as Parquet"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook; save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as CSV"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"%PDF", "a PDF; save the examples as CSV or JSONL"),
    (b"SQLite format 3", "an SQLite database; export the table as CSV"),
)


def decode(source: str, data: bytes, encoding: str | None = None) -> tuple[str, list[str]]:
    """Text of the file and notes: by its byte order mark, else by ``encoding``, else as UTF-8; never by a guess."""
    for magic, what in _MAGIC:
        if data.startswith(magic):
            raise DataError(f"{source}: expected a text file, but it is {what}")
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    family = _family(source, encoding) if encoding else ""
    text = _decode(source, data, marked or encoding or "utf-8")
    if encoding is None and text[:4096].count("\0") * 3 > len(text[:4096]):
        raise DataError(
            f"{source}: it is full of NUL characters, which looks like UTF-16 without a byte order mark; "
            "say so with --encoding utf-16-le (or utf-16-be)"
        )
    ignored = marked and family and family != _family(source, marked)
    return text, [f"the byte order mark says {marked}; --encoding {encoding} was not used"] if ignored else []


def _decode(source: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        near = data[max(0, error.start - 12) : error.start + 8]
        raise DataError(
            f"{source}, line {line}: byte 0x{data[error.start]:02x} at offset {error.start} is not valid {encoding} "
            f"(near {near!r}); if the file is in another encoding, name it: --encoding cp1252, --encoding latin-1 …"
        ) from error
    except (LookupError, ValueError) as error:  # a codec that is none of text, such as "hex"
        raise _unknown(source, encoding) from error


def _family(source: str, encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    except (LookupError, ValueError) as error:
        raise _unknown(source, encoding) from error


def _unknown(source: str, encoding: str) -> DataError:
    return DataError(f"{source}: unknown text encoding {encoding!r}; expected one such as utf-8, utf-16, cp1252")


def read_csv(source: str, text: str, *, tabs: bool = False, notes: tuple[str, ...] = ()) -> Table:
    """A CSV or TSV with a header line. A TSV whose quotes do not pair is read again with quotes as plain characters."""
    delimiter, said = ("\t", []) if tabs else _delimiter(text)
    try:
        records = list(_records(source, text, delimiter))
    except DataError:
        records = _plain(text) if tabs else []
        if not records:
            raise
        said = ["quotes do not pair as in CSV, so they were read as plain characters"]
    if not records:
        raise DataError(f"{source}: the file is empty; expected a header line and one example a line")
    (_, header), body = records[0], records[1:]
    blank = [number for number, values in body if not values]
    rows = [_checked(source, header, row) for row in body if row[1]]
    return make_table(source, header, rows, unit="line", notes=(*notes, *said), blank=blank)


def _delimiter(text: str) -> tuple[str, list[str]]:
    """Commas, unless the header has none and semicolons or tabs instead."""
    header = text.split("\n", 1)[0]
    if "," not in header:
        for mark, name in ((";", "semicolons"), ("\t", "tabs")):
            if mark in header:
                return mark, [f"columns are separated by {name}"]
    return ",", []


@contextmanager
def _long_fields() -> Iterator[None]:
    """The csv module refuses fields over 128 KiB by a global setting; lifted here, put back after."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(source: str, text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start, seen_header = 1, False
    with _long_fields():
        try:
            for values in reader:
                seen_header = seen_header or bool(values)
                if seen_header:
                    yield start, tuple(values)
                start = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{source}, line {start}: the quotes do not pair ({error}); "
                'put the field in double quotes and write each quote inside it twice ("")'
            ) from error


def _plain(text: str) -> list[Row]:
    """Lines cut at tabs, or nothing where that gives no table."""
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    rows = [(n, tuple(line.split("\t")) if line else ()) for n, line in enumerate(lines, 1)]
    widths = {len(values) for _, values in rows if values}
    return rows if len(widths) == 1 and rows[0][1] else []


def _checked(source: str, header: tuple[Any, ...], row: Row) -> Row:
    number, values = row
    if len(values) != len(header) and any(values):
        raise DataError(
            f"{source}, line {number}: expected {len(header)} columns as in the header, got {len(values)}; "
            "put a text that holds the separator or a line break in double quotes"
        )
    return number, values


def read_jsonl(source: str, text: str, notes: tuple[str, ...] = ()) -> Table:
    """One JSON object a line. Lines end at a line feed only: other separators may stand inside a text."""
    items, blank = [], []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        if line.strip():
            items.append((number, _object(f"{source}, line {number}", line)))
        elif text.strip():
            blank.append(number)
    if not items:
        raise DataError(f"{source}: the file is empty; expected one JSON object a line")
    return table_of_mappings(source, items, unit="line", notes=notes, blank=blank)


def read_json(source: str, text: str, notes: tuple[str, ...] = ()) -> Table:
    """A JSON list of objects; a file with one object a line is read as JSONL."""
    if not text.strip():
        raise DataError(f"{source}: the file is empty; expected a JSON list of objects")
    first = text.strip().split("\n", 1)[0].rstrip()
    if first.startswith("{") and first.endswith("}"):
        return read_jsonl(source, text, (*notes, "read as one JSON object a line"))
    value = _json(source, text)
    if not isinstance(value, list):
        raise DataError(f'{source}: expected a JSON list of objects such as [{{"text": …, "label": …}}], got {_kind(value)}')
    items = [(n, _mapping(f"{source}, item {n}", item)) for n, item in enumerate(value, 1)]
    return table_of_mappings(source, items, unit="item", notes=notes)


def _object(where: str, line: str) -> Mapping[str, Any]:
    return _mapping(where, _json(where, line))


def _mapping(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f'{where}: expected an object such as {{"text": …, "label": …}}, got {_kind(value)}')
    return value


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
