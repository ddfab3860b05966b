"""``robustness watch``: red or green after each change of the victim's files, in a fresh process each time."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import robustness
from robustness.cli import main
from robustness.commands.starting.watched_files import WatchedFiles, changed
from tests.robustness.commands.terminals import Terminal

VICTIM = """
from rules import bad
def model(texts):
    return [[0.9, 0.1] if bad(text) else [0.1, 0.9] for text in texts]
model.labels = ["bad", "good"]
"""
RULES = "def bad(text):\n    return 'dull' in text or ('long' in text and 'warm' not in text)\n"
FIXED = "def bad(text):\n    return 'long' not in text\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "a mödel"
    place.mkdir()
    (place / "victim.py").write_text(VICTIM)
    (place / "rules.py").write_text(RULES)
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(str(place))
    return place


@pytest.fixture
def run(folder: Path) -> Path:
    rows = [("a dull film", "bad"), ("a warm long film", "good")]
    found = robustness.audit("python:victim.py:model", rows, recipes="deepwordbug", encoder="none", out=folder / "runs/one")
    assert len(found.failures) == 2
    return Path("runs/one")


def test_each_change_of_an_imported_module_is_replayed_in_a_fresh_process(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    shutil.rmtree("__pycache__", ignore_errors=True)
    watching = Terminal("watch", str(run), "--allow-local-code", folder=Path.cwd())
    try:
        assert "RED 2 still broken" in watching.until("s)")
        Path("rules.py").write_text(FIXED)
        assert "changed: rules.py" in watching.until("GREEN 2 fixed")
        watching.until("fixed: deepwordbug on")
        Path("rules.py").write_text("def bad(text:\n")
        watching.until("ERROR")
        watching.until("SyntaxError")
        with Path("rules.py").open("w") as half:  # in two parts, the first of which is no program
            half.write(FIXED[:20])
            half.flush()
            half.write(FIXED[20:])
        assert "ERROR" not in watching.until("GREEN 2 fixed")
        Path("rules.py").write_text(RULES)
        watching.until("RED 2 still broken")
        watching.until("s)")
        watching.type("\x03")
    finally:
        code = watching.end()
    assert code == 1  # that of the last state
    assert "Traceback" not in watching.seen
    assert not list(Path().rglob("rules*.pyc"))


def test_once_says_the_state_and_ends_with_its_code(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", str(run), "--once", "--allow-local-code"]) == 1
    assert "RED 2 still broken" in capsys.readouterr().out
    assert main(["watch", str(run), "--once", "--allow-local-code", "--max-broken", "2"]) == 0
    Path("victim.py").write_text("raise SystemExit(0)\n")  # code that ends its process passes nothing
    assert main(["watch", str(run), "--once", "--allow-local-code"]) == 2
    assert "ERROR" in capsys.readouterr().out


def test_what_cannot_be_watched_is_told_at_once(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", str(run)]) == 2
    assert "--allow-local-code" in capsys.readouterr().err
    assert main(["watch", str(run), "--victim", "scripted:keyword"]) == 2
    assert "--on PATH" in capsys.readouterr().err
    assert main(["watch", str(run), "--allow-local-code", "--on", "nowhere"]) == 2
    (Path("runs") / "none.jsonl").write_text("")
    assert main(["watch", "runs/none.jsonl", "--victim", "demo", "--on", "rules.py"]) == 2
    assert "holds no failure" in capsys.readouterr().err


def test_the_files_behind_a_victim_are_found_by_its_name_and_options(folder: Path) -> None:
    for path in ("model", "pkg/sub"):
        (folder / path).mkdir(parents=True)
    for path, text in {
        "model/config.json": "{}",
        "model/.hidden": "",
        "pkg/__init__.py": "",
        "pkg/sub/__init__.py": "from . import deep\n",
        "pkg/sub/deep.py": "from ..top import x\nimport json, rules\n",
        "pkg/top.py": "x = 1\n",
        "ask.toml": "",
        "mine.txt": "",
    }.items():
        (folder / path).write_text(text)

    def names(spec: str, **options: str) -> list[str]:
        return sorted(os.path.relpath(path) for path in WatchedFiles(spec, options, [Path("mine.txt")]).snapshot())

    assert names("hf:model#LABEL", prompt="ask.toml") == ["ask.toml", "mine.txt", "model/config.json"]
    assert names("hf:some/name-of-a-hub", prompt="sentiment-a") == ["mine.txt"]
    parts = ["pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/deep.py", "pkg/top.py", "rules.py"]
    assert names("python:pkg.sub:model") == ["mine.txt", *parts]
    assert names("openai:http://127.0.0.1:1/v1#m", prompt="@ask.toml") == ["ask.toml", "mine.txt"]
    assert names("command:python victim.py --x") == ["mine.txt", "rules.py", "victim.py"]

    files = WatchedFiles("python:victim.py:model", {})
    before = files.snapshot()
    Path("victim.py").write_text("from rules import (\n")
    Path("rules.py").write_text(RULES + "\n")
    assert [path.name for path in changed(before, files.snapshot())] == ["rules.py", "victim.py"]  # as last read without an error
    Path("rules.py").unlink()
    assert changed(before, files.snapshot())
