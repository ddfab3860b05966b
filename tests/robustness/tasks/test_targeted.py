"""The targeted goal, from the command line: one label, on examples of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustness.cli import main

ROWS = ("a warm film,positive", "a dull film,negative", "one weak and boring hour,negative", "a fine cast,positive")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("\n".join(("text,label", *ROWS)) + "\n")


def run(*flags: str) -> int:
    base = ["audit", "--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none"]
    return main([*base, "--out", "run", "--no-github", "-q", *flags])


def test_examples_of_the_wanted_label_are_left_out_and_not_counted_as_robust() -> None:
    assert run("--goal", "answer-with:positive") == 0
    lines = [json.loads(line) for line in Path("run/outcomes.jsonl").read_text().splitlines()]
    assert {line["reference"] for line in lines} == {"negative"}
    assert {line["best"]["shown"] for line in lines if line["status"] == "succeeded"} == {"positive"}
    manifest = json.loads(Path("run/run.json").read_text())
    assert (manifest["goal"], manifest["examples"]) == ("answer-with:positive", 2)
    assert [flag["value"] for flag in manifest["flags"] if flag["code"] == "goal-fit"] == [2.0]
    assert main(["replay", "run", "-q"]) == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--goal", "answer-with:warm"), "answer-with names the label 'warm'; the victim answers negative, positive"),
        (("--goal", "answer-with"), "the task classification has no goal 'answer-with'"),
        (("--goal", "win"), "no task has a goal 'win'; there are: misclassify"),
        (("--task", "nerr"), "there is no task 'nerr'; did you mean 'ner'?"),
        (("--task", "ner"), "answers for the task classification, and --task says ner"),
        (("--task", "qa", "--goal", "misclassify"), "the task qa has no goal 'misclassify'"),
    ],
)
def test_what_is_asked_wrongly_is_refused(flags: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*flags) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not Path("run").exists()
