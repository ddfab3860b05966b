"""``robustness init``: the files it writes work as written, and it asks, overwrites and guesses no more than it may."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from reports.gate.policy_file import load_policy
from robustness.cli import main
from tests.robustness.commands.terminals import Terminal

VICTIM = """
import re
GOOD = {"great", "warm"}
def model(texts):
    right = [bool(GOOD & set(re.findall(r"\\w+", text.lower()))) for text in texts]
    return [[0.1, 0.9] if one else [0.9, 0.1] for one in right]
model.labels = ["bad", "good"]
"""
SHORT = ["--recipes", "natural:whitespace-noise", "--limit", "30", "--min-robust-accuracy", "20%", "--yes"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "my projéct"
    (place / "data").mkdir(parents=True)
    (place / "tests").mkdir()
    (place / "my model.py").write_text(VICTIM)
    rows = [f"a {word} film about number {n},{label}" for n in range(20) for word, label in (("great", "good"), ("dull", "bad"))]
    (place / "data/te st.csv").write_text("\n".join(["review,stars", *rows]) + "\n")
    monkeypatch.chdir(place)
    return place


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, cwd=cwd, check=False)


def test_what_is_written_works_as_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / ".git").mkdir()  # the repository's root is one folder up
    named = ["--victim", "python:my model.py:model", "--data", "data/te st.csv", "--text", "review", "--label", "stars"]
    assert main(["init", *named, *SHORT]) == 0
    told = capsys.readouterr().out
    assert "robustness audit --allow-local-code" in told
    policy = load_policy()
    assert (policy.audit.victim, policy.audit.text, policy.gate.min_robust_accuracy) == (named[1], ["review"], 0.2)

    with Path("robustness.toml").open("a", encoding="utf-8") as stream:
        stream.write('encoder = "none"\n')  # as a user might, and much faster

    workflow = folder.parent / ".github/workflows/robustness.yml"
    checked = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow))
    assert checked.returncode == 0, checked.stdout
    job = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]["audit"]
    assert job["defaults"]["run"]["working-directory"] == folder.name
    steps = {step.get("name"): step["run"] for step in job["steps"] if "run" in step}
    bin_ = folder.parent / "bin"
    bin_.mkdir()
    (bin_ / "robustness").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m robustness "$@"\n')
    (bin_ / "robustness").chmod(0o755)
    environment = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "PACKAGE": ""}
    for name, code in (("Install", 2), ("Audit", 0), ("Verdict", 0)):
        ran = subprocess.run(["bash", "-e", "-c", steps[name]], env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == code, (name, ran.stdout, ran.stderr)
    assert "PASSED" in ran.stdout

    stricter = folder.parent / "stricter"
    shutil.copytree(folder, stricter, ignore=shutil.ignore_patterns("runs"))
    file = stricter / "robustness.toml"
    file.write_text(file.read_text("utf-8").replace('"20%"', '"99.9%"'), "utf-8")
    tests = [str(one / "tests/test_robustness.py") for one in (folder, stricter)]
    tested = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *tests)
    assert "1 failed, 1 passed" in tested.stdout, tested.stdout
    assert "robust accuracy" in tested.stdout


def test_on_a_terminal_it_asks_and_asks_again_after_a_bad_answer(folder: Path) -> None:
    rows = [f"a {word} film about number {n},{label}" for n in range(20) for word, label in (("great", "1"), ("dull", "2"))]
    (folder / "data/te st.csv").write_text("\n".join(["\x1b[31mtext,stars", *rows]) + "\n")
    asked = Terminal("init", "--no-workflow", folder=folder)
    try:
        asked.answer("Victim [demo]:", "python my model.py")
        assert "kind of victim" in asked.answer("Victim [demo]:", "python:my model.py:model")
        assert "Files here: data/te st.csv" in asked.answer("Data file [data/te st.csv]:", "nope.csv")
        assert "no such file" in asked.answer("Data file [data/te st.csv]:", "")
        before = asked.answer("Text column, or two with a comma between:", "\x1b[31mtext")
        assert "\x1b[31mtext" not in before  # a column's name cannot speak to the terminal
        assert "stars" in before
        asked.seen = ""
    finally:
        asked.type("\x03")
        assert asked.end() == 2
    assert not (folder / "robustness.toml").exists()

    (folder / "data/te st.csv").write_text("\n".join(["review,stars", *rows]) + "\n")
    asked = Terminal("init", "--no-workflow", "--victim", "python:my model.py:model", folder=folder)
    asked.answer("Data file [data/te st.csv]:", "")
    asked.answer("Text column, or two with a comma between:", "revew")
    assert "did you mean 'review'" in asked.answer("Text column, or two with a comma between:", "review")
    asked.answer("Column that says what is right:", "stars")
    assert "Labels of the victim: bad, good" in asked.answer("Which of them is '1' of the data:", "Good")
    asked.answer("Which of them is '2' of the data:", "bad")
    asked.answer("Lowest robust accuracy that may pass [30%]:", "0")
    asked.answer("Lowest robust accuracy that may pass [30%]:", "0.4")
    assert asked.end() == 0
    table = tomllib.loads((folder / "robustness.toml").read_text("utf-8"))
    assert table["gate"] == {"min_robust_accuracy": "40%"}
    assert table["audit"]["label_map"] == {"1": "good", "2": "bad"}
    assert (folder / "tests/test_robustness.py").exists()


def test_nothing_is_asked_where_stdin_is_no_terminal_and_nothing_is_overwritten_without_force(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("never read\n"))
    assert main(["init", "--victim", "scripted:keyword", "--data", "data/te st.csv", "--label", "stars"]) == 2
    assert "give --text\nrobustness: Columns: 'review', 'stars'" in capsys.readouterr().err
    assert list(folder.rglob("robustness*")) == []
    assert main(["init"]) == 0  # the demo, which brings its own examples
    assert "data" not in tomllib.loads((folder / "robustness.toml").read_text("utf-8"))["audit"]
    (folder / "robustness.toml").write_text("# mine\n")
    assert main(["init", "--yes"]) == 2
    assert "already there: robustness.toml, .github/workflows/robustness.yml" in capsys.readouterr().err
    assert (folder / "robustness.toml").read_text() == "# mine\n"
    assert main(["init", "--yes", "--force", "--package", "./wheels/it.whl"]) == 0
    assert load_policy().gate.min_robust_accuracy == 0.3
    assert 'PACKAGE: "./wheels/it.whl"' in (folder / ".github/workflows/robustness.yml").read_text()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--victim", "my-model"], "write hf:my-model"),
        (["--min-robust-accuracy", "0"], "checks nothing"),
        (["--min-robust-accuracy", "300%"], "expected a share"),
        (["--recipes", "deepwordbugg"], "did you mean"),
        (["--package", "${{ github.event.title }}"], "would read ${{"),
        (
            ["--victim", "scripted:keyword", "--data", "data/te st.csv", "--text", "review", "--label", "stars"],
            "say which is which: --label-map",
        ),
    ],
)
def test_a_mistake_writes_nothing(words: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--yes", *words]) == 2
    assert expected in capsys.readouterr().err
    assert not Path("robustness.toml").exists()
    Path("pyproject.toml").write_text("[tool.robustness.gate]\nmin_robust_accuracy = 0.3\n")
    assert main(["init", "--yes"]) == 2
    assert "holds a policy already" in capsys.readouterr().err
