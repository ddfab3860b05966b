"""Transfer: failures of one victim put to others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustness.cli import main
from tests.robustness.victims.endpoint.billing import Billing


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


def test_long_names_stand_in_a_key_and_no_row_twice(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    Path("a").rename("a-run-with-a-name-that-is-far-too-long-for-a-column")
    long = "a-run-with-a-name-that-is-far-too-long-for-a-column"
    main(["transfer", long, "b", "--victims", "scripted:keyword,scripted:constant:negative"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["found", "on", "recipe", "cases", "A", "B"]
    assert "B  scripted:constant:negative" in lines
    assert f"1  failures found on scripted:keyword ({long})" in lines
    assert any(line.startswith("1 ") and "natural:keyboard-typo" in line for line in lines), "names are not broken"
    assert (
        main(["audit", "--victim", "scripted:keyword", "--recipes", "deepwordbug", "--data", "data.csv", "--out", "c", "-q"]) == 0
    )
    capsys.readouterr()
    assert main(["transfer", "c", "--victims", "scripted:keyword"]) == 0
    out = capsys.readouterr().out
    assert "all recipes" not in out, "one recipe is all of them"
    assert "deepwordbug" in out


def test_a_victim_that_errs_or_knows_nothing_is_inconclusive(runs: Path) -> None:
    assert main(["transfer", "a", "--victims", "scripted:keyword,scripted:nan-scores"]) == 3
    assert main(["transfer", "a", "--victims", "scripted:keyword,scripted:keyword"]) == 2
    assert main(["transfer", "a", "--victims", ""]) == 2
    assert main(["transfer", "elsewhere", "--victims", "scripted:keyword"]) == 2


def test_endpoints_are_asked_as_their_runs_asked_them_and_a_cap_holds_for_all_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [
        f"a {word} film about {n},{'positive' if word == 'good' else 'negative'}" for n in "abcde" for word in ("good", "dull")
    ]
    Path("data.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    prompt = "Is this review positive or negative? {text}"
    with Billing() as one, Billing() as other:
        for name, server in (("a", one), ("b", other)):
            audit = ["audit", "--victim", server.spec, "--data", "data.csv", "--labels", "negative,positive", "--prompt", prompt]
            assert main([*audit, "--recipes", "deepwordbug", "--budget", "20", "--encoder", "none", "--out", name, "-q"]) == 0
        before, asked = one.total + other.total, ["transfer", "a", "b", "--victims", f"{one.spec},{other.spec}"]
        capsys.readouterr()
        assert main([*asked, "--json"]) == 0
        cells = json.loads(capsys.readouterr().out)["cells"]
        whole = one.total + other.total - before
        assert all("Is this review" in body for server in (one, other) for body in server.requests if "film" in body)
        assert [c["broken"]["rate"] for c in cells if c["recipe"] == "all recipes"] == [1.0] * 4
        cap = whole * 3 // 4
        assert main([*asked, "--max-requests", str(cap)]) == 3
        assert one.total + other.total - before - whole == cap, "the cap must hold for both together"
        assert main(["transfer", "a", "--victims", "scripted:keyword", "--max-requests", "5"]) == 2
        monkeypatch.setenv("XDG_STATE_HOME", "another account")
        assert main(["transfer", "a", "b"]) == 2, "a run folder does not choose who is sent a key"
