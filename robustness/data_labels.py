"""Labels of the data, read as classes of the victim: by name, by case, by index, by the user's map; never by a guess."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from robustness.errors import DataError

_INDEX = re.compile(r"(?:0|[1-9][0-9]*)")
_DEFAULT_NAME = re.compile(r"label_(0|[1-9][0-9]*)")
_WHOLE = re.compile(r"([+-]?[0-9]+)\.0+")
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Labels:
    """The class index of each label that occurs, and what had to be assumed, for the report."""

    index: Mapping[str, int]
    notes: tuple[str, ...]


def label_text(value: Any) -> str | None:
    """One label as text: 1 and 1.0 are "1"; None where it is missing or NaN. Raises ``TypeError`` for what is no single value."""
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()  # a NumPy scalar
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if not isinstance(value, (str, int, float)):
        raise TypeError(type(value).__name__)
    return str(value).strip() or None


def match_labels(
    source: str, column: str, values: Sequence[str], victim: Sequence[str], label_map: Mapping[str, str] | None
) -> Labels:
    """Match the labels that occur with the victim's; raises ``DataError`` listing both in full where they differ."""
    counts = Counter(values)
    mapped = _mapped(source, counts, victim, label_map or {})
    rest = [value for value in counts if value not in mapped]
    unused = [key for key in label_map or {} if key not in counts and key.casefold() not in {c.casefold() for c in counts}]
    notes = [f"--label-map names {', '.join(map(repr, unused))}, which the data does not contain"] if unused else []
    for scheme, note in _schemes(victim):
        found = {value: index for value in rest if (index := scheme(value)) is not None}
        if len(found) == len(rest):
            if note and found:
                shown = ", ".join(f"{value!r} is {victim[i]!r}" for value, i in sorted(found.items()))
                notes.append(f"labels were read as {note}: {shown}")
            return Labels({**mapped, **found}, tuple(notes))
    raise _mismatch(source, column, counts, victim, rest)


def _mapped(source: str, counts: Counter[str], victim: Sequence[str], label_map: Mapping[str, str]) -> dict[str, int]:
    folded = {key.casefold(): value for key, value in label_map.items()}
    exact, by_case = _by_name(victim), _by_case(victim)
    result = {}
    for key, name in label_map.items():
        if exact(name) is None and by_case(name) is None:
            raise DataError(
                f"{source}: --label-map sends {key!r} to {name!r}, which is no label of the victim; its labels: {_listed(victim)}"
            )
    for value in counts:
        name = label_map.get(value, folded.get(value.casefold(), ""))
        index = exact(name) if exact(name) is not None else by_case(name)
        if name and index is not None:
            result[value] = index
    return result


Scheme = Callable[[str], int | None]


def _schemes(victim: Sequence[str]) -> list[tuple[Scheme, str]]:
    """Ways to read labels, first to last; each must fit all labels that occur. No indexes where names are themselves numbers."""
    schemes = [(_by_name(victim), ""), (_by_case(victim), "")]
    if not any(_INDEX.fullmatch(name) for name in victim):
        schemes.append((_by_index(_INDEX, len(victim)), "class indexes"))
    schemes.append((_by_index(_DEFAULT_NAME, len(victim)), "class indexes"))
    return schemes


def _by_name(victim: Sequence[str]) -> Scheme:
    index = {name: i for i, name in enumerate(victim)}

    def scheme(value: str) -> int | None:
        return index.get(value, index.get(_whole(value)))

    return scheme


def _by_case(victim: Sequence[str]) -> Scheme:
    index = {name.strip().casefold(): i for i, name in enumerate(victim)}
    usable = len(index) == len(victim)
    return lambda value: index.get(value.casefold()) if usable else None


def _by_index(pattern: re.Pattern[str], n: int) -> Scheme:
    def scheme(value: str) -> int | None:
        found = pattern.fullmatch(_whole(value).casefold())
        digits = found.group(found.lastindex or 0) if found else ""
        return int(digits) if digits and len(digits) < 10 and int(digits) < n else None

    return scheme


def _whole(value: str) -> str:
    found = _WHOLE.fullmatch(value)
    return found.group(1) if found else value


def _mismatch(source: str, column: str, counts: Counter[str], victim: Sequence[str], rest: Sequence[str]) -> DataError:
    shown = [f"{value[:60]!r} ({n})" for value, n in sorted(counts.items())[:_SHOWN]]
    more = len(counts) - len(shown)
    wrong = "; is this the label column? choose it with --label" if more > 0 else ""
    example = ",".join(f"{value[:60]}={_suggestion(value, victim)}" for value in sorted(rest)[:_SHOWN])
    return DataError(
        f"{source}: the labels of the data and of the victim do not match\n"
        f"  in the data, column {column!r}: {', '.join(shown)}{f' and {more} more' if more > 0 else ''}{wrong}\n"
        f"  of the victim: {_listed(victim)}\n"
        f"  say which is which: --label-map {shlex.quote(example)}"
    )


def _suggestion(value: str, victim: Sequence[str]) -> str:
    """The victim's label that begins alike or is spelt alike, for the example in the error only."""
    folded = {name.casefold(): name for name in victim}
    alike = [name for name in folded if name.startswith(value.casefold()) or value.casefold().startswith(name)]
    near = alike if len(alike) == 1 else get_close_matches(value.casefold(), folded, n=1, cutoff=0.7)
    return folded[near[0]] if near else "…"


def _listed(victim: Sequence[str]) -> str:
    return ", ".join(map(repr, victim))
