"""One small audit, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustness.cli import main

ROWS = [
    *("a great film about two brothers,positive", "a dull film about two brothers,negative"),
    *("a funny film about the sea,positive", "an empty film about the sea,negative"),
    *('"=a great film, about old friends",positive', "a dull film about old friends,negative"),
]
FLAGS = (
    *("audit", "--victim", "scripted:keyword", "--encoder", "none", "-q", "--min-robust-accuracy", "10%"),
    *("--recipes", "deepwordbug,natural:keyboard-typo"),
)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logged") / "daten für alle.csv"
    path.write_text("text,label\n" + "\n".join(ROWS) + "\n")
    return path


@pytest.fixture(scope="session")
def run(data: Path) -> Path:
    out = data.parent / "ein Lauf"
    assert main([*FLAGS, "--data", str(data), "--out", str(out)]) == 3
    return out
