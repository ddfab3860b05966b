"""The guide on comparing runs names every verdict with its exit code, and its policy can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from reports.compare.verdicts import EXIT_CODES
from reports.gate.policy import parse_policy

PAGE = Path(__file__).resolve().parents[3] / "docs" / "comparing-runs.md"


def test_verdicts_and_policy_are_documented() -> None:
    text = PAGE.read_text("utf-8")
    for verdict, code in EXIT_CODES.items():
        assert f"| {code} | {verdict} |" in text
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert parse_policy(tomllib.loads(example), "docs").compare.slices_decide is True
