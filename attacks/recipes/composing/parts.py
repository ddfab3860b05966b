"""A checked part of a composition, and its one canonical spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

BARE = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
"""A text that needs no quotation marks."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a part can be told: its name, the kind of its value, and what holds where it is not told.

    ``kind``: ``whole``, ``number``, ``yes-no``, ``text``, ``wholes``, ``texts``, or the kind of a part, with ``s`` for several of
    them: ``ranking``, ``transformations``. ``default``: None for one without.
    """

    name: str
    kind: str
    default: object = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A search, transformation, ranking or constraint with what it was told, in the order of its entry's parameters.

    Arguments that say what holds anyway are left out, so that two spellings of one composition are equal. ``lead``: the
    parameter whose name may be left out.
    """

    kind: str
    name: str
    arguments: tuple[tuple[str, object], ...] = ()
    lead: str = ""

    def argument(self, name: str) -> object:
        """What it was told, or None."""
        return dict(self.arguments).get(name)


def printed(part: Part) -> str:
    """The canonical spelling: full names, arguments in a fixed order, no spaces; ``parsed`` of it gives an equal part."""
    arguments = ",".join(_argument(part, name, value) for name, value in part.arguments)
    return f"{part.name}({arguments})" if arguments or part.kind == "search" else part.name


def _argument(part: Part, name: str, value: object) -> str:
    shown = value_printed(value)
    return shown if name == part.lead else f"{name}={shown}"


def parameter_printed(parameter: Parameter) -> str:
    """A parameter with what holds where it is not told, or with the kind of its value: ``prefer=score``, ``n=WHOLE``."""
    if parameter.default in (None, ()):
        return parameter.name if parameter.required else f"{parameter.name}={parameter.kind.upper()}"
    return f"{parameter.name}={value_printed(parameter.default)}"


def value_printed(value: object) -> str:
    """A value as the grammar reads it."""
    if isinstance(value, tuple):
        return "+".join(map(value_printed, value))
    if isinstance(value, Part):
        return printed(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    if value is None:
        return "none"
    text = str(value)
    if isinstance(value, int) or BARE.fullmatch(text):
        return text
    return f'"{text}"' if "'" in text else f"'{text}'"
