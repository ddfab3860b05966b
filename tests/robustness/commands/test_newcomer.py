"""A newcomer's path is one executed document: every command runs in order, and prints what the page says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATH = ("init", "validate", "audit", "view", "resume", "gate", "compare", "review", "augment")


def newcomer() -> Any:
    """The script that runs the page."""
    spec = importlib.util.spec_from_file_location("newcomer", ROOT / "scripts" / "newcomer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["newcomer"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def test_the_page_goes_the_whole_way_in_its_order() -> None:
    script = newcomer()
    commands = [
        step.command.split()[1] for step in script.steps(script.PAGE.read_text("utf-8")) if step.command.startswith("rob")
    ]
    assert list(dict.fromkeys(name for name in commands if name in PATH)) == list(PATH)


def test_every_command_of_the_newcomer_s_path_prints_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = newcomer()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    ran = list(script.run(script.PAGE.read_text("utf-8")))
    assert len(ran) > 12
    wrong = [
        f"$ {step.command}\n{script.settled(said)}\n(the page says:)\n{script.settled(step.printed)}"
        for step, said in ran
        if script.settled(said) != script.settled(step.printed)
    ]
    assert wrong == [], "python scripts/newcomer.py writes the page anew\n" + "\n\n".join(wrong)
    assert {"report.html", "findings.sarif", "rows.jsonl"} <= {path.name for path in Path("runs/letters").iterdir()}
    assert Path("pages/index.html").exists()
    assert Path("hard.csv").read_text("utf-8").startswith("text,label,")
