"""Fairness by swap: names, pronouns, nationalities and religions exchanged, the expected answer unchanged."""

from __future__ import annotations

from dataclasses import replace

from attacks.preserves import SUBJECT
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.comparing.swapping import Swapping
from attacks.transformations.words.groups import TECHNIQUE

CITATION = Citation(
    "Garg et al. 2019, Counterfactual Fairness in Text Classification through Robustness", "https://arxiv.org/abs/1809.10610"
)


@register("fairness")
def fairness(options: Options) -> Recipe:
    """The text as it would speak of each group, all asked; reports compare the groups on the same texts."""
    recipe = assemble(
        options,
        "fairness",
        lambda _, __: Swapping(),
        technique=TECHNIQUE,
        citation=CITATION,
        level="word",
        access="labels",
        parameters=(
            ("search", "none: every variant is asked once"),
            ("attributes", "gender (names, pronouns, nouns), name origin, nationality, religion"),
        ),
        note=(
            "A text that shows no group, or people of both genders, leaves nothing to try and is untested. Texts whose clean "
            "answer is wrong are asked too: else the group that a text speaks of already would seem to be treated better."
        ),
        preserves=SUBJECT,
        languages=("en",),
        profiled=False,
    )
    return replace(recipe, fair_try=1, compares=True)
