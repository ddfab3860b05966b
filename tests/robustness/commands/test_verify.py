"""``robustness verify`` as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustness.cli import main


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("text,label\na great film,positive\na dull film,negative\n")
    flags = ["--recipes", "deepwordbug", "--encoder", "none", "--out", "run", "-q", "--no-github"]
    assert main(["audit", "--victim", "scripted:keyword", "--data", "data.csv", *flags]) == 0
    capsys.readouterr()
    return tmp_path / "run"


def test_verify_prints_a_digest_that_can_be_expected(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "verified"
    assert main(["verify", "run", "--expect", found["digest"], "-q"]) == 0
    assert main(["verify", "run", "--expect", "0" * 64, "-q"]) == 1
    assert main(["verify", "run", "--expect", ""]) == 2


def test_an_edited_failure_is_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "failures.jsonl").write_text("")
    assert main(["verify", "run"]) == 1
    assert "changed  failures.jsonl" in capsys.readouterr().out


def test_no_seal_is_inconclusive_and_no_folder_an_error(run: Path) -> None:
    (run / "seal.json").unlink()
    assert main(["verify", "run"]) == 3
    assert main(["verify", "elsewhere"]) == 2


def test_the_manifest_pins_lexicons_and_versions(run: Path) -> None:
    manifest = json.loads((run / "run.json").read_text())
    assert len(manifest["lexicons"]["lexicon.tsv.gz"]) == 64
    assert {"robustness-suite", "python", "numpy"} <= manifest["versions"].keys()
