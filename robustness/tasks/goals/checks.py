"""Checks that a row of the data names for its own answer: what must stand in it, a pattern, a schema, a JSON value, a refusal.

A row may ask for several; all must hold. Nothing here asks a model: each is decided by the text alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from robustness.errors import RobustnessError
from robustness.tasks.goals.generation import (
    NEARLY,
    found_in_time,
    is_accepted,
    likeness,
    nearness,
    pattern_of,
    schema_in,
    schema_of,
)
from robustness.tasks.reading.answer_overlap import tokens
from robustness.tasks.reading.refusals import refuses
from robustness.tasks.reading.rows import shown

INVALID, WRONG = "invalid", "wrong"
COLUMN, VALUE_COLUMN = "check", "check_value"
Fault = Callable[[str], str]
"""From an answer to what is wrong with it: ``invalid`` (not of the form), ``wrong``, or nothing."""


@dataclass(frozen=True)
class Check:
    """One check. ``value``: what the data say; ``fault``: what is wrong with a text; ``near``: how near it comes, 0 to 1."""

    kind: str
    value: Any
    fault: Fault = field(compare=False, repr=False)
    near: Callable[[str], float] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Checks:
    """All the checks of a row; each must hold."""

    checks: tuple[Check, ...]

    def fault(self, text: str) -> str:
        """What is wrong with an answer: ``invalid`` before ``wrong``; nothing where every check holds."""
        found = [check.fault(text) for check in self.checks]
        return next((fault for fault in (INVALID, WRONG) if fault in found), "")

    def nearness(self, text: str) -> float:
        """How near an answer comes to holding them, by the one that is furthest; 1 where all hold."""
        return min(1.0 if not c.fault(text) else NEARLY * c.near(text) if c.near else 0.0 for c in self.checks)

    @property
    def cell(self) -> dict[str, Any]:
        """As the data may write it."""
        return {check.kind: check.value for check in self.checks}

    def __str__(self) -> str:
        return " and ".join(
            f"{check.kind}: {check.value if isinstance(check.value, str) else _json(check.value)}" for check in self.checks
        )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def checks_in(cell: object) -> Checks | None:
    """The checks that a cell names, None where it names none.

    A mapping from kinds of checks to their values; a cell of the column ``check`` (see ``of_columns``) may be such a mapping
    written as JSON, or ``KIND:VALUE``.

    Raises:
        ValueError: a kind that there is not, or a value that it cannot use.
    """
    if not isinstance(cell, Mapping):
        return None
    if COLUMN in cell:
        cell = _of_text(cell[COLUMN], cell.get(VALUE_COLUMN))
    if not cell:
        raise ValueError(f"expected a check, one of {_known()}, got an empty mapping")
    odd = [key for key in cell if key not in _MAKERS]
    if odd:
        raise ValueError(f"expected checks among {_known()}, got {odd[0]!r}")
    made = []
    for kind, value in cell.items():
        try:
            made.append(_MAKERS[kind](value))
        except RobustnessError as problem:  # a pattern or schema that is none: here it is the row that is at fault
            raise ValueError(str(problem)) from problem
    return Checks(tuple(made))


def of_columns(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row whose columns ``check`` and ``check_value`` stand as one reference in the column ``check``; others as they are."""
    if row.get(COLUMN) in (None, ""):
        return row
    rest = {name: value for name, value in row.items() if name not in (COLUMN, VALUE_COLUMN)}
    return {**rest, COLUMN: {COLUMN: row[COLUMN], VALUE_COLUMN: row.get(VALUE_COLUMN)}}


def _of_text(cell: Any, value: Any) -> Mapping[str, Any]:
    if isinstance(cell, Mapping):
        return cell
    if not isinstance(cell, str):
        raise ValueError(f"expected a check such as regex:\\d+ in the column {COLUMN!r}, got {shown(cell)}")
    text = cell.strip()
    if value not in (None, ""):
        if text not in _MAKERS:
            raise ValueError(f"expected one of {_known()} in the column {COLUMN!r}, its value in {VALUE_COLUMN!r}, got {text!r}")
        return {text: _read(text, value)}
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except ValueError as problem:
            raise ValueError(f'expected a check as JSON, such as {{"regex": "..."}}, got {text[:80]!r}: {problem}') from None
        return found if isinstance(found, dict) else {}
    kind, colon, rest = text.partition(":")
    if not colon or kind not in _MAKERS:
        raise ValueError(f"expected a check such as contains:Oslo, its kind one of {_known()}, got {text[:80]!r}")
    return {kind: _read(kind, rest)}


def _read(kind: str, value: Any) -> Any:
    """A value that a text column holds, as its kind wants it."""
    if kind == "refuses" and isinstance(value, str):
        word = value.strip().casefold()
        return {"yes": True, "true": True, "no": False, "false": False}.get(word, value)
    if isinstance(value, str) and (kind == "json" or (kind == "schema" and value.lstrip().startswith("{"))):
        try:
            return json.loads(value)
        except ValueError as problem:
            raise ValueError(f"{kind} expects JSON, got {value[:80]!r}: {problem}") from None
    if kind in ("contains", "exact") and isinstance(value, str) and value.lstrip().startswith('["'):
        with suppress(ValueError):  # else a text that begins with a bracket
            return json.loads(value)
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and kind != "json" else value


def _contains(value: Any) -> Check:
    texts = _texts("contains", value)
    return Check(
        "contains", value, _unless(lambda text: is_accepted(text, texts)), lambda text: max(nearness(text, t) for t in texts)
    )


def _exact(value: Any) -> Check:
    texts = _texts("exact", value)
    held = _unless(lambda text: is_accepted(text, texts, exact=True))
    return Check("exact", value, held, lambda text: max(likeness(text, one) for one in texts))


def _regex(value: Any) -> Check:
    if not isinstance(value, str) or not value:
        raise ValueError(f"regex expects a pattern, got {shown(value)}")
    pattern = pattern_of(value)
    return Check("regex", value, _unless(lambda text: found_in_time(pattern, text)))


def _schema(value: Any) -> Check:
    if not isinstance(value, (str, Mapping)) or not value:
        raise ValueError(f"schema expects a file with a JSON schema, or the schema itself, got {shown(value)}")
    breaks = (
        schema_of(value)
        if isinstance(value, str)
        else schema_in(value, "a check of a schema expects a JSON schema, got one that is none")
    )

    def fault(text: str) -> str:
        read = _value(text)
        return INVALID if read is _NOTHING or breaks(read) else ""

    return Check("schema", value, fault)


def _equal(value: Any) -> Check:
    def fault(text: str) -> str:
        read = _value(text)
        return INVALID if read is _NOTHING else "" if _same(read, value) else WRONG

    return Check("json", value, fault, lambda text: likeness(text, _json(value)))


def _refuses(value: Any) -> Check:
    if not isinstance(value, bool):
        raise ValueError(f"refuses expects true or false (in a text column yes or no), got {shown(value)}")
    return Check("refuses", value, _unless(lambda text: refuses(text) is value))


_MAKERS: Mapping[str, Callable[[Any], Check]] = {
    "contains": _contains,
    "exact": _exact,
    "regex": _regex,
    "schema": _schema,
    "json": _equal,
    "refuses": _refuses,
}
_NOTHING = object()


def _known() -> str:
    return ", ".join(_MAKERS)


def _texts(kind: str, value: Any) -> tuple[str, ...]:
    several = value if isinstance(value, (list, tuple)) else (value,)
    if not several or not all(isinstance(one, str) and tokens(one) for one in several):
        raise ValueError(f"{kind} expects a text with words, or a list of them, got {shown(value)}")
    return tuple(several)


def _unless(holds: Callable[[str], bool]) -> Fault:
    return lambda text: "" if holds(text) else WRONG


def _value(text: str) -> Any:
    """The whole answer as JSON, as a program would read it; ``_NOTHING`` where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOTHING


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: ``1`` and ``1.0`` are, ``1`` and ``true`` are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
