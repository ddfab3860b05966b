"""Which trials of a run on disk are run again when it is resumed: those that ended in an error.

An error says nothing about the victim, and a server that was down once is up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reports.run import Manifest

SEEN_ONCE = ("unreliable",)
"""Doubts that no outcome shows, so that only the process that ran into them knows."""
Pair = tuple[str, str]
"""Example id and recipe."""


def to_retry(done: Mapping[Pair, str], manifest: Manifest) -> set[Pair]:
    """The pairs that ended in an error; in a cascade also what the same examples went through afterwards.

    An undisturbed cascade would have stopped at the recipe with the error, had it broken the example.
    """
    erred = {pair for pair, status in done.items() if status == "error"}
    if not manifest.cascade or not erred:
        return erred
    place = {recipe: at for at, recipe in enumerate(manifest.recipe_names)}
    first: dict[str, int] = {}
    for example, recipe in erred:
        first[example] = min(place[recipe], first.get(example, len(place)))
    return {(example, recipe) for example, recipe in done if place[recipe] >= first.get(example, len(place))}


def unfinished(then: Manifest, now: Manifest) -> Manifest:
    """The manifest of a run before its first outcome, for one that is opened again because of its errors.

    How consistently the victim answers was measured on clean texts, some of which may have ended in an error too: the new
    measurement counts, unless it asks for fewer fresh answers than the remaining trials were given reason for.
    """
    fewer = now.repeats.get("confirm", 0) < then.repeats.get("confirm", 0)
    sequential = {"looks": 0} if then.sequential else {}
    repeats = then.repeats if fewer else now.repeats
    flags = tuple(flag for flag in then.flags if flag.get("code") in SEEN_ONCE)
    return replace(then, finished=False, flags=flags, usage={}, outcomes={}, sequential=sequential, repeats=repeats, bill={})
