"""Annotations, job summary and SARIF name errors by type and count, and quote nobody's text."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from reports.files.public import counted, error_type
from reports.run.seal import drop_seal
from robustness.cli import main

SAID = "customer Doe complained of a dull hour"
TEXTS = ["a good film", "a bad film", SAID, "such a good story", "so bad a mess", "a dull story of it"]
LABELS = ["positive", "negative", "negative", "positive", "negative", "positive"]
VICTIM = """
def ask(texts):
    for text in texts:
        if "dull" in text:
            raise LookupError(f"cannot tokenize {text!r}")
    return [[.2, .8] if "good" in text else [.7, .3] for text in texts]
ask.labels = ("negative", "positive")
"""
AUDIT = ["audit", "--victim", "python:quoting:ask", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none",
         "--budget", "20", "--out", "run", "--fatal-flags", "all", "-q"]  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    (tmp_path / "quoting.py").write_text(VICTIM)
    with (tmp_path / "data.csv").open("w") as stream:
        csv.writer(stream).writerows([("text", "label"), *zip(TEXTS, LABELS, strict=True)])
    return tmp_path


def quoted(text: str) -> bool:
    return any(words in text for words in (SAID[:20], "cannot tokenize", "Doe", "dull"))


def test_errors_are_named_by_type_and_count(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*AUDIT, "--github"]) == 1
    told = capsys.readouterr()
    public = {"annotations": told.err, "log": told.out, "summary": (here / "step.md").read_text("utf-8"),
              "sarif": (here / "run" / "findings.sarif").read_text("utf-8")}  # fmt: skip
    assert [name for name, text in public.items() if quoted(text)] == []
    assert all("2 LookupError" in public[name] for name in ("annotations", "summary", "sarif"))
    assert quoted((here / "run" / "report.md").read_text("utf-8")), "the folder, which holds every text, holds the cause too"


def test_a_run_of_another_version_is_not_quoted_either(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its flags may hold the first message; what is public is counted again from the outcomes."""
    main(AUDIT)
    manifest = json.loads((here / "run" / "run.json").read_text())
    for flag in manifest["flags"]:
        if flag["code"] == "errors":
            flag["message"] += f": cannot tokenize {SAID!r}"
    drop_seal(here / "run")
    (here / "run" / "run.json").write_text(json.dumps(manifest))
    capsys.readouterr()
    assert main(["gate", "run", "--github", "--fatal-flags", "all", "-q"]) == 1
    assert not quoted("".join(capsys.readouterr()) + (here / "step.md").read_text("utf-8"))


def test_texts_are_quoted_when_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*AUDIT, "--github", "--show-texts"])
    assert quoted(capsys.readouterr().err)


def test_types_are_those_of_the_exceptions() -> None:
    """A message that merely looks like one is not quoted as a type."""
    read = {
        "VictimError: the victim raised KeyError: 'x'": "KeyError",
        "VictimTimeoutError: the victim did not answer in time": "VictimTimeoutError",
        "AnswerError: expected 2 scores": "AnswerError",
        "no stored prediction, the first is ('Doe complained: x'": "UnansweredError",
        "Doe: the victim raised complaint about it: x": "UnansweredError",
    }
    assert {message: error_type({"type": "UnansweredError", "message": message}) for message in read} == read
    assert counted(Counter({"A": 3, "B": 1})) == "3 A, 1 B"
