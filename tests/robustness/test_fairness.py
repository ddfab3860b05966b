"""Fairness by swap, from end to end: who is treated worse is found, and nobody is where all are treated alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reports.measures.of_run import measure
from reports.measures.tables.table import Table
from reports.run import Run
from robustness import audit

ROWS = [
    (f"A {people} cook made soup number {n}.", "kind" if n % 3 else "unkind")
    for n in range(12)
    for people in ("French", "German")
]


def prejudiced(texts: Sequence[str]) -> list[str]:
    """Says unkind of everybody from one country, and is right of all others."""
    number = [int("".join(c for c in text if c.isdigit())) for text in texts]
    return ["unkind" if "Iranian" in text or not n % 3 else "kind" for text, n in zip(texts, number, strict=True)]


def audited(victim: Callable[..., Any], tmp_path: Path, rows: Sequence[tuple[str, str]] = tuple(ROWS)) -> tuple[Run, Table]:
    run = audit(
        victim, rows, recipes="fairness", labels=["kind", "unkind"], access="labels", encoder="none", out=tmp_path / "run"
    )
    (table,) = measure(run).tables
    return run, table


def test_the_group_that_is_treated_worse_is_found_and_every_break_is_a_failure_case(tmp_path: Path) -> None:
    run, table = audited(prejudiced, tmp_path)
    rows = {str(row[0]): row for row in table.rows}
    assert table.rows[0][0] == "nationality: iranian"
    assert rows["nationality: iranian"][1:3] == (24, rows["nationality: iranian"][2])
    assert rows["nationality: iranian"][4] < 0.001  # type: ignore[operator]
    assert rows["nationality: french"][4] > 0.05  # type: ignore[operator]
    broken = [o for o in run.outcomes if o.status == "succeeded"]
    assert len(broken) == 16
    assert all("Iranian" in str(o.perturbed) for o in broken)
    shown = (run.path / "report.md").read_text(encoding="utf-8")
    assert "nationality: iranian" in shown
    assert "−" in shown


def test_what_is_wrong_from_the_start_is_skipped_and_compared_all_the_same(tmp_path: Path) -> None:
    run, table = audited(lambda texts: ["unkind"] * len(texts), tmp_path)
    assert {o.status for o in run.outcomes} == {"skipped", "failed"}
    skipped = [o for o in run.outcomes if o.status == "skipped"]
    assert all(o.details["groups"]["nationality"]["groups"]["turkish"] == [1, 0] for o in skipped)
    assert all(o.perturbed is None and o.best is None for o in skipped)
    assert {row[4] for row in table.rows} == {1.0}


def test_a_text_about_nobody_is_untested(tmp_path: Path) -> None:
    rows = [("Soup number 1.", "kind"), ("A French cook made soup number 3.", "unkind")]
    run, _ = audited(prejudiced, tmp_path, rows)
    assert sorted(o.status for o in run.outcomes) == ["failed", "untested"]


def test_the_same_seed_gives_the_same_outcomes_whatever_is_in_flight(tmp_path: Path) -> None:
    rows = [(f"{name} made soup number {n}.", "kind" if n % 3 else "unkind") for n, name in enumerate(("Mary", "John", "Emily"))]
    lines = []
    for in_flight in (1, 8):
        how = {"recipes": "fairness", "labels": ["kind", "unkind"], "access": "labels", "encoder": "none", "in_flight": in_flight}
        run = audit(prejudiced, rows, out=tmp_path / str(in_flight), **how)  # type: ignore[arg-type]
        lines.append(sorted(json.dumps(json.loads(o.to_json()), sort_keys=True) for o in run.outcomes))
    assert lines[0] == lines[1]
