"""Transfer: failures of one victim put to others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustness.cli import main


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = ["text,label", "a dull film,negative", "so boring,negative", "a weak story,negative", "a great film,positive"]
    Path("data.csv").write_text("\n".join(rows) + "\n")
    common = ["--data", "data.csv", "--encoder", "none", "-q", "--no-github"]
    for name, victim in (("a", "scripted:keyword"), ("b", "scripted:random:0.5")):
        audit = ["audit", "--victim", victim, "--recipes", "deepwordbug,natural:keyboard-typo", "--out", name, *common]
        assert main(audit) == 0
    capsys.readouterr()
    return tmp_path


def test_the_matrix_has_every_source_recipe_and_victim(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["transfer", "a", "b", "--victims", "scripted:keyword,scripted:constant:negative", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == found["exit_code"]
    cells = {(c["source"].split()[0], c["recipe"], c["victim"]): c for c in found["cells"]}
    home = cells["scripted:keyword", "all recipes", "scripted:keyword"]
    assert home["broken"]["rate"] == 1.0
    assert home["broken"]["n"] == home["cases"] > 0
    away = cells["scripted:keyword", "all recipes", "scripted:constant:negative"]
    assert away["broken"]["successes"] == 0
    parts = [c for (s, r, v), c in cells.items() if (s, v) == ("scripted:keyword", "scripted:keyword") and r != "all recipes"]
    assert sum(c["cases"] for c in parts) == home["cases"]
    assert {key[2] for key in cells} == {"scripted:keyword", "scripted:constant:negative"}


def test_the_table_names_the_victims(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transfer", "a", "--victims", "scripted:keyword"]) == 0
    out = capsys.readouterr().out
    assert "scripted:keyword" in out
    assert "100.0 %" in out


def test_a_victim_that_errs_or_knows_nothing_is_inconclusive(runs: Path) -> None:
    assert main(["transfer", "a", "--victims", "scripted:keyword,scripted:nan-scores"]) == 3
    assert main(["transfer", "a", "--victims", "scripted:keyword,scripted:keyword"]) == 2
    assert main(["transfer", "a", "--victims", ""]) == 2
    assert main(["transfer", "elsewhere", "--victims", "scripted:keyword"]) == 2
