"""``--force`` replaces what robustness wrote, whole, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.files.lock import lock, release
from reports.files.replace import of_run
from reports.run import RunError
from robustness.cli import main

AUDIT = ["audit", "--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "-q"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("text,label\na good film,positive\na bad film,negative\n")
    assert main([*AUDIT, "--out", "run"]) == 0
    return Path("run")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_is_replaced_by_another_and_nothing_is_left_aside(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _files(run)
    assert main([*AUDIT, "--out", "run"]) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*AUDIT, "--out", "run", "--seed", "5", "--force"]) == 0
    assert _files(run)["run.json"] != before["run.json"]
    assert main(["verify", "run"]) == 0
    assert sorted(path.name for path in Path().iterdir()) == ["data.csv", "run"]
    assert main([*AUDIT, "--out", "new run", "--force"]) == 0, "nothing was in the way"


def test_an_audit_that_cannot_begin_leaves_the_old_run_as_it_was(run: Path) -> None:
    Path("mute.py").write_text("def ask(texts):\n    raise ValueError\nask.labels = ('negative', 'positive')\n")
    before = _files(run)
    mistakes = (
        ["--victim", "python:gone.py:ask"],
        ["--victim", "python:mute.py:ask"],
        ["--recipes", "deepwordbugg"],
        ["--resume"],
    )
    for wrong in mistakes:
        flags = [word for at, word in enumerate(AUDIT) if AUDIT[at - 1 + at % 2] != wrong[0]]
        assert main([*flags, *wrong, "--out", "run", "--force"]) == 2
        assert _files(run) == before
        assert not list(Path().glob(".*replaced*"))


def _with_a_note(run: Path) -> None:
    (run / "notes.txt").write_text("mine")


def _no_run(run: Path) -> None:
    shutil.rmtree(run)
    run.mkdir()
    (run / "outcomes.jsonl").write_text("")


def _other_json(run: Path) -> None:
    (run / "run.json").write_text('{"name": "something else"}')


def _link(run: Path) -> None:
    run.rename("real")
    run.symlink_to("real")


def _file(run: Path) -> None:
    shutil.rmtree(run)
    run.write_text("a file")


@pytest.mark.parametrize("spoil", [_with_a_note, _no_run, _other_json, _link, _file])
def test_a_folder_that_is_not_ours_is_refused_and_not_touched(run: Path, spoil: Callable[[Path], None]) -> None:
    spoil(run)
    before = (run.is_symlink(), run.is_file(), _files(run))
    assert main([*AUDIT, "--out", "run", "--force"]) == 2
    assert (run.is_symlink(), run.is_file(), _files(run)) == before


def test_a_run_that_is_being_written_is_not_replaced(run: Path) -> None:
    descriptor = os.open(run / "outcomes.jsonl", os.O_RDWR)
    try:
        lock(descriptor)
        with pytest.raises(RunError, match="being written"):
            of_run(run)
    finally:
        release(descriptor)
    of_run(run)


def test_a_review_is_replaced_until_somebody_has_rated(run: Path) -> None:
    assert main(["review", "run", "--out", "rated", "--controls", "0"]) == 0
    assert main(["review", "run", "--out", "rated", "--controls", "0"]) == 2
    assert main(["review", "run", "--out", "rated", "--controls", "0", "--seed", "3", "--force"]) == 0
    sheet = Path("rated/sheet.csv")
    lines = sheet.read_text().splitlines()
    head, first = lines[0].split(","), lines[1].split(",")
    first[head.index("label")] = "positive"
    sheet.write_text("\n".join([lines[0], ",".join(first), *lines[2:]]) + "\n")
    kept = sheet.read_text()
    assert main(["review", "run", "--out", "rated", "--force"]) == 2
    assert sheet.read_text() == kept
