"""The order of options: a multiple-choice answer must follow what an option says, not where it stands."""

from __future__ import annotations

from dataclasses import replace

from attacks.preserves import MEANING
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.comparing.reordering import TECHNIQUE, Reordering

CITATION = Citation(
    "Zheng et al. 2024, Large Language Models Are Not Robust Multiple Choice Selectors", "https://arxiv.org/abs/2309.03882"
)


@register("option-order")
def option_order(options: Options) -> Recipe:
    """Every rotation of the options; what is right moves along, and reports count how often each letter is chosen."""
    recipe = assemble(
        options,
        "option-order",
        lambda _, __: Reordering(),
        technique=TECHNIQUE,
        citation=CITATION,
        level="sentence",
        access="labels",
        parameters=(("search", "none: every rotation of the options is asked once"),),
        note="Options are lines such as A) or B. or (C), from A on; a text without them is untested.",
        goal="other-option",
        tasks=("classification", "generation"),
        preserves=MEANING,
        profiled=False,
    )
    return replace(recipe, fair_try=1, compares=True)
