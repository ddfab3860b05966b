"""Outcomes as a flat table with a fixed schema, for data frames, warehouses and ``datasets``. The schema is in docs/loggers.md.

Parquet and JSON Lines hold every text exactly. CSV is for spreadsheets: hidden characters are written out, and nothing in it
begins like a formula.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.files.atomic import TEMPORARY
from reports.files.text import cell
from robustness.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from reports.run import Outcome, Run

SCHEMA = 1
"""Of the table; a column is only ever added, at the end, and with another number."""
COLUMNS: tuple[tuple[str, type], ...] = (
    ("example_id", str),
    ("recipe", str),
    ("status", str),
    ("goal", str),
    ("reference", str),
    ("stratum", str),
    ("field", str),
    ("original", str),
    ("perturbed", str),
    ("inputs", str),
    ("before", str),
    ("before_score", float),
    ("before_quality", float),
    ("after", str),
    ("after_score", float),
    ("after_quality", float),
    ("edits", str),
    ("queries", int),
    ("forwards", int),
    ("words", int),
    ("words_changed", int),
    ("words_inserted", int),
    ("similarity", float),
    ("error_type", str),
    ("error_message", str),
    ("meta", str),
    ("victim", str),
    ("comparability_id", str),
)
"""Names and types, in order. ``inputs``, ``edits`` and ``meta`` are JSON."""
FORMATS = (".parquet", ".csv", ".jsonl")
_AT_ONCE = 10_000


def rows(run: Run, *, failures: bool = False) -> Iterator[dict[str, Any]]:
    """One row an outcome, in the order of recipes and examples, so that runs of the same outcomes give the same table."""
    rank = {name: number for number, name in enumerate(run.manifest.recipe_names)}
    chosen = [outcome for outcome in run.outcomes if not failures or outcome.status == "succeeded"]
    of_run = (str(run.manifest.victim.get("name", "")), run.manifest.comparability_id)
    for outcome in sorted(chosen, key=lambda one: (rank[one.recipe], one.example_id)):
        yield dict(zip((name for name, _ in COLUMNS), (*_cells(outcome), *of_run), strict=True))


def _cells(outcome: Outcome) -> tuple[Any, ...]:
    clean, best, error = outcome.clean, outcome.best, outcome.error or {}
    edits = [{name: getattr(edit, name) for name in edit.__slots__} for edit in outcome.edits]
    return (
        *(outcome.example_id, outcome.recipe, outcome.status, outcome.goal),
        *(outcome.reference, outcome.stratum, outcome.field),
        *(outcome.texts.get(outcome.field), outcome.perturbed, _json(dict(outcome.texts))),
        *((clean.shown, clean.score, clean.quality) if clean else (None, None, None)),
        *((best.shown, best.score, best.quality) if best else (None, None, None)),
        *(_json(edits), outcome.queries, outcome.forwards, outcome.words, outcome.words_changed, outcome.words_inserted),
        *(outcome.similarity, error.get("type"), error.get("message"), _json(dict(outcome.meta))),
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def writer_for(path: Path) -> Callable[[Run, Iterable[dict[str, Any]], Path], int]:
    """What writes a table to this path, by the end of its name; found before a run is read.

    Raises:
        UsageError: another ending.
        MissingExtraError: pyarrow is not installed.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise UsageError(f"--out expects a name that ends in {', '.join(FORMATS)}, got {path.name!r}")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first, or name another --out")
    if path.is_dir():
        raise UsageError(f"--out {path} is a folder; name a file in it")
    if ending == ".parquet":
        _pyarrow()
        return _parquet
    return _csv if ending == ".csv" else _lines


def arrow_schema(run: Run) -> Any:
    """The schema of the table for pyarrow, with the run it is of in its metadata."""
    pa = _pyarrow()
    types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    of_run = {"robustness.table": str(SCHEMA), "robustness.comparability_id": run.manifest.comparability_id}
    return pa.schema([pa.field(name, types[kind]) for name, kind in COLUMNS], metadata=of_run)


def batches(run: Run, table: Iterable[dict[str, Any]]) -> Iterator[Any]:
    """Record batches of pyarrow; a lone surrogate, which Arrow cannot hold, is written out as Python writes it."""
    pa, schema, left = _pyarrow(), arrow_schema(run), iter(table)
    while some := list(islice(left, _AT_ONCE)):
        yield pa.RecordBatch.from_pylist([{name: _utf8(value) for name, value in row.items()} for row in some], schema=schema)


def _parquet(run: Run, table: Iterable[dict[str, Any]], path: Path) -> int:
    _pyarrow()
    import pyarrow.parquet as pq

    written = 0
    with _replacing(path) as temporary, pq.ParquetWriter(temporary, arrow_schema(run)) as writer:
        for batch in batches(run, table):
            writer.write_batch(batch)
            written += batch.num_rows
    return written


def _csv(run: Run, table: Iterable[dict[str, Any]], path: Path) -> int:
    written = 0
    with _replacing(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as sheet:
        writer = csv.writer(sheet)
        writer.writerow(name for name, _ in COLUMNS)
        for row in table:
            writer.writerow(cell(value) if isinstance(value, str) else value for value in row.values())
            written += 1
    return written


def _lines(run: Run, table: Iterable[dict[str, Any]], path: Path) -> int:
    written = 0
    with _replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as lines:
        for row in table:
            lines.write(_json(row) + "\n")
            written += 1
    return written


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside this one, which takes its place when it is whole."""
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _utf8(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError("pyarrow", "data") from error
    return pyarrow
