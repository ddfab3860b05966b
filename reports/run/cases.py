"""Reads saved failure cases back: ``failures.jsonl``, or the run folder that holds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reports.files import exact
from reports.run import SCHEMA, Outcome, RunError
from reports.run.seal import refuse_edited

FAILURES = "failures.jsonl"
_EXTRA = ("schema", "severity")


def read_cases(path: str | Path) -> list[Outcome]:
    """The failure cases of a file or a run folder, as outcomes that succeeded; their order is kept.

    Raises ``RunError`` where the file cannot be read, a line is not a case, two cases are the same, or a run's folder was edited.
    """
    path = Path(path)
    if path.is_dir():
        refuse_edited(path)
        path = path / FAILURES
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise RunError(f"{path} cannot be read ({problem}); give a failures.jsonl, or the run folder that holds one") from None
    cases = [_case(line, path, number) for number, line in enumerate(lines, start=1) if line.strip()]
    keys = [(case.example_id, case.recipe) for case in cases]
    twice = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
    if twice:
        raise RunError(f"{path} holds the case of example {twice[0]!r} under {twice[1]!r} twice; keep one of them")
    return cases


def _case(line: str, path: Path, number: int) -> Outcome:
    try:
        raw = exact.loads(line)
        if not isinstance(raw, dict) or raw.get("schema") not in (1, SCHEMA):
            raise ValueError(f"expected a case of schema {SCHEMA}, got {str(raw)[:60]!r}")
        outcome = Outcome.from_json(
            json.dumps(exact.spelled({**{k: v for k, v in raw.items() if k not in _EXTRA}, "status": "succeeded"}))
        )
        _check(outcome)
    except (ValueError, RecursionError) as problem:
        raise RunError(f"{path}, line {number}: not a failure case ({problem})") from None
    return outcome


def _check(case: Outcome) -> None:
    if case.field not in case.texts:
        raise ValueError(f"its field {case.field!r} is not one of its texts {list(case.texts)}")
    if case.perturbed is None:
        raise ValueError("it holds no perturbed text")


def inputs_of(case: Outcome, text: str | None = None) -> tuple[str, ...]:
    """The fields of a case in order, with the attacked one as ``text``; without it, as they were before the attack."""
    return tuple(text if name == case.field and text is not None else value for name, value in case.texts.items())


def plain(case: Outcome) -> dict[str, Any]:
    """What names a case in a list."""
    return {"example_id": case.example_id, "recipe": case.recipe, "reference": case.reference}
