"""The package's tables of facts: read on first use, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

Table = Mapping[str, tuple[str, ...]]


def _read(name: str) -> str:
    return files("attacks").joinpath("data", name).read_text(encoding="utf-8")


@cache
def table(name: str) -> Table:
    """``name.tsv``: a key, a tab, its values with ``|`` between them; lines that start with ``#`` are comments."""
    rows: dict[str, tuple[str, ...]] = {}
    for line in _read(f"{name}.tsv").splitlines():
        if line and not line.startswith("#"):
            key, values = line.split("\t")
            rows[key] = tuple(values.split("|"))
    return MappingProxyType(rows)


@cache
def both_cases(name: str) -> Table:
    """A table of single letters, read for capitals too: a capital's values are those of its lower-case letter, as capitals."""
    rows = dict(table(name))
    for key, values in table(name).items():
        if len(key.upper()) == 1 and key.upper() not in rows:
            rows[key.upper()] = tuple(value.upper() for value in values)
    return MappingProxyType(rows)


@cache
def groups(name: str) -> Table:
    """A table of groups turned over: each member leads to all members of its group, itself included."""
    return MappingProxyType({member: members for members in table(name).values() for member in members})


@cache
def keyboard(layout: str) -> Table:
    """The neighbours of each letter key of a layout, capitals included.

    Two keys are neighbours when they touch: side by side in a row, or in rows that touch, less than one key apart.
    """
    layouts: dict[str, dict[str, list[str] | list[float]]] = json.loads(_read("keyboards.json"))
    if layout not in layouts:
        raise ValueError(f"keyboard layout must be one of {', '.join(sorted(layouts))}, got {layout!r}")
    rows, offsets = layouts[layout]["rows"], layouts[layout]["offsets"]
    keys = [(key, y, x + float(offsets[y])) for y, row in enumerate(rows) for x, key in enumerate(str(row))]
    near: dict[str, tuple[str, ...]] = {}
    for key, y, x in keys:
        found = tuple(k for k, ky, kx in keys if k != key and abs(ky - y) <= 1 and abs(kx - x) < (1.5 if ky == y else 1))
        near[key] = found
        if len(key.upper()) == 1:
            near[key.upper()] = tuple(k.upper() for k in found if len(k.upper()) == 1)
    return MappingProxyType(near)
