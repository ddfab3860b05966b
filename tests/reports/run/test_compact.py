"""A run too large for memory is read compactly, and nothing that is said of it changes."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from reports.compare.compare import compare
from reports.render import render_all
from reports.run import Outcome, Run
from reports.run.compact import CompactOutcome
from reports.run.seal import RENDERED
from reports.run.store import OUTCOMES, load_run


def rendered(run: Run, compactly: bool, into: Path) -> dict[str, bytes]:
    shutil.copytree(run.path, into)
    found = load_run(into, large=0) if compactly else load_run(into)
    assert all(isinstance(outcome, CompactOutcome) is compactly for outcome in found.outcomes)
    render_all(found)
    return {name: (into / name).read_bytes() for name in RENDERED}


def test_every_report_of_a_run_that_is_read_compactly_is_the_same_to_the_byte(rich_run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    usual, compact = rendered(rich_run, False, tmp_path / "a" / "run"), rendered(rich_run, True, tmp_path / "b" / "run")
    assert set(usual) == set(compact) >= {"report.html", "failures.jsonl", "findings.sarif"}
    assert [name for name, body in usual.items() if compact[name] != body] == []


def test_a_comparison_of_runs_that_are_read_compactly_says_the_same(rich_run: Run) -> None:
    usual, compact = load_run(rich_run.path), load_run(rich_run.path, large=0)
    assert json.dumps(compare(compact, compact).to_dict()) == json.dumps(compare(usual, usual).to_dict())


def test_a_compact_outcome_is_the_outcome_in_every_field(rich_run: Run) -> None:
    compact = load_run(rich_run.path, large=0).outcomes
    for one, other in zip(rich_run.outcomes, compact, strict=True):
        for field in fields(Outcome):
            if field.name not in ("clean", "best", "ladder"):
                assert getattr(other, field.name) == getattr(one, field.name), field.name
        for side in ("clean", "best"):
            whole, part = getattr(one, side), getattr(other, side)
            assert (whole is None) == (part is None)
            if whole is not None:
                assert all(getattr(part, field.name) == getattr(whole, field.name) for field in fields(whole))
        assert [(rung.severity, rung.held) for rung in other.ladder] == [(rung.severity, rung.held) for rung in one.ladder]
        assert other == one
        assert other.to_json() == one.to_json()
        assert pickle.loads(pickle.dumps(other)) == one
        changed = replace(other, status="failed")
        assert (type(changed), changed.texts) == (Outcome, one.texts)


def test_a_text_that_was_left_out_is_never_shown_as_an_empty_one(rich_run: Run) -> None:
    climbed = next(outcome for outcome in load_run(rich_run.path, large=0).outcomes if outcome.ladder)
    with pytest.raises(AttributeError):
        _ = climbed.ladder[0].text


def test_a_run_that_is_written_anew_meanwhile_is_read_as_it_was(rich_run: Run) -> None:
    compact = load_run(rich_run.path, large=0)
    expected = [dict(outcome.texts) for outcome in rich_run.outcomes]
    other = rich_run.path / "other"
    other.write_bytes(b"{}\n")
    other.replace(rich_run.path / OUTCOMES)
    assert [dict(outcome.texts) for outcome in compact.outcomes] == expected


def test_an_edited_line_is_found_however_a_run_is_read(rich_run: Run) -> None:
    from reports.run import RunError

    path = rich_run.path / OUTCOMES
    path.write_bytes(path.read_bytes().replace(b'"queries":12', b'"queries":11', 1))
    for large in (0, sys.maxsize):
        with pytest.raises(RunError, match="lines that were edited"):
            load_run(rich_run.path, large=large)


def test_a_compact_outcome_keeps_no_text_in_memory(make_run: Callable[..., Run], make_outcome: Callable[..., Outcome]) -> None:
    import tracemalloc

    text = "a film about two brothers and a dog that is not bad at all "
    run = make_run(
        [make_outcome(f"example {n:05d}", "deepwordbug", "failed", texts={"text": f"{text}{n}" * 20}) for n in range(2000)]
    )
    sizes = []
    for large in (sys.maxsize, 0):
        tracemalloc.start()
        loaded = load_run(run.path, large=large)
        sizes.append(tracemalloc.get_traced_memory()[0] / len(loaded.outcomes))
        tracemalloc.stop()
    whole, compact = sizes
    assert compact < 700
    assert compact < whole / 2
