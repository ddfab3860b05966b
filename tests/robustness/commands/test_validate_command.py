"""``robustness validate`` shows what it read and how the victim does on it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from robustness.cli import main

VALIDATE = ["validate", "--victim", "scripted:keyword", "--recipes", "deepwordbug"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_three_rows_as_read_clean_accuracy_and_what_to_run_next(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        ("a \x1b[31mred\u202e film that is good " + "on and on " * 20, "positive"),
        ("a bad film", "negative"),
        ("bad", "positive"),
    ]
    Path("my data.csv").write_text("text,label\n" + "".join(f"{text} {at},{label}\n" for at in range(8) for text, label in rows))
    assert main([*VALIDATE, "--data", "my data.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("row")][1] == "row       negative | a bad film 0"
    first = next(line for line in lines if line.startswith("row"))
    assert "\x1b" not in first
    assert "\u202e" not in first
    assert first.endswith("…")
    assert len(first) < 110
    (clean,) = [line for line in lines if line.startswith("clean")]
    assert "of 20 right, " in clean
    assert "(" in clean
    at = next(number for number, line in enumerate(lines) if line.startswith("next"))
    plan = shlex.split(lines[at].removeprefix("next"))
    assert plan == ["robustness", "plan", *VALIDATE[1:], "--data", "my data.csv"]
    assert lines[at + 1].split()[:2] == ["robustness", "audit"]


def test_one_example_answers_with_a_word_and_the_json_holds_whole_texts(capsys: pytest.CaptureFixture[str]) -> None:
    Path("one.csv").write_text("text,label\n" + "good " * 60 + "film,positive\n")
    assert main([*VALIDATE, "--data", "one.csv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clean"]["asked"] == found["clean"]["of"] == found["clean"]["right"] == 1
    assert found["clean"]["low"] < 0.1, "one example says next to nothing"
    assert found["rows"][0]["texts"] == {"text": "good " * 60 + "film"}
    assert found["rows"][0]["right"] == "positive"
