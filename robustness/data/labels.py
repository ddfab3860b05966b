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
from robustness.tasks.reading.check_answers import counts_from_zero

_INDEX = re.compile(r"(?:0|[1-9][0-9]*)")
_DEFAULT_NAME = re.compile(r"label_(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"\d+")
_WHOLE = re.compile(r"([+-]?[0-9]+)\.0+")
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Labels:
    """The class index of each label that occurs, and what had to be assumed, for the report."""

    index: Mapping[str, int]
    notes: tuple[str, ...]


def label_text(value: Any) -> str | None:
    """One label as text: 1 and 1.0 are "1"; None where it is missing or NaN. Raises ``TypeError`` for several values."""
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
    """Match the labels that occur with the victim's; raises ``DataError`` listing both in full where they differ.

    Which reading is chosen must not depend on what a sample happens to lack: numbers are indexes only where a 0 shows that they
    count from it, and where the victim's own names do not hold other numbers.
    """
    counts = Counter(values)
    mapped = _mapped(source, counts, victim, label_map or {})
    rest = [value for value in counts if value not in mapped]
    unused = [key for key in label_map or {} if key not in counts and key.casefold() not in {c.casefold() for c in counts}]
    notes = [f"--label-map names {', '.join(map(repr, unused))}, which the data does not contain"] if unused else []
    for scheme, note in _schemes(victim, counts):
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
                f"{source}: --label-map sends {key!r} to {name!r}, which is not a label of the victim; "
                f"its labels: {_listed(victim)}"
            )
    for value in counts:
        name = label_map.get(value, folded.get(value.casefold(), ""))
        index = exact(name) if exact(name) is not None else by_case(name)
        if name and index is not None:
            result[value] = index
    return result


Scheme = Callable[[str], int | None]


def _schemes(victim: Sequence[str], counts: Mapping[str, int]) -> list[tuple[Scheme, str]]:
    """Ways to read labels, first to last; each must fit all labels that occur."""
    schemes = [(_by_name(victim), ""), (_by_case(victim), "")]
    picked = picked_label(victim)
    if picked:
        schemes.append((_YES_OR_NO.get, f"whether {picked!r} holds"))
    if counts_from_zero(victim):
        if any(_whole(value) == "0" for value in counts):
            schemes.append((_by_index(_INDEX, len(victim)), "class indexes"))
        schemes.append((_by_index(_DEFAULT_NAME, len(victim)), "class indexes"))
    return schemes


def picked_label(victim: Sequence[str]) -> str | None:
    """The label that is held against the rest, where the victim answers only whether it holds (``hf:NAME#LABEL``)."""
    return victim[1] if len(victim) == 2 and victim[0] == f"not {victim[1]}" else None


_YES_OR_NO = {"0": 0, "1": 1, "False": 0, "True": 1, "false": 0, "true": 1, "FALSE": 0, "TRUE": 1}


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
    why = f"\n  {_why_not(counts, victim)}" if all(map(_INDEX.fullmatch, map(_whole, rest))) else _several(counts, victim)
    maps = [f"{reading}--label-map {shlex.quote(ready)}" for reading, ready in _ready_maps(rest, victim)]
    return DataError(
        f"{source}: the labels of the data and of the victim do not match\n"
        f"  in the data, column {column!r}: {', '.join(shown)}{f' and {more} more' if more > 0 else ''}{wrong}\n"
        f"  of the victim: {_listed(victim)}{why}\n"
        f"  say which is which: {', or '.join(maps)}"
    )


def _ready_maps(rest: Sequence[str], victim: Sequence[str]) -> list[tuple[str, str]]:
    """Label maps to copy: by the numbers in the victim's names, by counting from 1 or from 0, else by spelling."""
    numbers = {value: _whole(value) for value in rest}
    readings: dict[str, dict[str, str]] = {}
    if all(_INDEX.fullmatch(n) and len(n) < 10 for n in numbers.values()):
        holding = {v: [name for name in victim if n in _NUMBER.findall(name)] for v, n in numbers.items()}
        if all(len(names) == 1 for names in holding.values()):
            return [("", _joined({value: names[0] for value, names in holding.items()}))]
        if counts_from_zero(victim):
            for first in (1, 0):
                places = {value: int(n) - first for value, n in numbers.items()}
                if all(0 <= place < len(victim) for place in places.values()):
                    readings[f"if they count from {first}, "] = {value: victim[place] for value, place in places.items()}
    spelt = {value: _suggestion(value, victim) for value in rest}
    return [(reading, _joined(names)) for reading, names in readings.items()] or [("", _joined(spelt))]


def _joined(names: Mapping[str, str]) -> str:
    return ",".join(f"{value[:60]}={names[value]}" for value in sorted(names)[:_SHOWN])


def _why_not(counts: Mapping[str, int], victim: Sequence[str]) -> str:
    if not counts_from_zero(victim):
        return "numbers are not read as indexes, because the victim's names contain numbers of their own"
    if not any(_whole(value) == "0" for value in counts):
        return "numbers are not read as indexes, because no 0 shows that they count from 0 and not from 1"
    return f"as indexes they would be 0 to {len(victim) - 1}"


def _several(counts: Mapping[str, int], victim: Sequence[str]) -> str:
    """A line about values that hold several labels each, such as "toxic,insult" or "['toxic', 'insult']"."""
    names = {name.casefold() for name in victim}
    for value in counts:
        parts = [part for part in re.split(r"[\[\]{}()'\",;|/\s]+", value.casefold()) if part]
        if len(parts) > 1 and all(part in names for part in parts):
            return (
                f"\n  {value[:60]!r} names several labels: examples with more than one are not supported yet; "
                "audit one label at a time (hf:NAME#LABEL, with a column that says whether it holds)"
            )
    return ""


def _suggestion(value: str, victim: Sequence[str]) -> str:
    """The victim's label that begins the same way or is spelled similarly, for the example in the error only."""
    folded = {name.casefold(): name for name in victim}
    alike = [name for name in folded if name.startswith(value.casefold()) or value.casefold().startswith(name)]
    near = alike if len(alike) == 1 else get_close_matches(value.casefold(), folded, n=1, cutoff=0.7)
    return folded[near[0]] if near else "…"


def _listed(victim: Sequence[str]) -> str:
    return ", ".join(map(repr, victim))
