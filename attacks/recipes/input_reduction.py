"""Input reduction: how little of a text the victim needs to stay as sure as before."""

from __future__ import annotations

from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.reduction import TECHNIQUE, Reduction

CITATION = Citation(
    "Feng et al. 2018, Pathologies of Neural Models Make Interpretations Difficult", "https://arxiv.org/abs/1804.07781"
)


@register("input-reduction")
def input_reduction(options: Options) -> Recipe:
    """Remove the least important word while the answer stays; broken is what keeps its answer with one word left."""
    return assemble(
        options,
        "input-reduction",
        lambda _, constraints: Reduction(constraints, widths=(1, 5)),
        technique=TECHNIQUE,
        citation=CITATION,
        level="word",
        parameters=(
            ("search", "beam of 1, then of the paper's 5 where that is not enough"),
            ("ranking", "words by importance, measured by deleting each anew after every removal"),
            ("words left", "1"),
        ),
        note=(
            "The one recipe whose goal is that the answer stays: it finds overconfidence, not a wrong answer, and belongs in no "
            "run whose robust accuracy is to count wrong answers. Constraints on the amount of change, such as those of the "
            "strict profile, leave it nothing."
        ),
        goal="keep-answer",
        tasks=("classification",),
    )
