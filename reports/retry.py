"""Which trials of a run on disk are run again when it is resumed: those that ended in an error.

An error says nothing about the victim, and a server that was down once is up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.run import Manifest

Pair = tuple[str, str]
"""Example id and recipe."""


def to_retry(done: Mapping[Pair, str], manifest: Manifest) -> set[Pair]:
    """The pairs that ended in an error; in a cascade also what the same examples met afterwards.

    An undisturbed cascade would have stopped at the recipe that erred, had it broken the example.
    """
    erred = {pair for pair, status in done.items() if status == "error"}
    if not manifest.cascade or not erred:
        return erred
    place = {recipe: at for at, recipe in enumerate(manifest.recipe_names)}
    first: dict[str, int] = {}
    for example, recipe in erred:
        first[example] = min(place[recipe], first.get(example, len(place)))
    return {(example, recipe) for example, recipe in done if place[recipe] >= first.get(example, len(place))}


def begun(sequential: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest of a run that draws examples one after another says before its end."""
    return {"looks": 0} if sequential else {}
