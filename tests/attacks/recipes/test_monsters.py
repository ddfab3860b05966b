"""No recipe and no noise takes long, or much memory, on a text that nobody writes by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from attacks.recipes import names

SCRIPT = Path(__file__).with_name("monsters.py")


def measured(scale: float, *kinds: str) -> list[dict[str, float]]:
    done = subprocess.run([sys.executable, SCRIPT, str(scale), *kinds], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("scale", "kinds", "seconds", "mib"),
    [
        pytest.param(1, ("a word of letters",), 5, 100, marks=pytest.mark.slow),
        (0.03, ("words", "numbers", "invisible", "one Chinese character"), 5, 100),
        pytest.param(1, (), 20, 300, marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_monstrous_texts_cost_bounded_time_and_memory(scale: float, kinds: tuple[str, ...], seconds: float, mib: float) -> None:
    cases = measured(scale, *kinds)
    assert len(cases) >= len(names()) * max(1, len(kinds))
    assert not [case for case in cases if case["seconds"] > seconds or case["mib"] > mib]
