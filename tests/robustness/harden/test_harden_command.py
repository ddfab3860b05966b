"""``robustness harden`` from its flags to its table: both methods end to end, mistakes found before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import transformers

from reports.compare.compare import compare
from reports.compare.hardened import undone
from reports.run import Run
from reports.run.store import load_run
from robustness.cli import main
from robustness.errors import UsageError
from robustness.harden.hardening import Task, check
from tests.robustness.harden.conftest import write_rows

LIKES = """
def answer(texts):
    good = sum, ("wonderful", "brilliant", "charming", "delightful", "moving", "splendid")
    return [[0.1, 0.9] if any(word in text for word in good[1]) else [0.9, 0.1] for text in texts]

answer.labels = ["negative", "positive"]
"""
QUICK = ("--limit", "16", "--budget", "40", "--encoder", "none", "-q")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "train.tsv", 160, 2)
    write_rows(tmp_path / "test.tsv", 40, 8)
    (tmp_path / "likes.py").write_text(LIKES)
    return tmp_path


def found_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "harden.json").read_text())
    return found


def test_a_normalised_victim_gets_back_what_bad_characters_took(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["harden", "--victim", "python:likes:answer", "--eval", "test.tsv", "--out", "made", *QUICK]
    assert main(args) in (0, 3)
    found = found_in(here / "made")
    (recipe,) = [m for m in found["measures"] if m["name"] == "bad-characters"]
    assert recipe["regained"] == 1.0
    assert recipe["pairs"]["fixed"] > 0
    assert found["adaptive"] == ["viper"]
    assert any("clean texts" in note for note in found["notes"])
    assert any("holds by construction" in note or "hold by construction" in note for note in found["notes"])
    assert "| recipe viper (adaptive) |" in (here / "made" / "harden.md").read_text("utf-8")
    assert main([*args[:-1], "-q", "--resume"]) in (0, 3)
    assert found_in(here / "made")["measures"] == found["measures"]
    assert main(args) == 2
    assert "is not empty" in capsys.readouterr().err


def test_a_normaliser_with_spelling_knows_the_words_of_the_data(here: Path) -> None:
    args = ["harden", "--victim", "python:likes:answer", "--data", "train.tsv", "--eval", "test.tsv", "--out", "made", *QUICK]
    assert main([*args, "--steps", "all", "--recipes", "deepwordbug", "--adaptive", "none"]) in (0, 3)
    assert any(note.startswith("spelling knows ") for note in found_in(here / "made")["notes"])


def test_a_fine_tuned_checkpoint_is_audited_again_and_compared(checkpoint: Path, here: Path) -> None:
    trained = ("--data", "train.tsv", "--method", "augment", "--epochs", "1", "--rate", "2e-3", "--batch", "16")
    args = ["harden", "--victim", f"hf:{checkpoint}", "--eval", "test.tsv", "--offline", "--out", "made", *trained, *QUICK]
    assert main(args) in (0, 1, 3)
    found = found_in(here / "made")
    assert {m["kind"] for m in found["measures"]} == {"robust accuracy", "clean accuracy"}
    assert found["cost"]["seconds of training"] > 0
    assert found["replayed"]["counts"]
    assert {m["name"] for m in found["labels"]} == {"label=negative", "label=positive"}
    page = (here / "made" / "harden.md").read_text("utf-8")
    assert "| robust accuracy, label=negative |" in page
    assert len(found["how"]["epochs_run"]) == 1
    before, after = (load_run(here / "made" / name) for name in ("before", "after"))
    assert before.manifest.victim["identity"] != after.manifest.victim["identity"]
    assert compare(before, after).measures
    transformers.AutoModelForSequenceClassification.from_pretrained(here / "made" / "model", local_files_only=True)


def test_rows_that_are_audited_are_taken_out_of_the_training_and_counted(checkpoint: Path, here: Path) -> None:
    (here / "both.tsv").write_text((here / "train.tsv").read_text() + "".join((here / "test.tsv").read_text().split("\n", 1)[1:]))
    trained = ("--data", "both.tsv", "--method", "augment", "--epochs", "1")
    args = ["harden", "--victim", f"hf:{checkpoint}", "--eval", "test.tsv", "--offline", "--out", "made", *trained, *QUICK]
    assert main([*args, "--recipes", "natural:keyboard-typo"]) in (0, 1, 3)
    assert any("40 rows of --data are in --eval too" in note for note in found_in(here / "made")["notes"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "distil"}, "--method must be one of normalise, augment, adversarial"),
        ({"steps": "speling"}, "expected steps among"),
        ({"recipes": ("deepwordbugg",)}, "did you mean"),
        ({"evaluation": "missing.tsv"}, "missing.tsv"),
        ({"data": "missing.tsv"}, "missing.tsv"),
        ({"auditing": {"normalise": "all"}}, "name its steps with --steps"),
        ({"method": "augment", "victim": "demo"}, "fine-tunes a Hugging Face classifier"),
        ({"method": "augment", "victim": "hf:./nowhere"}, "no training data was named"),
        ({"method": "augment", "victim": "hf:./nowhere", "data": "train.tsv", "training": {"epochs": 0}}, "--epochs must be"),
        ({"method": "augment", "victim": "hf:./nowhere", "data": "train.tsv", "training": {"rate": 3.0}}, "--rate must lie"),
        ({"method": "augment", "victim": "hf:./nowhere", "data": "train.tsv", "training": {"share": 0.0}}, "--share must be"),
        (
            {"method": "augment", "victim": "hf:./nowhere", "data": "train.tsv", "auditing": {"trust_remote_code": True}},
            "never runs code",
        ),
    ],
)
def test_mistakes_are_found_before_anything_is_loaded(changes: dict[str, Any], words: str, here: Path) -> None:
    task = Task("python:likes:answer", here / "made", evaluation="test.tsv")
    with pytest.raises(UsageError, match=words):
        check(replace(task, **changes))


def test_a_trial_that_the_defence_made_void_holds_and_one_with_too_few_tries_does_not() -> None:
    from tests.reports.conftest import outcome

    plain = outcome("1", "a", "untested")
    void = replace(plain, attempted=12, indistinguishable=12, distinct=0)
    few = replace(plain, attempted=9, indistinguishable=9, distinct=0)
    other = replace(plain, attempted=12, indistinguishable=11, distinct=1)
    run = Run(Path("x"), None, (void, few, other))  # type: ignore[arg-type]
    judged, count = undone(run)
    assert [o.status for o in judged.outcomes] == ["failed", "untested", "untested"]
    assert count == 1
