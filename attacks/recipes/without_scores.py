"""A recipe for a victim whose answers carry no score: its own transformations and constraints, another search."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, runtime_checkable

from attacks.search import Attack, Recipe
from attacks.strategies.hard_label.stacking import DESCRIPTION, SUBSTITUTE


@runtime_checkable
class ScoreGuided(Protocol):
    """An attack that climbs on scores, and knows what to do where there are none."""

    def without_scores(self) -> Attack:
        """The attack that makes the same changes and learns from the answer alone."""


def without_scores(recipe: Recipe) -> Recipe:
    """The recipe as it searches a victim of labels only; itself where it needs no scores, or has nothing better to do."""
    if recipe.access != "scores" or not isinstance(recipe.attack, ScoreGuided):
        return recipe
    kept = tuple((key, value) for key, value in recipe.parameters if key not in ("search", "ranking", "edits"))
    at = next((n for n, (key, _) in enumerate(recipe.parameters) if key == "search"), len(kept))
    return replace(
        recipe,
        attack=recipe.attack.without_scores(),
        access="labels",
        parameters=(*kept[:at], ("search", DESCRIPTION), *kept[at:]),
        note=" ".join(filter(None, (recipe.note, SUBSTITUTE))),
    )
