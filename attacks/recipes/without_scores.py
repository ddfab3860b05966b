"""A recipe for a victim whose answers carry no score: its own transformations and constraints, another search."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, runtime_checkable

from attacks.search import Attack, Recipe
from attacks.strategies.hard_label.flat import UnlessFlat
from attacks.strategies.hard_label.stacking import DESCRIPTION, SUBSTITUTE


@runtime_checkable
class ScoreGuided(Protocol):
    """An attack that climbs on scores, and knows what to do where there are none."""

    def without_scores(self) -> Attack:
        """The attack that makes the same changes and learns from the answer alone."""


def unless_flat(recipe: Recipe) -> Recipe:
    """The recipe that goes on without scores in a trial in which they do not move; itself where it needs none."""
    other = _other(recipe)
    return recipe if other is None else replace(recipe, attack=UnlessFlat(recipe.attack, other))


def without_scores(recipe: Recipe) -> Recipe:
    """The recipe as it searches a victim of labels only; itself where it needs no scores, or has nothing better to do."""
    other = _other(recipe)
    if other is None:
        return recipe
    kept = tuple((key, value) for key, value in recipe.parameters if key not in ("search", "ranking", "edits"))
    at = next((n for n, (key, _) in enumerate(recipe.parameters) if key == "search"), len(kept))
    return replace(
        recipe,
        attack=other,
        access="labels",
        learns=False,
        parameters=(*kept[:at], ("search", DESCRIPTION), *kept[at:]),
        note=" ".join(filter(None, (recipe.note, SUBSTITUTE))),
    )


def _other(recipe: Recipe) -> Attack | None:
    if recipe.access != "scores" or not isinstance(recipe.attack, ScoreGuided):
        return None
    return recipe.attack.without_scores()
