"""Places in a text, ``{{ name }}``, and what is put there. What is put there is never looked at for places of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACE = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")
_BEGUN = re.compile(r"\{\{.{0,30}", re.DOTALL)


def places(text: str) -> tuple[str, ...]:
    """The names in a text, each once, in order."""
    return tuple(dict.fromkeys(at[1] for at in PLACE.finditer(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its places filled, in one pass: a place inside a value stays as it is written there."""
    return PLACE.sub(lambda at: values[at[1]], text)


def odd_place(text: str) -> str | None:
    """What follows the first ``{{`` that begins no place, such as a filter or a misspelt one; None where there is none."""
    found = _BEGUN.search(PLACE.sub("", text))
    return None if found is None else found[0]
