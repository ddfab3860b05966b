"""TextAttack's recipes on this engine: ``textattack:NAME`` runs any of them on any victim, budgeted, batched and resumable.

TextAttack's searches call their model; here they run in threads whose calls become requests, one thread at a time, so that a
result depends on nothing but its seed. The only place that imports TextAttack, and only to build a recipe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attacks.search import Recipe

if TYPE_CHECKING:
    from attacks.recipes.registry import Options


def build(name: str, options: Options) -> Recipe:
    """The recipe behind a name with the prefix ``textattack:``.

    Raises:
        ValueError: TextAttack is not installed, ships no such recipe, or the recipe cannot run here: which resource
            is missing, where it was looked for, what may be chosen in its place.
    """
    from attacks.textattack_bridge.assembly import recipe

    return recipe(name, options.resources.named, options.profile)
