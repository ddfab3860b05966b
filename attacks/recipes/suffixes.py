"""Suffixes: words behind a text that turn the answer, found by the victim's gradients or by scores alone."""

from __future__ import annotations

from attacks.preserves import SUBJECT
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.payloads.suffix import GRADIENT, RANDOM, GradientSuffix, RandomSuffix

GCG = Citation(
    "Zou et al. 2023, Universal and Transferable Adversarial Attacks on Aligned Language Models",
    "https://arxiv.org/abs/2307.15043",
)
SEARCH = Citation(
    "Andriushchenko et al. 2024, Jailbreaking Leading Safety-Aligned LLMs with Simple Adaptive Attacks",
    "https://arxiv.org/abs/2404.02151",
)


@register("gcg")
def gcg(options: Options) -> Recipe:
    """Eight words behind the text, one exchanged at a time among those that the gradient proposes."""
    return assemble(
        options,
        "gcg",
        lambda _, constraints: GradientSuffix(constraints),
        technique=GRADIENT,
        citation=GCG,
        level="word",
        access="gradients",
        parameters=(
            ("search", "greedy coordinate gradient: 8 words, 20 steps, 16 of the 32 best words of each place asked a step"),
        ),
        note=(
            "Whole words of the victim's vocabulary instead of tokens, so that the suffix survives being sent as text. The words "
            "say nothing; a break is worth what a reader says of it."
        ),
        preserves=SUBJECT,
        languages=("*",),
        profiled=False,
    )


@register("random-suffix")
def random_suffix(options: Options) -> Recipe:
    """Eight words behind the text, some drawn anew at random, kept where the score comes nearer."""
    return assemble(
        options,
        "random-suffix",
        lambda _, constraints: RandomSuffix(constraints),
        technique=RANDOM,
        citation=SEARCH,
        level="word",
        access="scores",
        parameters=(("search", "random search: 8 words, 40 steps of 8 suffixes, fewer words drawn anew each time"),),
        note="Needs scores that move: those of labels, or log-probabilities. Everyday words instead of the paper's tokens.",
        preserves=SUBJECT,
        languages=("en",),
        profiled=False,
    )
