"""The same measures on parts of the data: by gold label and by every metadata column with few values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.measures.intervals import CONFIDENCE
from reports.measures.metrics import Overall, by_example, overall
from reports.run import Outcome, Run, RunError

MAX_VALUES = 20
SMALL = 30
LABEL = "label"
Part = tuple[str, str, set[str]]
"""Column, value, and the ids of the examples that have it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of the data. ``small``: fewer than 30 judged examples, too few to read much into its rates."""

    column: str
    value: str
    measured: Overall
    small: bool

    @property
    def key(self) -> str:
        """The slice's name in a policy: ``column=value``."""
        return f"{self.column}={self.value}"


def label_slices(run: Run, confidence: float = CONFIDENCE) -> tuple[Slice, ...]:
    """One slice for each gold label."""
    return tuple(_slice(run, column, value, inside, confidence) for column, value, inside in label_parts(run))


def metadata_slices(run: Run, confidence: float = CONFIDENCE) -> tuple[Slice, ...]:
    """One slice for each value of each metadata column that has 2 to 20 values; identifiers and free text have more."""
    return tuple(_slice(run, column, value, inside, confidence) for column, value, inside in metadata_parts(run))


def label_parts(run: Run) -> tuple[Part, ...]:
    """Which examples have which gold label."""
    strata = {e: group[0].stratum for e, group in by_example(run.outcomes).items()}
    return _cut({e: stratum for e, stratum in strata.items() if stratum is not None}, LABEL)


def metadata_parts(run: Run) -> tuple[Part, ...]:
    """Which examples have which value of each metadata column with few values."""
    metas = {e: group[0].meta for e, group in by_example(run.outcomes).items()}
    columns = sorted({name for meta in metas.values() for name in meta})
    found: list[Part] = []
    for column in columns:
        values = {e: text_of(meta.get(column)) for e, meta in metas.items()}
        if 2 <= len(set(values.values())) <= MAX_VALUES:
            found += _cut(values, column)
    return tuple(found)


def find_slice(run: Run, key: str, confidence: float = CONFIDENCE) -> Slice | None:
    """The slice that a policy names as ``column=value``, whatever the number of values; None where no example is in it.

    Raises ``RunError`` where columns or values with ``=`` in them let the key be read in two ways that this run knows.
    """
    groups = by_example(run.outcomes)
    found = []
    for column, value in _readings(key):
        inside = {e for e, group in groups.items() if _value(group[0], column) == value}
        found += [(column, value, inside)] if inside else []
    if len(found) > 1:
        ways = " and as ".join(f"{value!r} of column {column!r}" for column, value, _ in found)
        raise RunError(f"the slice {key!r} can be read as {ways}; rename a column of the data")
    return _slice(run, *found[0], confidence) if found else None


def in_slice(outcome: Outcome, key: str) -> bool:
    """Whether an outcome's example is in the slice that a policy names as ``column=value``."""
    return any(_value(outcome, column) == value for column, value in _readings(key))


def _readings(key: str) -> list[tuple[str, str]]:
    """Every way to part ``column=value``: a column, or a value, may hold the sign as well."""
    return [(key[:at], key[at + 1 :]) for at, character in enumerate(key) if character == "="]


def text_of(value: Any) -> str:
    """A metadata value as a policy writes it; missing values are the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _value(outcome: Outcome, column: str) -> str | None:
    if column in outcome.meta:
        return text_of(outcome.meta[column])
    return outcome.stratum if column == LABEL else None


def _cut(values: Mapping[str, str], column: str) -> tuple[Part, ...]:
    members: dict[str, set[str]] = {}
    for example, value in values.items():
        members.setdefault(value, set()).add(example)
    return tuple((column, value, members[value]) for value in sorted(members))


def _slice(run: Run, column: str, value: str, inside: set[str], confidence: float) -> Slice:
    outcomes = [o for o in run.outcomes if o.example_id in inside]
    measured = overall(run, outcomes, len(inside), confidence)
    return Slice(column, value, measured, measured.judged < SMALL)
