"""``robustness review`` as typed: export, read back, judge."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from robustness.cli import main
from tests.robustness.victims.endpoint.billing import Billing


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [f"a dull film number {i},negative" for i in range(25)] + [f"a great film number {i},positive" for i in range(25)]
    Path("data.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    flags = ["--recipes", "deepwordbug", "--encoder", "none", "--out", "run", "-q", "--no-github"]
    assert main(["audit", "--victim", "scripted:random:0.5", "--data", "data.csv", *flags]) == 0
    capsys.readouterr()
    return tmp_path / "run"


def fill(name: str, wrong: int = 0) -> None:
    """A rater who knows the key, and is wrong on the first few items of the sheet."""
    gold = {item["item"]: item["gold"] for item in json.loads(Path("run-review/key.json").read_text())["items"]}
    with Path("run-review/sheet.csv").open(encoding="utf-8-sig", newline="") as stream:
        items = [row["item"] for row in csv.DictReader(stream)]
    other = {"positive": "negative", "negative": "positive"}
    with Path(name).open("w", newline="") as stream:
        rows = [(item, other[gold[item]] if i < wrong else gold[item]) for i, item in enumerate(items)]
        csv.writer(stream).writerows([("item", "label"), *rows])


def test_export_then_read(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "run", "--sample", "20", "--controls", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["failures"] == 20
    assert {p.name for p in Path("run-review").iterdir()} == {"sheet.csv", "form.html", "key.json"}
    fill("anna.csv")
    fill("ben.csv", wrong=3)
    assert main(["review", "run", "--read", "anna.csv,ben.csv", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["agreement"]["method"] == "cohen"
    assert 0.5 < found["agreement"]["kappa"] < 1
    assert found["overall"]["adjusted"]["rate"] <= found["overall"]["success"]["rate"]
    assert json.loads(Path("run-review/review.json").read_text()) == found
    assert main(["review", "run", "--read", "anna.csv"]) == 0
    assert "of valid texts" in capsys.readouterr().out
    assert main(["verify", "run", "-q"]) == 0


def test_mistakes_are_refused(run: Path) -> None:
    assert main(["review", "run", "--judge", "scripted:keyword"]) == 2
    assert main(["review", "run", "--read", "anna.csv"]) == 2
    assert main(["review", "run", "--sample", "5"]) == 0
    assert main(["review", "run", "--sample", "5"]) == 2
    fill("anna.csv")
    assert main(["review", "run", "--read", "anna.csv,anna.csv"]) == 2
    assert main(["review", "run", "--read", ""]) == 2
    Path("none.csv").write_text("item,label\n")
    assert main(["review", "run", "--read", "none.csv"]) == 3


def test_a_judge_is_scored_first(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "run", "--sample", "50"]) == 0
    fill("anna.csv")
    capsys.readouterr()
    assert main(["review", "run", "--read", "anna.csv", "--judge", "scripted:constant:positive", "--json"]) == 3
    score = json.loads(capsys.readouterr().out)["judge"]
    assert score["believed"] is False
    assert score["validity"] is None
    assert main(["review", "run", "--read", "anna.csv", "--judge", "scripted:random:0.5"]) == 2
    assert main(["review", "run", "--read", "anna.csv", "--judge", "scripted:nan-scores"]) == 2


def test_a_judge_behind_an_api_is_asked_as_the_flags_say_and_no_more_than_its_cap(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "run", "--sample", "50"]) == 0
    fill("anna.csv")
    command = ["review", "run", "--read", "anna.csv", "--json"]
    with Billing() as server:
        asked = [*command, "--judge", server.spec, "--prompt", "Is this review positive or negative? {text}"]
        capsys.readouterr()
        assert main([*asked, "--temperature", "0"]) in (0, 3)
        score, whole = json.loads(capsys.readouterr().out)["judge"], server.total
        assert score["sensitivity"]["n"] + score["specificity"]["n"] > 0
        assert any("Is this review positive or negative?" in body for body in server.requests), "--prompt was ignored"
        assert main([*asked, "--max-requests", "10"]) == 3
        assert "--max-requests 10 is reached" in capsys.readouterr().err
        assert server.total == whole + 10
    assert main([*command, "--max-requests", "10"]) == 2
    assert "says what --judge may be asked" in capsys.readouterr().err
