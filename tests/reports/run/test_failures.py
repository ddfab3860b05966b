from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from reports.run import Outcome, Run, Rung
from reports.run.failures import lowest_severity, write_failures

MakeRun = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]


def test_every_success_is_saved_exactly(rich_run: Run, tmp_path: Path) -> None:
    count = write_failures(rich_run, tmp_path)
    cases = [json.loads(line) for line in (tmp_path / "failures.jsonl").read_text("ascii").splitlines()]
    won = {(o.example_id, o.recipe): o for o in rich_run.outcomes if o.status == "succeeded"}
    assert count == len(cases) == len(won) > 20
    for case in cases:
        outcome = won[case["example_id"], case["recipe"]]
        assert (case["texts"], case["perturbed"]) == (dict(outcome.texts), outcome.perturbed)
        assert case["best"]["shown"] == outcome.best.shown if outcome.best else False
        assert case["edits"][0]["after"] == outcome.edits[0].after


def test_the_table_carries_no_live_formula_and_no_control(rich_run: Run, tmp_path: Path) -> None:
    count = write_failures(rich_run, tmp_path)
    text = (tmp_path / "failures.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(text.splitlines(keepends=True)))
    assert len(rows) == count + 1
    for row in rows[1:]:
        for name, value in zip(rows[0], row, strict=True):
            assert value[:1] not in ("=", "+", "-", "@", "\t", "\r"), (name, value)
            assert not any(c in value for c in "\x00\x07\x1b\u202e\u200b\r"), (name, value)
    assert any(value.startswith("'=HYPERLINK") for row in rows for value in row)


def test_scores_and_numbers_stay_numbers(make_run: MakeRun, make_outcome: MakeOutcome, tmp_path: Path) -> None:
    write_failures(make_run([make_outcome("-1", similarity=-0.25)]), tmp_path)
    (row,) = csv.DictReader((tmp_path / "failures.csv").read_text("utf-8-sig").splitlines())
    assert row["example_id"] == "'-1"
    assert (row["similarity"], row["before_score"], row["after_score"]) == ("-0.25", "0.9", "0.7")
    assert row["edits"] == "good → g0od"


def test_order_does_not_depend_on_who_ended_first(rich_run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, outcomes in ((one, rich_run.outcomes), (other, rich_run.outcomes[::-1])):
        folder.mkdir()
        write_failures(Run(rich_run.path, rich_run.manifest, outcomes), folder)
    for name in ("failures.jsonl", "failures.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_the_mildest_noise_that_broke_it(make_outcome: MakeOutcome) -> None:
    rungs = (Rung(1, "positive", True, "a"), Rung(3, "negative", False, "b"), Rung(2, "negative", False, "c"))
    assert lowest_severity(make_outcome(ladder=rungs)) == 2
    assert lowest_severity(make_outcome()) is None


def test_no_failures_write_a_header_only(make_run: MakeRun, make_outcome: MakeOutcome, tmp_path: Path) -> None:
    assert write_failures(make_run([make_outcome(status="failed")]), tmp_path) == 0
    assert (tmp_path / "failures.jsonl").read_bytes() == b""
    assert len((tmp_path / "failures.csv").read_text("utf-8-sig").splitlines()) == 1
