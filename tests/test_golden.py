"""Golden runs: a change of structure changes no outcome. ``python scripts/golden.py --write`` after a meant change."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_recipe_gives_the_outcomes_that_it_gave(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Each recipe's outcome lines on a victim without weights, byte for byte, by digest."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
    from golden import digests

    expected = json.loads((ROOT / "tests" / "golden" / "outcomes.json").read_text(encoding="utf-8"))
    found = digests()
    assert {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)} == set()
