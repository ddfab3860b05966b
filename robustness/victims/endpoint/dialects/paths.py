"""Paths into JSON: names, indexes and choices, such as ``choices[0].message.content`` or ``content[type=text].text``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robustness.errors import UsageError

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(-?\d+)\]|\[([^=\[\]]+)=([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Path:
    """Steps into a JSON value: a name, an index (from the end where negative), or the items whose key has a value."""

    steps: tuple[str | int | tuple[str, str], ...]

    def all(self, value: Any) -> list[Any]:
        """Every value there; a choice among items may find several, a path that leads nowhere none."""
        found = [value]
        for step in self.steps:
            found = [one for each in found for one in _stepped(each, step)]
        return [one for one in found if one is not None]

    def first(self, value: Any) -> Any:
        """The first value there, or None."""
        return next(iter(self.all(value)), None)

    def text(self, value: Any) -> str:
        """All texts there, one after the other; "" where there are none."""
        return "".join(str(one) for one in self.all(value))


def path_of(text: str, where: str) -> Path:
    """The path that a text writes; raises ``UsageError`` for one that cannot be read."""
    steps: list[str | int | tuple[str, str]] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            break
        name, index, key, wanted = step.groups()
        steps.append(name if name is not None else int(index) if index is not None else (key, wanted))
        at = step.end()
    if not steps or at < len(text):
        raise UsageError(f"{where} expects a path such as choices[0].message.content, got {text!r}")
    return Path(tuple(steps))


def _stepped(value: Any, step: str | int | tuple[str, str]) -> list[Any]:
    if isinstance(step, str):
        return [value[step]] if isinstance(value, Mapping) and step in value else []
    if not isinstance(value, list):
        return []
    if isinstance(step, int):
        return [value[step]] if -len(value) <= step < len(value) else []
    key, wanted = step
    return [one for one in value if isinstance(one, Mapping) and str(one.get(key)) == wanted]
