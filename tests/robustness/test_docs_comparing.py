"""Every ``$ robustness …`` line of the guide on comparing runs, in its order, on a shipped fake; and its policy."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from reports.compare import EXIT_CODES
from reports.policy import parse_policy
from robustness.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "comparing-runs.md"
REAL = "runs/demo"
"""Commands about this run need the demo and minutes; the page shows what they print."""


def commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    lines = [line for block in blocks if REAL not in block for line in re.findall(r"^\$ (robustness .*)$", block, re.MULTILINE)]
    assert lines
    return lines


def test_the_commands_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"a {('great', 'dull')[i % 2]} film number {i},{('positive', 'negative')[i % 2]}" for i in range(60)]
    Path("test.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    for command in commands():
        line = re.sub(r"hf:\./[\w-]+", "scripted:keyword --encoder none", command)
        assert main(shlex.split(line)[1:]) in (0, 1, 3), command
    assert (tmp_path / "compared" / "comparison.html").exists()


def test_every_command_of_the_room_is_shown() -> None:
    assert {line.split()[1] for line in commands()} == {"audit", "compare", "plan"}


def test_verdicts_and_policy_are_documented() -> None:
    text = PAGE.read_text("utf-8")
    for verdict, code in EXIT_CODES.items():
        assert f"| {code} | {verdict} |" in text
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert parse_policy(tomllib.loads(example), "docs").compare.slices_decide is True
