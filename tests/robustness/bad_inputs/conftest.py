"""The corpus of bad inputs: each case is one command line, run in a folder of its own.

Every case must end in one of three ways: exit code 2 and a sentence that names the problem; ``error`` outcomes that the
gate counts (exit code 1); or a finished run whose report names what is odd. Nothing may crash, nothing may pass silently.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
GOOD = """text,label
a good and funny film,positive
a bad and boring film,negative
such a lovely and warm story,positive
a dull mess with a weak plot,negative
smart and moving to the end,positive
tedious and lazy from the start,negative
"""
AUDIT = "audit --victim scripted:keyword --data good.csv --recipes deepwordbug --budget 30 --encoder none --out run -q"


@dataclass(frozen=True, slots=True)
class Ended:
    """How one command line ended."""

    code: int
    out: str
    err: str
    folder: Path

    def manifest(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        found: dict[str, Any] = json.loads((self.folder / "run" / "run.json").read_text("utf-8"))
        return found

    def outcomes(self) -> list[dict[str, Any]]:
        """Every line of ``outcomes.jsonl``."""
        return [json.loads(line) for line in (self.folder / "run" / "outcomes.jsonl").read_text("utf-8").splitlines()]

    def said(self) -> str:
        """Everything printed on stderr, free of line wrapping."""
        return " ".join(self.err.replace("│", " ").split())


Command = Callable[..., Ended]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run one command line in a folder that holds ``good.csv`` and the given files; ``HERE`` in it is the corpus's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "good.csv").write_text(GOOD, "utf-8")

    def run(line: str, files: Mapping[str, str | bytes] | None = None) -> Ended:
        from robustness.cli import main

        for name, content in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        code = main(shlex.split(line.replace("HERE", str(HERE))))
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err, tmp_path)

    return run


@pytest.fixture
def audit(command: Command) -> Command:
    """Run ``robustness audit`` on a sound victim and sound data, but for the given flags: the last of a kind counts."""

    def run(flags: str = "", files: Mapping[str, str | bytes] | None = None) -> Ended:
        return command(f"{AUDIT} {flags}", files)

    return run


@pytest.fixture
def refused() -> Callable[[Ended, str], None]:
    """Hold that a command ended in exit code 2 and a sentence with ``fragment``, and not in a trace of the program."""

    def check(ended: Ended, fragment: str) -> None:
        assert ended.code == 2, (ended.code, ended.err, ended.out)
        assert " ".join(fragment.split()) in ended.said(), ended.err
        for crash in ("internal error", "Traceback"):
            assert crash not in ended.err
        assert ended.out.strip() == ""

    return check
