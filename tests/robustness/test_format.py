"""Format-breaking, from end to end: a wish of the user's breaks JSON that a program was to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from robustness import audit
from robustness.victims.function import from_callable

SCHEMA = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}


def polite(texts: Sequence[str]) -> list[str]:
    """JSON alone, but for those who thank it."""
    return [('{"city": "Paris"}' if "Thank you" not in text else 'Sure! {"city": "Paris"}') for text in texts]


def test_a_wish_that_breaks_the_schema_is_found_and_says_of_which_family_it_is(tmp_path: Path) -> None:
    pytest.importorskip("jsonschema")
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    victim = from_callable(polite, task="generation", labels=None, access=None)
    rows = [{"text": f"Which city is the capital of France? Answer in JSON. ({n})"} for n in range(3)]
    run = audit(
        victim, rows, recipes="format", task="generation", goal=f"breaks-schema:{schema}", encoder="none", out=tmp_path / "run"
    )
    assert [o.status for o in run.outcomes] == ["succeeded"] * 3
    assert {edit.technique for o in run.outcomes for edit in o.edits} == {"talk"}
