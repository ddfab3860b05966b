"""What must never come out as passed: the ways in which an audit can fail to measure, and a run to be what it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from attacks.recipes import registry
from attacks.search import Citation, Query, Recipe, Search, Trial
from robustness.cli import main

FILMS = [("a dull film", "negative"), ("so boring", "negative"), ("a great film", "positive"), ("a warm story", "positive")]
ROWS = ["text,label", *(f"{text} {number},{label}" for number in range(10) for text, label in FILMS)]
EASY = ["--min-robust-accuracy", "1%"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("data.csv").write_text("\n".join(ROWS) + "\n")
    return tmp_path


def audit(*more: str, victim: str = "scripted:keyword", recipes: str = "natural:word-order", out: str = "run") -> int:
    given = ["--victim", victim, "--recipes", recipes, "--out", out, "--encoder", "none", "-q"]
    return main(["audit", *given, "--data", "data.csv", *EASY, *more])


@pytest.fixture
def run(folder: Path) -> Path:
    """A run that passes, so that what makes it fail is what the test did to it."""
    assert audit() == 0
    assert main(["gate", "run", "-q", *EASY]) == 0
    return folder / "run"


def test_a_victim_that_errs_on_some_examples(folder: Path) -> None:
    assert audit(victim="scripted:raising:dull") == 1


def test_a_victim_that_cannot_be_reached(folder: Path) -> None:
    Path("gone.py").write_text(
        "def ask(texts):\n    raise ConnectionError('no route')\n\nask.labels = ['negative', 'positive']\n"
    )
    assert audit(victim="python:gone:ask") == 2
    assert audit(victim="hf:./no-such-model") == 2


def test_empty_data(folder: Path) -> None:
    Path("data.csv").write_text("text,label\n")
    assert audit() == 2


class _Crashing:
    def search(self, trial: Trial) -> Search[None]:
        yield Query((trial.inputs,))
        raise ZeroDivisionError("a bug in an attack")


def test_a_crashed_attack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Recipe("crashing", _Crashing(), Citation("none"), "word", "labels")
    monkeypatch.setitem(registry._BUILDERS, "crashing", lambda options: made)
    assert audit(recipes="crashing") == 1


def test_no_candidates_anywhere(folder: Path) -> None:
    Path("data.csv").write_text("text,label\n!!!,positive\n???,positive\n")
    assert audit(victim="scripted:constant:positive", recipes="deepwordbug") == 3


def test_nothing_right_on_the_clean_text(folder: Path) -> None:
    Path("data.csv").write_text("text,label\na dull film,positive\nso boring,positive\n")
    assert audit() in (1, 3)


def test_other_data_under_the_same_name_is_not_resumed(run: Path) -> None:
    Path("data.csv").write_text("\n".join([*ROWS[:-1], "a cold story,negative"]) + "\n")
    assert audit("--resume") == 2


def _edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before


def _schema(text: str) -> str:
    return text.replace('"schema": 2', '"schema": 0')


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("outcomes.jsonl", lambda text: text.replace('"succeeded"', '"failed"').replace('"negative"', '"negativ"')),
        ("outcomes.jsonl", lambda text: text[: len(text) // 2]),
        ("outcomes.jsonl", lambda text: text[: text.index("\n") + 1]),
        ("outcomes.jsonl", lambda text: ""),
        ("run.json", _schema),
        ("run.json", lambda text: text[: len(text) // 2]),
    ],
)
def test_damaged_runs(run: Path, name: str, change: Callable[[str], str], sealed: bool) -> None:
    _edit(run / name, change)
    if not sealed:
        (run / "seal.json").unlink()
    assert main(["gate", "run", "-q", *EASY]) == 2
    assert main(["report", "run"]) == 2
    assert main(["verify", "run", "-q"]) == (1 if sealed else 3)


def test_a_manifest_that_hides_its_doubts(run: Path) -> None:
    raw = json.loads((run / "run.json").read_text())
    shutil.copytree(run, run.with_name("base"))
    (run / "run.json").write_text(json.dumps({**raw, "flags": []}))
    assert main(["compare", "base", "run", "-q"]) == 2
    assert main(["gate", "run", "-q", *EASY]) == 2


@pytest.mark.parametrize("command", ["gate", "verify", "replay", "minimise", "explain", "review", "report"])
def test_a_folder_that_is_no_run(folder: Path, command: str) -> None:
    (folder / "empty").mkdir()
    victim = ["--victim", "scripted:keyword"] if command in ("replay", "minimise", "explain") else []
    assert main([command, "empty", *victim]) in (2, 3)
    assert main([command, "nowhere", *victim]) == 2
