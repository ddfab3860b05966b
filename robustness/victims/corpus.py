"""Passages that a retrieval victim searches: read from a file with a column of ids and one of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from robustness.errors import DataError, UsageError

if TYPE_CHECKING:
    from robustness.data.table import Table

ID_NAMES = ("id", "_id", "doc_id", "docid", "passage_id", "pid")
TEXT_NAMES = ("text", "passage", "contents", "content", "body")
TITLE = "title"
FIELDS = ("query",)
DEPTH = 100
"""How many passages a ranking holds: enough to see a passage fall long before it is out of sight."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts by id, in the order of the file; ``digest`` is over both, whatever the file's format."""

    source: str
    passages: Mapping[str, str]
    digest: str

    @property
    def ids(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(self.passages)


def read_corpus(spec: str, *, offline: bool = False) -> Corpus:
    """Read a CSV, TSV, JSON, JSONL or Parquet file. A column ``title`` is put before the text, as BEIR's corpora are read.

    Raises:
        DataError: it cannot be read, has no column of ids or of texts, an id is missing or occurs twice, or a text is empty.
    """
    from robustness.data.sources import ReadOptions, read_table

    table = read_table(spec, ReadOptions(offline=offline))
    id_at, text_at = _column(table, ID_NAMES, "ids"), _column(table, TEXT_NAMES, "texts")
    title_at = table.columns.index(TITLE) if TITLE in table.columns else None
    passages: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, values in table.rows:
        at = f"{spec}, {table.unit} {number}"
        name, text = _name(values[id_at], at), values[text_at]
        if name in passages:
            raise DataError(f"{at}: the id {name!r} is already used in {table.unit} {lines[name]}; each passage needs its own")
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"{at}: expected the text of the passage {name!r}, got {text!r}")
        title = values[title_at] if title_at is not None else None
        passages[name] = f"{title} {text}" if isinstance(title, str) and title.strip() else text
        lines[name] = number
    if len(passages) < 2:
        raise DataError(f"{spec}: it holds one passage; expected two or more, or nothing is ranked")
    total = sha256()
    for name, text in passages.items():
        total.update(f"{len(name)} {name}{len(text)} {text}".encode("utf-8", "surrogatepass"))
    return Corpus(spec, passages, total.hexdigest())


def _column(table: Table, names: Sequence[str], what: str) -> int:
    folded = {column.casefold(): n for n, column in reversed(list(enumerate(table.columns)))}
    found = next((folded[name] for name in names if name in folded), None)
    if found is None:
        raise DataError(
            f"{table.source}: no column holds the {what} of passages; expected one named {', '.join(names)}; "
            f"it has {', '.join(table.columns)}"
        )
    return found


def _name(value: Any, at: str) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (bool, float)) or value is None or not str(value).strip():
        raise DataError(f"{at}: expected the id of a passage, got {value!r}")
    return str(value).strip()


def query_field(fields: Sequence[str] | None) -> tuple[str, ...]:
    """The name of the query's field; raises ``UsageError`` unless it is one."""
    names = FIELDS if fields is None else tuple(fields)
    if len(names) != 1:
        raise UsageError(f"a retrieval victim reads one field, the query, got {list(names)}")
    return names
