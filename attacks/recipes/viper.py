"""VIPER's marked letters, searched as Bad Characters are: what is left to try where lookalikes are folded."""

from __future__ import annotations

from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.evolution import Evolution
from attacks.transformations.characters.visual import VisualCharacter

CITATION = Citation(
    "Eger et al. 2019, Text Processing Like Humans Do: Visually Attacking and Shielding NLP Systems",
    "https://arxiv.org/abs/1903.11508",
)
EDITS = (1, 2, 3, 4, 5)


@register("viper")
def viper(options: Options) -> Recipe:
    """Up to five letters become the same letters with a stroke, hook or dot, placed by differential evolution."""
    return assemble(
        options,
        "viper",
        lambda techniques, constraints: Evolution(techniques, EDITS, population=32, generations=10, constraints=constraints),
        transformations=(VisualCharacter(),),
        citation=CITATION,
        level="character",
        parameters=(
            ("search", "differential evolution, population 32, 10 generations; fewer where the budget is small"),
            ("edits", "1 to 5, fewest first; some of these numbers where the budget is small"),
        ),
        note="The paper draws marked letters at random; here the search of bad-characters places them, for the same budget.",
    )
