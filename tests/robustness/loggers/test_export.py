"""A run as a table and as a data set, read back by the libraries that people read them with."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reports.run.store import load_run
from robustness.cli import main
from robustness.loggers.table import COLUMNS

NAMES = [name for name, _ in COLUMNS]


def test_parquet_holds_every_outcome_under_the_documented_schema(run: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    out = tmp_path / "alle.parquet"
    assert main(["export", str(run), "--out", str(out)]) == 0
    table = pq.read_table(out)
    outcomes = {(outcome.example_id, outcome.recipe): outcome for outcome in load_run(run).outcomes}
    assert table.schema.names == NAMES
    assert {str(field.type) for field in table.schema} == {"string", "int64", "double"}
    assert table.schema.metadata[b"robustness.table"] == b"1"
    assert table.num_rows == len(outcomes) == 12
    for row in table.to_pylist():
        outcome = outcomes[row["example_id"], row["recipe"]]
        assert (row["status"], row["original"], row["perturbed"]) == (outcome.status, outcome.texts["text"], outcome.perturbed)
        assert json.loads(row["inputs"]) == dict(outcome.texts)
        assert [edit["after"] for edit in json.loads(row["edits"])] == [edit.after for edit in outcome.edits]
    assert [path.name for path in tmp_path.iterdir()] == ["alle.parquet"]


def test_all_columns_are_documented() -> None:
    told = (Path(__file__).parents[3] / "docs" / "loggers.md").read_text()
    assert [name for name in NAMES if f"`{name}`" not in told] == []


def test_the_same_outcomes_in_another_order_give_the_same_table(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    lines = (other / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    (other / "outcomes.jsonl").write_bytes(b"".join(reversed(lines)))
    for one, name in ((run, "a"), (other, "b")):
        assert main(["export", str(one), "--out", str(tmp_path / f"{name}.jsonl"), "-q"]) == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 12


def test_csv_for_a_spreadsheet_runs_nothing_and_failures_are_what_broke(run: Path, tmp_path: Path) -> None:
    tables = []
    for flags in ((), ("--failures",)):
        out = tmp_path / "table.csv"
        assert main(["export", str(run), *flags, "--out", str(out)]) == 0
        with out.open(encoding="utf-8-sig", newline="") as stream:
            tables.append(list(csv.DictReader(stream)))
    everything, failures = tables
    assert {row["original"] for row in everything if "=" in row["original"]} == {"'=a great film, about old friends"}
    assert not [value for row in everything for value in row.values() if value[:1] in ("=", "+", "-", "@")]
    assert failures == [row for row in everything if row["status"] == "succeeded"]


def test_failures_become_a_dataset_that_loads_from_disk(run: Path, tmp_path: Path) -> None:
    import datasets

    folder = tmp_path / "harte Fälle"
    assert main(["export", str(run), "--failures", "--to-dataset", str(folder)]) == 0
    found = datasets.load_from_disk(str(folder))
    assert found.column_names == NAMES
    broken = [outcome for outcome in load_run(run).outcomes if outcome.status == "succeeded"]
    assert sorted(found["perturbed"]) == sorted(str(outcome.perturbed) for outcome in broken)


def test_a_run_without_failures_gives_an_empty_dataset(run: Path) -> None:
    from robustness.loggers.to_datasets import dataset_of

    whole = load_run(run)
    held = replace(whole, outcomes=tuple(outcome for outcome in whole.outcomes if outcome.status != "succeeded"))
    found = dataset_of(held)
    assert (len(found), found.column_names) == (0, NAMES)


def test_a_text_that_is_no_utf8_is_written_out(run: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    from robustness.loggers.table import batches, rows

    row = next(rows(load_run(run))) | {"perturbed": "broken \ud800 text"}
    (batch,) = batches(load_run(run), [row])
    assert isinstance(batch, pa.RecordBatch)
    assert batch.to_pylist()[0]["perturbed"] == "broken \\ud800 text"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ((), "say where to: --out FILE, --to-dataset DIR or --push-to-hub NAME"),
        (("--out", "outcomes.xlsx"), "--out expects a name that ends in .parquet, .csv, .jsonl, got 'outcomes.xlsx'"),
        (("--out", "nowhere/outcomes.csv"), "there is no folder nowhere"),
        (("--push-to-hub", "a/b/c"), "--push-to-hub expects NAME or ORGANISATION/NAME, got 'a/b/c'"),
        (("--public", "--out", "x.csv"), "--public is said of --push-to-hub"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_run_is_read(
    flags: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(tmp_path / "no run"), *flags]) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_an_edited_run_is_not_exported(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "edited"
    shutil.copytree(run, other)
    lines = (other / "outcomes.jsonl").read_text().splitlines(keepends=True)
    (other / "outcomes.jsonl").write_text("".join(lines[:-1]))
    assert main(["export", str(other), "--out", str(tmp_path / "x.csv")]) == 2
    assert not (tmp_path / "x.csv").exists()
