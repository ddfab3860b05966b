"""No threshold is not a pass: every way to lose one on the way is named, and none of them ends in 0."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from robustness.cli import main

LONG = " ".join(["word"] * 40)
ROWS = ["text,label", *(f"number {i} {LONG if i % 2 else 'is short'},{('short', 'long')[i % 2]}" for i in range(40))]
VICTIM = """
import math, zlib

def ask(texts):
    counts = [len(text.split()) + zlib.crc32(text.encode()) / 2**32 for text in texts]
    return [[1 - p, p] for p in (1 / (1 + math.exp(10 - n)) for n in counts)]

ask.labels = ["short", "long"]
"""
"""Sound, and robust to everything that keeps most words."""
AUDIT = ["audit", "--victim", "python:counts:ask", "--data", "data.csv", "--recipes", "natural:word-drop",
         "--encoder", "none", "--out", "run", "-q"]  # fmt: skip
GATE = '[gate]\nmin_robust_accuracy = "30%"\n'
TOOL = '[tool.robustness.gate]\nmin_robust_accuracy = "30%"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("data.csv").write_text("\n".join(ROWS) + "\n")
    Path("counts.py").write_text(VICTIM)
    return tmp_path


def write(name: str, text: str) -> Callable[[], None]:
    def put() -> None:
        Path(name).write_text(text)

    return put


def both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def put() -> None:
        first()
        second()

    return put


WAYS: dict[str, tuple[Callable[[], None], str]] = {
    "table name with a slip": (write("pyproject.toml", TOOL.replace("robustness", "robustnes")), "[tool.robustnes]"),
    "table name in capitals": (write("pyproject.toml", TOOL.replace("robustness", "Robustness")), "[tool.Robustness]"),
    "table of the package's name": (write("pyproject.toml", TOOL.replace("robustness", "robustness-suite")), "robustness-suite"),
    "table without tool": (write("pyproject.toml", TOOL.replace("tool.", "")), "[robustness]"),
    "bare gate in pyproject": (write("pyproject.toml", GATE), "[gate]"),
    "gates": (write("pyproject.toml", TOOL.replace("gate", "gates")), "gates: no such key"),
    "gates in the file": (write("robustness.toml", GATE.replace("gate", "gates")), "gates: no such key"),
    "Gate": (write("robustness.toml", GATE.replace("gate", "Gate")), "Gate: no such key"),
    "file name in capitals": (write("Robustness.toml", GATE), "Robustness.toml is not read"),
    "file name with a slip": (write("robustnes.toml", GATE), "robustnes.toml is not read"),
    "hidden file": (write(".robustness.toml", GATE), ".robustness.toml is not read"),
    "file of another kind": (write("robustness.yaml", "gate:\n"), "robustness.yaml is not read"),
    "empty file": (write("robustness.toml", ""), "robustness.toml: it sets nothing"),
    "empty file over thresholds": (both(write("robustness.toml", "# soon\n"), write("pyproject.toml", TOOL)), "sets nothing"),
    "empty table": (write("pyproject.toml", "[tool.robustness]\n"), "[tool.robustness] sets nothing"),
    "dangling link": (both(lambda: os.symlink("gone.toml", "robustness.toml"), write("pyproject.toml", TOOL)), "cannot be read"),
    "folder of that name": (lambda: Path("robustness.toml").mkdir(), "expected a file"),
    "two files": (both(write("robustness.toml", GATE), write("pyproject.toml", TOOL)), "both robustness.toml and pyproject.toml"),
    "gate without thresholds": (write("robustness.toml", "[gate]\nmin_examples = 5\n"), "sets no threshold"),
}


@pytest.mark.parametrize(("put", "said"), WAYS.values(), ids=WAYS.keys())
def test_a_policy_that_was_meant_is_never_left_unread(
    put: Callable[[], None], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put()
    assert main(AUDIT) == 2
    assert said in capsys.readouterr().err
    assert not Path("run").exists()


@pytest.mark.parametrize("repository", [True, False])
@pytest.mark.parametrize(("name", "text"), [("robustness.toml", GATE), ("pyproject.toml", TOOL)])
def test_a_policy_in_a_folder_above_is_named(
    name: str, text: str, repository: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).write_text(text)
    if repository:
        Path(".git").mkdir()
    (folder / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(folder / "src" / "deep")
    audit = [*AUDIT[:2], f"python:{folder / 'counts.py'}:ask", "--data", str(folder / "data.csv"), *AUDIT[5:]]
    assert main(audit) == 2
    assert f"--policy ../../{name}" in capsys.readouterr().err
    assert main([*audit, "--policy", f"../../{name}"]) == 0
    assert main([*audit, "--policy", "none", "--resume"]) in (0, 3)


def test_a_repository_s_root_ends_the_search(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("robustness.toml").write_text(GATE)
    (folder / "inner" / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder / "inner")
    audit = [*AUDIT[:2], f"python:{folder / 'counts.py'}:ask", "--data", str(folder / "data.csv"), *AUDIT[5:]]
    assert main(audit) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_an_error() -> None:
    Path("robustness.toml").write_text(GATE)
    Path("robustness.toml").chmod(0)
    assert main(AUDIT) == 2


def test_a_policy_named_on_the_command_line_sets_a_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    Path("ci.toml").write_text("[audit]\nseed = 0\n")
    assert main([*AUDIT, "--policy", "ci.toml"]) == 2
    assert "ci.toml sets no threshold" in capsys.readouterr().err
    assert main([*AUDIT, "--policy", "ci.toml", "--min-robust-accuracy", "30%"]) == 0


def test_a_run_is_only_measured_where_no_policy_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text("[project]\nname = 'x'\n[tool.ruff]\nline-length = 100\n")
    assert main(AUDIT) == 0
    assert capsys.readouterr().out.startswith("MEASURED")
    assert main([*AUDIT, "--resume", "--min-examples", "5"]) == 3
    assert "no threshold was set" in capsys.readouterr().out
    assert main([*AUDIT, "--resume", "--require-threshold"]) == 2


def test_a_gate_without_a_threshold_passes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(AUDIT) == 0
    for more in ([], ["--min-examples", "5"], ["--fatal-flags", "no-op"], ["--policy", "none"]):
        capsys.readouterr()
        assert main(["gate", "run", "-q", *more]) == 3
        assert "no threshold was set" in capsys.readouterr().out
    Path("ci.toml").write_text("[audit]\nseed = 0\n")
    assert main(["gate", "run", "-q", "--policy", "ci.toml"]) == 3


@pytest.mark.parametrize(
    "more",
    [
        ["--min-robust-accuracy", "90%,10%"],
        ["--min-robust-accuracy", "90%", "--min-robust-accuracy", "10%"],
        ["--min-robust-accuracy", "pwws=90%,pwws=10%"],
        ["--max-accuracy-drop", "1pt,label=negative=2pt,label=negative=90pt"],
        ["--min-examples", "300", "--min-examples=1"],
        ["--policy", "a.toml", "--policy", "b.toml"],
    ],
)
def test_two_values_for_one_threshold_are_refused(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*AUDIT, *more]) == 2
    err = capsys.readouterr().err
    assert "two values" in err or "2 times" in err


def test_two_values_for_the_margin_of_a_comparison_are_refused() -> None:
    assert main(["compare", "a", "b", "--max-regression", "2pt", "--max-regression", "90pt"]) == 2


@pytest.mark.parametrize(
    "flags",
    [
        ["--min-robust-accuracy", "0%"],
        ["--max-accuracy-drop", "100pt"],
        ["--max-attack-success-rate", "1.0"],
        ["--min-robust-accuracy", "natural:word-drop=0", "--max-accuracy-drop", "100pt"],
    ],
)
def test_thresholds_that_no_run_can_break_are_no_thresholds(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*AUDIT, *flags]) == 2
    assert "no run can fail it" in capsys.readouterr().err


def test_a_threshold_that_no_run_can_break_is_named_beside_others(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--min-robust-accuracy", "30%,natural:word-drop=0"]
    for command in (AUDIT, ["gate", "run", "-q"]):
        assert main([*command, *flags]) == 0
        assert 'recipes."natural:word-drop".min_robust_accuracy = 0: no run can fail it' in capsys.readouterr().err


def test_the_python_interface_names_it_too() -> None:
    from reports.gate.policy import parse_policy
    from robustness.auditing import audit
    from robustness.errors import UsageError

    idle = parse_policy({"gate": {"min_clean_accuracy": 0}}, "here")
    with pytest.raises(UsageError, match="no run can fail it"):
        audit("scripted:keyword", [("a dull film", "negative")], policy=idle)


def test_every_flag_of_the_gate_is_one_that_decides() -> None:
    from dataclasses import fields

    from robustness.commands.options.flags import GateFlags
    from robustness.commands.options.groups import DECIDING

    assert {field.name for field in fields(GateFlags)} <= set(DECIDING)
