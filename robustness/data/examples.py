"""Examples from CSV, TSV, JSON, JSONL, Parquet, pandas, ``datasets`` and plain iterables, with an account of every row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robustness.data.columns import Columns, Wanted, choose_columns, yes_no_columns
from robustness.data.labels import match_labels
from robustness.data.report import DataReport, Finding, Findings
from robustness.data.rows import CleanRow, Meta, canonical, clean_rows, ids, without_duplicates
from robustness.data.sources import ReadOptions, read_table
from robustness.data.table import Table
from robustness.errors import DataError, UsageError

__all__ = ["DataReport", "Dataset", "Example", "Finding", "labels_in", "load_examples"]

LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Example:
    """One input: a text per field, what is right as its task reads it (a class: its index), the other columns as ``meta``."""

    id: str
    inputs: tuple[str, ...]
    reference: Any
    meta: Mapping[str, Meta]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples ready to be attacked, in source order.

    ``fields``: the text columns' names. ``labels``: the victim's. ``digest``: SHA-256 over ids, texts and labels as the data
    spells them, whatever the order of rows, so that two victims that name their classes differently can be compared.
    ``group``: the column, kept in every ``meta``, that says which examples hang together; None where each stands alone.
    """

    examples: tuple[Example, ...]
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    source: str
    digest: str
    report: DataReport
    group: str | None = None

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)


def load_examples(
    source: Any,
    *,
    labels: Sequence[str],
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    id: str | None = None,
    group: str | None = None,
    label_map: Mapping[str, str] | None = None,
    limit: int | None = None,
    seed: int = 0,
    format: str | None = None,
    split: str | None = None,
    encoding: str | None = None,
    columns: Sequence[str] = (),
    offline: bool = False,
    victim_fields: Sequence[str] = (),
) -> Dataset:
    """Read labelled examples.

    Args:
        source: a path, ``hub:NAME``, a pandas ``DataFrame``, a ``datasets`` object, or an iterable of (text, label) pairs
            or mappings.
        labels: the victim's label names in class order.
        text: column of the text, or several (a list, or one string with commas); guessed from usual names if None.
        label: column of the label; guessed if None.
        id: column that identifies a row; if None, a usual one when it is unique, else a hash of the content.
        group: column that says which rows hang together: a document, a user, a template.
        label_map: labels of the data to labels of the victim.
        limit: keep this many, the same share of each label, chosen by ``seed`` and by id, so not by row order.
        seed: of the choice that ``limit`` makes.
        format: ``csv``, ``tsv``, ``jsonl``, ``json`` or ``parquet`` where the file's name does not tell.
        split: of a ``datasets`` source, or the name of one of several tables in a JSON file.
        encoding: of a text file without a byte order mark; UTF-8 if None.
        columns: names of the columns, in order, of a text file that has no header line.
        offline: make reading from a hub an error.
        victim_fields: names of the victim's text fields; they guide the guess and fix the number of text columns.

    Raises:
        DataError: the source cannot be read, or does not fit the victim.
        UsageError: an argument that can fit no source.
        MissingExtraError: ``pyarrow`` or ``datasets`` is needed and not installed.
    """
    _check_arguments(labels, limit, seed)
    table = read_table(source, ReadOptions(format, split, encoding, offline, tuple(victim_fields), tuple(columns)))
    roles = choose_columns(table.source, table.columns, wanted(table, text, label, id, group, victim_fields, labels))
    dropped, remarks = Findings(), Findings()
    rows = clean_rows(table, roles, dropped)
    if not rows:
        raise _nothing_left(table, roles, dropped)
    matched = match_labels(table.source, roles.label, [row.label for row in rows], labels, label_map)
    usable = without_duplicates(rows, matched, dropped, remarks)
    names, id_notes = ids(table.source, usable, roles)
    gold = [matched.index[row.label] for row in usable]
    chosen = range(len(usable)) if limit is None else stratified(names, gold, limit, seed)
    examples = tuple(Example(names[i], usable[i].inputs, gold[i], usable[i].meta) for i in chosen)
    kept = Counter(example.reference for example in examples)
    notes = (*table.notes, _columns_note(roles), *matched.notes, *id_notes, *_share_notes(gold, kept, labels))
    if roles.group is not None:
        groups = {str(example.meta[roles.group]) for example in examples}
        notes = (*notes, f"{len(examples)} examples in {len(groups)} groups by {roles.group!r}")
    report = DataReport(
        source=table.source,
        rows=len(table.rows) + len(table.blank),
        usable=len(usable),
        kept=len(examples),
        by_label=tuple((name, kept[i]) for i, name in enumerate(labels)),
        dropped=dropped.frozen(),
        remarks=remarks.frozen(),
        notes=notes,
        limit=limit,
        unit=table.unit,
    )
    digest = _digest(roles, [(names[i], usable[i]) for i in chosen])
    return Dataset(examples, roles.text, tuple(labels), table.source, digest, report, roles.group)


def labels_in(
    source: Any,
    *,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    id: str | None = None,
    group: str | None = None,
    label_map: Mapping[str, str] | None = None,
    format: str | None = None,
    split: str | None = None,
    encoding: str | None = None,
    columns: Sequence[str] = (),
    offline: bool = False,
) -> tuple[str, ...]:
    """The labels of the usable rows, as ``label_map`` renames them, sorted; arguments and errors of ``load_examples``."""
    table = read_table(source, ReadOptions(format, split, encoding, offline, (), tuple(columns)))
    roles = choose_columns(table.source, table.columns, wanted(table, text, label, id, group))
    dropped = Findings()
    rows = clean_rows(table, roles, dropped)
    if not rows:
        raise _nothing_left(table, roles, dropped)
    return tuple(sorted({(label_map or {}).get(row.label, row.label) for row in rows}))


def wanted(
    table: Table,
    text: str | Sequence[str] | None,
    label: str | None,
    id: str | None,
    group: str | None,
    fields: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> Wanted:
    """What is asked of the columns of a table, with what its first rows tell about them."""
    yes_no = yes_no_columns(table.columns, [values for _, values in table.rows[:LOOKED_AT]])
    return Wanted(text, label, id, group, tuple(fields), tuple(labels), table.left_out, yes_no)


def _check_arguments(labels: Sequence[str], limit: int | None, seed: int) -> None:
    if isinstance(labels, str) or not labels or len(set(labels)) != len(labels):
        raise UsageError(f"the victim's labels must be different names, at least one, got {labels!r}")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise UsageError(f"--limit must be a whole number from 1, got {limit!r}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise UsageError(f"--seed must be a whole number, got {seed!r}")


def _nothing_left(table: Table, columns: Columns, dropped: Findings) -> DataError:
    reasons = "; ".join(f"{f.count} dropped: {f.reason} ({table.unit} {f.rows[0]} first)" for f in dropped.frozen())
    return DataError(
        f"{table.source}: no usable example in {len(table.rows) + len(table.blank)} rows: {reasons}; "
        f"{_columns_note(columns)}; other columns are chosen with --text and --label"
    )


def _columns_note(columns: Columns) -> str:
    return f"text from {', '.join(map(repr, columns.text))}, label from {columns.label!r}"


def _share_notes(gold: Sequence[int], kept: Counter[int], labels: Sequence[str]) -> list[str]:
    lost = [labels[i] for i in sorted(set(gold)) if not kept[i]]
    notes = [f"the limit leaves no example labelled {', '.join(map(repr, lost))}"] if lost else []
    if len(set(gold)) == 1 and len(labels) > 1:
        notes.append(f"every example is labelled {labels[gold[0]]!r}")
    return notes


def stratified(names: Sequence[str], gold: Sequence[int], limit: int, seed: int) -> list[int]:
    """Indexes of ``limit`` examples in source order: shares by largest remainder, members by a hash of seed and id."""
    groups: dict[int, list[int]] = {}
    for i, label in enumerate(gold):
        groups.setdefault(label, []).append(i)
    total = len(gold)
    if limit >= total:
        return list(range(total))
    quota = {label: limit * len(members) // total for label, members in groups.items()}
    by_remainder = sorted(groups, key=lambda label: (-(limit * len(groups[label]) % total), label))
    for label in by_remainder[: limit - sum(quota.values())]:
        quota[label] += 1
    ranked = {label: sorted(members, key=lambda i: _rank(seed, names[i])) for label, members in groups.items()}
    return sorted(i for label, members in ranked.items() for i in members[: quota[label]])


def _rank(seed: int, name: str) -> tuple[bytes, str]:
    return hashlib.blake2b(canonical([seed, name]), digest_size=16).digest(), name


def _digest(columns: Columns, rows: Sequence[tuple[str, CleanRow]]) -> str:
    """Over rows in id order; the columns' names are left out, since renaming one changes no example."""
    sha = hashlib.sha256(canonical([len(columns.text)]))
    for name, row in sorted(rows, key=lambda pair: pair[0]):
        sha.update(canonical([name, *row.inputs, row.label]) + b"\n")
    return sha.hexdigest()
