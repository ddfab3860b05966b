"""Universal triggers: one short text before all examples of a class, found on some of them and judged on the others."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from attacks.preserves import SUBJECT
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.universal.triggers import TECHNIQUE, Triggers

CITATION = Citation(
    "Wallace et al. 2019, Universal Adversarial Triggers for Attacking and Analyzing NLP", "https://arxiv.org/abs/1908.07125"
)
NOTE = (
    "The examples of a class share one trigger. What it is worth is how many of those fall to it that it was not found on: flag "
    "`universal-trigger`. Words may by themselves say what the wrong label says; a break is worth what a reader says of it."
)
PROPOSED = {
    True: ("universal-trigger", "words are proposed by the summed first-order gain on the examples searched on"),
    False: ("universal-trigger-scores", "words of examples of other classes are proposed by asking"),
}


def trigger(gradients: bool, options: Options) -> Recipe:
    """Three words before the text, one looked at a round."""
    name, how = PROPOSED[gradients]
    recipe = assemble(
        options,
        name,
        lambda _, constraints: Triggers(constraints, gradients=gradients),
        technique=TECHNIQUE,
        citation=CITATION,
        level="word",
        access="gradients" if gradients else "labels",
        parameters=(
            ("search", f"3 words, 12 rounds of one place each, fewer where the budget is small; {how}, the 8 best asked about"),
            ("searched on", "half of the examples of a class, at most 32"),
        ),
        note=NOTE if gradients else f"{NOTE} Without gradients, in place of the paper's search.",
        preserves=SUBJECT,
        languages=("*",) if gradients else ("en",),
        profiled=False,
    )
    return replace(recipe, pooled=True)


for _gradients, (_name, _) in PROPOSED.items():
    register(_name)(partial(trigger, _gradients))
