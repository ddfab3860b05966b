"""Text files of examples: their encoding, and CSV and TSV, read strictly, with line numbers in every error."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from robustness.data.table import Row, Table, make_table
from robustness.errors import DataError

_LOOKED_AT = 20
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
    except (LookupError, ValueError) as error:  # a codec that does not decode to text, such as "hex"
        raise _unknown(source, encoding) from error


def _family(source: str, encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    except (LookupError, ValueError) as error:
        raise _unknown(source, encoding) from error


def _unknown(source: str, encoding: str) -> DataError:
    return DataError(f"{source}: unknown text encoding {encoding!r}; expected one such as utf-8, utf-16, cp1252")


def read_csv(source: str, text: str, *, tabs: bool = False, notes: tuple[str, ...] = (), columns: Sequence[str] = ()) -> Table:
    """A CSV or TSV with a header line, or without one and with ``columns`` in its place.

    A TSV whose quotes do not pair is read again with quotes as plain characters.
    """
    delimiter, remarks = ("\t", []) if tabs else _delimiter(text, len(columns))
    try:
        records = list(_records(source, text, delimiter))
    except DataError:
        records = _plain(text) if tabs else []
        if not records:
            raise
        remarks = ["quotes do not pair as in CSV, so they were read as plain characters"]
    if not records:
        raise DataError(f"{source}: the file is empty; expected a header line and one example a line")
    header: tuple[str, ...] = tuple(columns) or records[0][1]
    body = records if columns else records[1:]
    if columns:
        _refuse_header(source, columns, records[0][1])
        remarks = [*remarks, f"the file has no header line; its columns were named {', '.join(columns)}"]
    blank = [number for number, values in body if not values]
    rows = [_checked(source, header, row, "--columns" if columns else "the header") for row in body if row[1]]
    return make_table(source, header, rows, unit="line", notes=(*notes, *remarks), blank=blank)


def _refuse_header(source: str, columns: Sequence[str], first: Sequence[str]) -> None:
    if {value.strip().casefold() for value in first} & {column.strip().casefold() for column in columns}:
        raise DataError(
            f"{source}: --columns names the columns of a file without a header line, but its first line reads like one: "
            f"{', '.join(value[:40] for value in first)}; leave --columns out"
        )


def _delimiter(text: str, width: int) -> tuple[str, list[str]]:
    """Commas, unless the header has none and semicolons or tabs instead; without a header, what gives ``width`` columns."""
    lines = [line for line in text.split("\n", _LOOKED_AT)[:_LOOKED_AT] if line.strip()]
    others = ((";", "semicolons"), ("\t", "tabs"))
    if width and not _fits(lines, ",", width):
        fitting = [(mark, name) for mark, name in others if _fits(lines, mark, width)]
    else:
        fitting = [(mark, name) for mark, name in others if lines and mark in lines[0] and "," not in lines[0]]
    return (fitting[0][0], [f"columns are separated by {fitting[0][1]}"]) if fitting else (",", [])


def _fits(lines: Sequence[str], mark: str, width: int) -> bool:
    return all(len(values) == width for values in csv.reader(lines, delimiter=mark))


@contextmanager
def _long_fields() -> Iterator[None]:
    """The csv module refuses fields over 128 KiB by a global setting; lifted here, put back after."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(source: str, text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
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


def _lines(text: str) -> Iterator[str]:
    """Lines as a file opened with ``newline=""`` gives them; without its copy of the text, which takes four bytes a character."""
    if "\r" in text:
        yield from io.StringIO(text, newline="")
        return
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _plain(text: str) -> list[Row]:
    """Lines cut at tabs, or nothing where that gives no table."""
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    rows = [(n, tuple(line.split("\t")) if line else ()) for n, line in enumerate(lines, 1)]
    widths = {len(values) for _, values in rows if values}
    return rows if len(widths) == 1 and rows[0][1] else []


def _checked(source: str, header: tuple[Any, ...], row: Row, given_by: str) -> Row:
    number, values = row
    if len(values) != len(header) and any(values):
        raise DataError(
            f"{source}, line {number}: expected {len(header)} columns as in {given_by}, got {len(values)}; "
            "put a text that holds the separator or a line break in double quotes"
        )
    return row
