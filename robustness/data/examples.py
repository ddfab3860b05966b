"""Examples from CSV, TSV, JSON, JSONL, Parquet, pandas, ``datasets`` and plain iterables, with an account of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from robustness.data.columns import Columns, Wanted, choose_columns, yes_no_columns
from robustness.data.dataset import Dataset, Example, digest_of, read_columns, stratified
from robustness.data.labels import match_labels
from robustness.data.references import load_references
from robustness.data.report import DataReport, Finding, Findings
from robustness.data.rows import clean_rows, ids, without_duplicates
from robustness.data.sources import ReadOptions, read_table
from robustness.data.table import Table
from robustness.errors import DataError, UsageError
from robustness.tasks.registry import task_named
from robustness.tasks.task import Space

__all__ = ["DataReport", "Dataset", "Example", "Finding", "labels_in", "load_examples"]

LOOKED_AT = 200


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
    task: str = "classification",
    space: Space | None = None,
) -> Dataset:
    """Read labelled examples.

    Args:
        source: a path, ``hub:NAME``, a pandas ``DataFrame``, a ``datasets`` object, or an iterable of (text, label) pairs
            or mappings.
        labels: the victim's label names in class order.
        text: column of the text, or several (a list, or one string with commas); guessed from usual names if None.
        label: column of the label; guessed if None.
        id: column that identifies a row; if None, a usual one when it is unique, else a hash of the content.
        group: column that says which rows belong together: a document, a user, a template.
        label_map: labels of the data to labels of the victim.
        limit: keep this many, the same share of each label, chosen by ``seed`` and by id, so not by row order.
        seed: of the choice that ``limit`` makes.
        format: ``csv``, ``tsv``, ``jsonl``, ``json`` or ``parquet`` where the file's name does not tell.
        split: of a ``datasets`` source, or the name of one of several tables in a JSON file.
        encoding: of a text file without a byte order mark; UTF-8 if None.
        columns: names of the columns, in order, of a text file that has no header line.
        offline: make reading from a hub an error.
        victim_fields: names of the victim's text fields; they guide the guess and fix the number of text columns.
        task: what the victim is asked; ``label`` then names the column that says what is right.
        space: what the victim reads and can answer, where that is more than its labels and fields: the ids of passages.

    Raises:
        DataError: the source cannot be read, or does not fit the victim.
        UsageError: an argument that can fit no source.
        MissingExtraError: ``pyarrow`` or ``datasets`` is needed and not installed.
    """
    read = ReadOptions(format, split, encoding, offline, tuple(victim_fields), tuple(columns))
    if task != "classification":
        _check_arguments(None, limit, seed)
        space = space or Space(tuple(labels), tuple(victim_fields) or ("text",))
        how: dict[str, Any] = {"text": text, "reference": label, "id": id, "group": group, "limit": limit, "seed": seed}
        return load_references(read_table(source, read), task_named(task), space, **how)
    _check_arguments(labels, limit, seed)
    table = read_table(source, read)
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
    examples = tuple(Example(names[i], usable[i].inputs, gold[i], usable[i].meta, table.line(usable[i].number)) for i in chosen)
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
    digest = digest_of(roles, [(names[i], usable[i]) for i in chosen])
    spelled = {
        labels[at]: value for value, at in sorted(matched.index.items(), key=lambda pair: (pair[0] == labels[pair[1]], pair))
    }
    found = (
        examples,
        roles.text,
        tuple(labels),
        table.source,
        digest,
        report,
        roles.group,
        table.file,
        read_columns(roles),
        spelled,
    )
    return Dataset(*found)


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


def check_limit(limit: int | None) -> None:
    """Raise ``UsageError`` for a number of examples that cannot be."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise UsageError(f"--limit must be a whole number from 1, got {limit!r}")


def _check_arguments(labels: Sequence[str] | None, limit: int | None, seed: int) -> None:
    if labels is not None and (isinstance(labels, str) or not labels or len(set(labels)) != len(labels)):
        raise UsageError(f"the victim's labels must be different names, at least one, got {labels!r}")
    check_limit(limit)
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
