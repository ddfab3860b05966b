"""Examples of tasks whose references are no labels: spans, texts, numbers, ids. The task reads the cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from robustness.data.columns import Columns, asked_texts, named_column, undecided, usual, usual_texts
from robustness.data.dataset import Dataset, Example, digest_of, read_columns, stratified_by
from robustness.data.report import DataReport, Findings
from robustness.data.rows import CleanRow, clean_rows, ids, without_duplicates
from robustness.data.table import Table, make_table
from robustness.errors import DataError

if TYPE_CHECKING:
    from robustness.tasks.task import Space, Task


def load_references(
    table: Table,
    task: Task[Any, Any],
    space: Space,
    *,
    text: str | Sequence[str] | None = None,
    reference: str | None = None,
    id: str | None = None,
    group: str | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Dataset:
    """The examples of a table as a task reads them; arguments of ``load_examples``, ``reference`` being its ``label``.

    Raises:
        DataError: columns that cannot be chosen, or a reference that the task refuses, with the row.
    """
    table = _adapted(table, task)
    roles = _chosen(table, task, space, text, reference, id, group)
    dropped, remarks = Findings(), Findings()
    cells: dict[int, Any] = {}
    rows = clean_rows(table, roles, dropped, read_label=_reader(task, roles, cells, table))
    if not rows:
        raise DataError(f"{table.source}: no usable example: every row lacks a text or its reference ({_note(roles)})")
    names, notes = ids(table.source, usable := without_duplicates(rows, None, dropped, remarks), roles)
    references = [_reference(table, task, space, row, cells.get(row.number), roles) for row in usable]
    strata = [task.stratum(reference, space) or "" for reference in references]
    chosen = range(len(usable)) if limit is None else stratified_by(names, strata, limit, seed)
    examples = tuple(
        Example(names[i], usable[i].inputs, references[i], usable[i].meta, table.line(usable[i].number)) for i in chosen
    )
    if roles.group is not None:
        groups = {str(example.meta[roles.group]) for example in examples}
        notes = [*notes, f"{len(examples)} examples in {len(groups)} groups by {roles.group!r}"]
    kept = [strata[i] for i in chosen]
    report = DataReport(
        source=table.source,
        rows=len(table.rows) + len(table.blank),
        usable=len(usable),
        kept=len(examples),
        by_label=tuple((name, kept.count(name)) for name in dict.fromkeys(kept) if name),
        dropped=dropped.frozen(),
        remarks=remarks.frozen(),
        notes=(*table.notes, _note(roles), *notes),
        limit=limit,
        unit=table.unit,
    )
    digest = digest_of(roles, [(names[i], usable[i]) for i in chosen])
    return Dataset(examples, roles.text, space.labels, table.source, digest, report, roles.group, table.file, read_columns(roles))


def _adapted(table: Table, task: Task[Any, Any]) -> Table:
    """The table with each row in the shape that the task reads, where its data come in other usual shapes."""
    first = dict(zip(table.columns, table.rows[0][1], strict=True)) if table.rows else {}
    if task.adapted(first) == first:
        return table
    rows = [(number, task.adapted(dict(zip(table.columns, values, strict=True)))) for number, values in table.rows]
    columns = tuple(dict.fromkeys(name for _, row in rows for name in row))
    values = [(number, tuple(row.get(name) for name in columns)) for number, row in rows]
    made = make_table(table.source, columns, values, unit=table.unit, notes=table.notes, blank=table.blank)
    return replace(made, left_out=table.left_out, file=table.file)


def _chosen(
    table: Table,
    task: Task[Any, Any],
    space: Space,
    text: str | Sequence[str] | None,
    reference: str | None,
    id: str | None,
    group: str | None,
) -> Columns:
    source, columns = table.source, table.columns
    right = named_column(source, columns, reference, "--label") if reference is not None else None
    if right is None:
        right = next(iter(usual(columns, task.references)), None)
    if right is None and task.reference_needed:
        raise undecided(
            source, columns, [], f"what is right (usual for {task.name}: {', '.join(task.references)})", "--label COLUMN"
        )
    free = [column for column in columns if column != right]
    texts = asked_texts(source, columns, text) if text is not None else usual_texts(source, free, space.fields, task.texts)
    if len(texts) != len(space.fields):
        raise DataError(
            f"{source}: the victim reads {len(space.fields)} text field(s) ({', '.join(space.fields)}), "
            f"but {len(texts)} column(s) were chosen ({', '.join(texts)}); choose as many with --text"
        )
    if right in texts:
        raise DataError(f"{source}: the column {right!r} cannot be both text and reference; choose with --text and --label")
    grouped = None if group is None else named_column(source, columns, group, "--group")
    if id is not None:
        return Columns(texts, right or "", named_column(source, columns, id, "--id"), True, grouped)
    rest = [column for column in columns if column not in (right, grouped, *texts)]
    return Columns(texts, right or "", next(iter(usual(rest, ("id", "example_id", "uid", "guid", "idx"))), None), False, grouped)


def _reader(task: Task[Any, Any], roles: Columns, cells: dict[int, Any], table: Table) -> Any:
    """How a row's reference is read for now: as a text that tells equal ones; the cell itself is kept beside."""

    def read(number: int, value: Any) -> str | None:
        if not roles.label:
            return ""
        plain = value.tolist() if hasattr(value, "tolist") else value
        if plain is None or plain == "" or plain != plain:
            return None if task.reference_needed else ""
        cells[number] = plain
        return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, sort_keys=True, default=str)

    return read


def _reference(table: Table, task: Task[Any, Any], space: Space, row: CleanRow, cell: Any, roles: Columns) -> Any:
    if cell is None:
        return None
    try:
        return task.reference(cell, row.inputs, space)
    except ValueError as problem:
        where = f"{table.source}, {table.unit} {row.number}"
        raise DataError(f"{where}: the column {roles.label!r} holds no reference of {task.name}: {problem}") from None


def _note(roles: Columns) -> str:
    texts = ", ".join(map(repr, roles.text))
    return f"text from {texts}, " + (f"what is right from {roles.label!r}" if roles.label else "no column says what is right")
