"""A disk that fills up, or a process that dies, at any call that writes the run folder: a resume ends as if nothing had been."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.run.seal import verify
from robustness.data import load_examples
from robustness.planning.audit import Audit, prepare
from robustness.settings import Settings
from robustness.victims import load_victim

HERE = Path(__file__).parent
UNSTABLE = ("created", "versions", "usage", "processor")


def _faults() -> Any:
    """The helper beside this file; a child process loads it the same way."""
    spec = importlib.util.spec_from_file_location("faults", HERE / "faults.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


faults = _faults()


def tiny() -> Audit:
    """Three examples, one of which breaks."""
    victim = load_victim("scripted:keyword")
    rows = [("a dull and lazy film", "negative"), ("a great story", "positive"), ("it is a film", "positive")]
    data = load_examples(rows, labels=victim.info.labels)
    lines = tuple(replace(example, line=number) for number, example in enumerate(data.examples, 2))
    data = replace(data, examples=lines, file="films.csv")  # as if they had been read from it
    return prepare(victim, data, Settings(recipes=("natural:keyboard-typo",), encoder="none", budget=10))


def stable(folder: Path) -> dict[str, Any]:
    """What must not depend on how often a run was interrupted."""
    found: dict[str, Any] = {name: (folder / name).read_bytes() for name in ("failures.jsonl", "failures.csv")}
    found["lines"] = sorted((folder / "outcomes.jsonl").read_bytes().splitlines())
    manifest, summary = (json.loads((folder / name).read_text()) for name in ("run.json", "summary.json"))
    for facts in (manifest, summary["run"]):
        for key in UNSTABLE:
            facts.pop(key, None)
    return {**found, "manifest": manifest, "summary": summary, "files": sorted(path.name for path in folder.iterdir())}


@pytest.fixture(scope="module")
def audit() -> Audit:
    return tiny()


@pytest.fixture(scope="module")
def whole(audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """The undisturbed run, and how many calls it took to write it."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    audit.run(folder)  # what is imported and compiled on the way is no part of the count
    folder = folder.with_name("counted")
    with faults.Disk().mounted() as disk:
        audit.run(folder)
    assert disk.count > 30
    return stable(folder), disk.count


@pytest.mark.parametrize("how", ["full", "dead"])
def test_a_fault_at_any_call_is_told_and_a_resume_ends_as_if_there_had_been_none(
    audit: Audit, whole: tuple[dict[str, Any], int], tmp_path: Path, how: str
) -> None:
    expected, calls = whole
    for number in range(1, calls + 1):
        folder = tmp_path / str(number)
        with faults.Disk(number, how).mounted(), pytest.raises((OSError, faults.Died)):
            audit.run(folder, resume=True)
        audit.run(folder, resume=True)
        assert stable(folder) == expected, f"after a fault in call {number} of {calls}"
        assert verify(folder).verdict == "verified"


DYING = """
import sys
sys.path.insert(0, {here!r})
import faults, test_faults
audit = test_faults.tiny()
with faults.Disk({number}, "exit").mounted():
    audit.run({folder!r}, resume=True)
"""


def _die_and_resume(audit: Audit, expected: dict[str, Any], folder: Path, number: int) -> None:
    code = DYING.format(here=str(HERE), number=number, folder=str(folder))
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 9, ended.stderr
    audit.run(folder, resume=True)
    assert stable(folder) == expected, f"after a death in call {number}"


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_process_that_dies_for_good(audit: Audit, whole: tuple[dict[str, Any], int], tmp_path: Path, share: float) -> None:
    expected, calls = whole
    _die_and_resume(audit, expected, tmp_path / "run", max(1, int(share * calls)))


@pytest.mark.slow
def test_a_process_that_dies_for_good_at_any_call(audit: Audit, whole: tuple[dict[str, Any], int], tmp_path: Path) -> None:
    expected, calls = whole
    for number in range(1, calls + 1):
        _die_and_resume(audit, expected, tmp_path / str(number), number)
