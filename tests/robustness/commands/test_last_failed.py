"""``audit --lf``: only what an earlier run broke, and no verdict on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.index import runs_under
from reports.run.store import load_run
from robustness.cli import main

AUDIT = ["audit", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "-q", "--victim"]
GENTLE = """
def ask(texts):
    return [[0.1, 0.9] if "great" in text else [0.9, 0.1] for text in texts]
ask.labels = ("negative", "positive")
"""


@pytest.fixture(autouse=True)
def failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that runs/first broke: the positive ones."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(
        "id,text,label\n" + "".join(f"p{n},a great film {n},positive\nn{n},dull {n},negative\n" for n in range(5))
    )
    Path("gentle.py").write_text(GENTLE)
    assert main([*AUDIT, "python:gentle.py:ask", "--out", "runs/first"]) == 0
    ids = sorted({one.example_id for one in load_run("runs/first").outcomes if one.status == "succeeded"})
    assert ids == [f"p{n}" for n in range(5)]
    return ids


def test_only_what_the_latest_run_broke_is_audited_and_that_is_said(
    failed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*AUDIT, "python:gentle.py:ask", "--lf", "--out", "runs/again"]) == 0
    run = load_run("runs/again")
    assert sorted({one.example_id for one in run.outcomes}) == failed
    assert run.manifest.selected == {"run": "first", "examples": 5, "of": 10, "broken": 5}
    (flag,) = [one for one in run.manifest.flags if one["code"] == "selected"]
    assert "no rate of this run estimates the victim's robustness" in flag["message"]
    for report in ("report.md", "report.html", "summary.json"):
        assert "only 5 of 10 examples were audited, because first broke them" in Path("runs/again", report).read_text()
    entries = {entry.folder.name: entry for entry in runs_under("runs")}
    assert (entries["again"].selected, entries["again"].robust_accuracy) == (True, None), "a list shows no rate of it"
    assert entries["first"].robust_accuracy is not None
    capsys.readouterr()
    assert (
        main([*(word for word in AUDIT if word != "-q"), "python:gentle.py:ask", "--lf-from", "runs/first", "--limit", "2"]) == 0
    )
    said = capsys.readouterr()
    assert "only 2 of 10 examples were audited" in " ".join(said.out.split())
    assert "3 more were broken" in " ".join(said.err.split())


@pytest.mark.parametrize("threshold", ["0%", "100%"])
def test_no_threshold_passes_or_fails_on_a_selection(threshold: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--lf", "--min-robust-accuracy", threshold, "--min-examples", "1", "--out", "runs/again"]
    if threshold == "0%":
        flags[2] = "1%"
    assert main([*AUDIT, "scripted:constant", *flags]) == 3
    assert "INCONCLUSIVE" in capsys.readouterr().out
    assert main(["gate", "runs/again", "--min-robust-accuracy", "1%", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert "selected" in [rule["rule"] for rule in found["rules"]]
    assert "min_robust_accuracy" not in [rule["rule"] for rule in found["rules"]]
    assert main(["compare", "runs/again", "runs/again", "-q"]) == 3
    assert "selected by their outcomes" in capsys.readouterr().out


def test_nothing_failed_nothing_there_or_other_data_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.csv").write_text("id,text,label\nx,a great film,positive\n")
    for flags, fragment in (
        (["--lf", "--data", "other.csv"], "none of the 5 examples that first broke is in these data"),
        (["--lf", "--out", "elsewhere/new"], "there is none in elsewhere"),
        (["--lf-from", "nowhere"], "there is nothing there"),
        (["--lf", "--traps", "builtin"], "--traps needs a sample"),
    ):
        usual = [word for at, word in enumerate(AUDIT) if AUDIT[at - 1 + at % 2] != flags[-2]]
        assert main([*usual, "python:gentle.py:ask", *flags]) == 2
        assert fragment in capsys.readouterr().err
    assert main([*AUDIT, "scripted:constant", "--out", "runs/none"]) == 0
    assert main([*AUDIT, "scripted:constant", "--lf"]) == 2
    assert "runs/none broke no example" in capsys.readouterr().err
