"""From raw rows to clean ones: which rows can be used, what else they carry, and what their permanent ids are."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from reports.files.exact import canonical
from robustness.data.columns import SEVERAL_LABELS, Columns
from robustness.data.labels import Labels, label_text
from robustness.data.report import Findings
from robustness.data.table import Table
from robustness.errors import DataError

Meta = str | int | float | bool | None
LONG_TEXT = 100_000
META_LENGTH = 200
_SURROGATE = re.compile("[\ud800-\udfff]")
EMPTY_TEXT = "the text is empty or only whitespace"
MISSING_LABEL = "the label is missing"
MISSING_REFERENCE = "the reference is missing"
MISSING_GROUP = "the group is missing"
SURROGATE = "a lone surrogate, which is not valid text"
BLANK = "the row is blank"
DUPLICATE = "same text and label as an earlier row"
NEAR_DUPLICATE = "same text and label as another row except for blanks or invisible characters"
CONFLICT = "same text as an earlier row but a different label"
LONG = f"a text longer than {LONG_TEXT:,} characters"
CONTROL = "control characters in a text"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNSEEN = regex.compile(r"[\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]+")
_HIDDEN = regex.compile(r"(?!\s)[\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]+")
"""Blanks, controls, and all that Unicode shows as nothing: joiners, marks of direction, variation selectors, fillers."""


@dataclass(frozen=True, slots=True)
class CleanRow:
    """A usable row: its number in the source, its texts, its label as the data spells it, its id if it has one, the rest."""

    number: int
    inputs: tuple[str, ...]
    label: str
    id: str
    meta: Mapping[str, Meta]


def clean_rows(
    table: Table, columns: Columns, dropped: Findings, read_label: Callable[[int, Any], str | None] | None = None
) -> list[CleanRow]:
    """Rows with text and label; the others are noted in ``dropped``. Raises ``DataError`` for values of a wrong type.

    ``read_label``: the label of a row by number and cell, where it is not a class; None for one that is missing.
    """
    for number in table.blank:
        dropped.add(BLANK, number)
    at = {name: i for i, name in enumerate(table.columns)}
    used = {*columns.text, columns.label, columns.id} - {columns.group}
    rest = [(name, i) for name, i in at.items() if name not in used]
    nothing: dict[str, Meta] = {}  # one for all rows, and one copy of each label: there may be millions
    spelled: dict[str, str] = {}
    rows = []
    for number, values in table.rows:
        where = f"{table.source}, {table.unit} {number}"
        inputs = [_text(where, name, values[at[name]]) for name in columns.text]
        cell = values[at[columns.label]] if columns.label else None
        label = _label(where, columns.label, cell) if read_label is None else read_label(number, cell)
        meta = {name: meta_value(values[i]) for name, i in rest} if rest else nothing
        reason = _unusable(inputs, label, MISSING_LABEL if read_label is None else MISSING_REFERENCE)
        if reason is None and columns.group is not None and meta[columns.group] in (None, ""):
            reason = MISSING_GROUP
        if reason:
            dropped.add(reason, number)
            continue
        key = "" if columns.id is None else _id(values[at[columns.id]])
        label = label or ""
        rows.append(CleanRow(number, tuple(inputs), spelled.setdefault(label, label), key, meta))
    return rows


def _text(where: str, column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    raise DataError(
        f"{where}: the column {column!r} holds {type(value).__name__}, expected text; choose another column with --text"
    )


def _label(where: str, column: str, value: Any) -> str | None:
    try:
        return label_text(value)
    except (TypeError, ValueError) as error:
        several = f"; {SEVERAL_LABELS}" if isinstance(value, (list, tuple, set, dict)) or hasattr(value, "tolist") else ""
        raise DataError(
            f"{where}: the column {column!r} holds {type(value).__name__}, expected one label (text or number); "
            f"choose another column with --label{several}"
        ) from error


def _unusable(inputs: Sequence[str], label: str | None, missing: str) -> str | None:
    if not all(text.strip() for text in inputs):
        return EMPTY_TEXT
    if label is None:
        return missing
    return SURROGATE if any(map(_SURROGATE.search, (*inputs, label))) else None


def _id(value: Any) -> str:
    try:
        found = label_text(value) or ""
    except (TypeError, ValueError):
        return ""
    return "" if _SURROGATE.search(found) else found


def meta_value(value: Any) -> Meta:
    """A value for slices: plain scalars, NaN as None, nested values as JSON, all else as text; cut at 200 characters."""
    if hasattr(value, "item") and not isinstance(value, str) and not getattr(value, "ndim", 0):
        value = value.item()
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (dict, list, tuple)) else str(value)
    text = text if len(text) <= META_LENGTH else text[: META_LENGTH - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode() if _SURROGATE.search(text) else text


def without_duplicates(rows: Sequence[CleanRow], labels: Labels | None, dropped: Findings, remarks: Findings) -> list[CleanRow]:
    """One of each (texts, class); contradictions, very long texts and control characters are kept and noted.

    Texts that differ in nothing but blanks and invisible characters are one: a hundred copies of a row with a space more each
    are one observation. The cleanest of them is kept, whatever the order of rows. Without ``labels``, references are told apart
    as they are spelled.
    """
    kept: dict[bytes, CleanRow] = {}
    for row in rows:
        label = row.label if labels is None else str(labels.index[row.label])
        key = _core_digest(row.inputs) + label.encode("utf-8", "surrogatepass")
        other = kept.setdefault(key, row)
        if other is row:
            continue
        if other.inputs == row.inputs:
            dropped.add(DUPLICATE, row.number)
            continue
        kept[key] = min(other, row, key=_untidiness)
        dropped.add(NEAR_DUPLICATE, (row if kept[key] is other else other).number)
    seen: set[bytes] = set()
    for key, row in sorted(kept.items(), key=lambda item: item[1].number):
        core = key[:_DIGEST]
        if core in seen:
            remarks.add(CONFLICT, row.number)
        if any(len(text) > LONG_TEXT for text in row.inputs):
            remarks.add(LONG, row.number)
        if any(map(_CONTROL.search, row.inputs)):
            remarks.add(CONTROL, row.number)
        seen.add(core)
    return sorted(kept.values(), key=lambda row: row.number)


_DIGEST = 16


def _core_digest(inputs: Sequence[str]) -> bytes:
    """What stands for the texts of a row where rows are told apart: of a million rows, the texts again would be too much."""
    return hashlib.blake2b(canonical(list(map(visible_core, inputs))), digest_size=_DIGEST).digest()


def visible_core(text: str) -> str:
    """What a reader sees of a text, blanks aside; canonically equivalent spellings are one. Of nothing else, the text itself."""
    return _UNSEEN.sub("", text if text.isascii() else unicodedata.normalize("NFC", text)) or text


def _untidiness(row: CleanRow) -> tuple[int, int, tuple[str, ...]]:
    """Characters beyond those that show and single spaces; then how few words are told apart; then any fixed order."""
    tidy = [" ".join(_HIDDEN.sub("", text).split()) for text in row.inputs]
    return sum(map(len, row.inputs)) - sum(map(len, tidy)), -sum(text.count(" ") for text in tidy), row.inputs


def ids(source: str, rows: Sequence[CleanRow], columns: Columns) -> tuple[list[str], list[str]]:
    """An id for each row and notes: the id column where it tells all rows apart, else a hash of texts and label."""
    if columns.id is not None:
        fault = _id_fault(rows)
        if fault is None:
            return [row.id for row in rows], [f"ids from {columns.id!r}"]
        if columns.id_asked:
            raise DataError(f"{source}: --id {columns.id}: {fault}; expected a different id in each row, or leave --id out")
        return [content_id(row) for row in rows], [f"ids are hashes of the content, since in {columns.id!r} {fault}"]
    return [content_id(row) for row in rows], []


def _id_fault(rows: Sequence[CleanRow]) -> str | None:
    counts = Counter(row.id for row in rows)
    if counts[""]:
        number = next(row.number for row in rows if not row.id)
        return f"row {number} has no usable id"
    double, n = counts.most_common(1)[0]
    return f"{double[:60]!r} occurs {n} times" if n > 1 else None


def content_id(row: CleanRow) -> str:
    """Sixteen hex digits that depend on the texts and the label as the data spells it, and on nothing else."""
    return hashlib.blake2b(canonical([*row.inputs, row.label]), digest_size=8).hexdigest()
