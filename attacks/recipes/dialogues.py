"""Ladders of dialogues: pressure after each answer, and earlier exchanges in growing number."""

from __future__ import annotations

from dataclasses import replace

from attacks.preserves import FORM
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register, register_suite
from attacks.search import Attack, Citation, Recipe
from attacks.strategies.dialogues import many_shot, pressure

FLIP_FLOP = Citation(
    "Laban et al. 2023, Are You Sure? Challenging LLMs Leads to Performance Drops in The FlipFlop Experiment",
    "https://arxiv.org/abs/2311.08596",
)
MANY_SHOT = Citation("Anil et al. 2024, Many-shot Jailbreaking", "https://www.anthropic.com/research/many-shot-jailbreaking")


@register("dialogue:pressure")
def asking_again(options: Options) -> Recipe:
    """Five challenges in a row, each after what the victim said last."""
    return _ladder(
        options,
        "dialogue:pressure",
        pressure.Pressure(),
        pressure.TECHNIQUE,
        FLIP_FLOP,
        f"none: {len(pressure.CHALLENGES)} challenges, each after the answer to the one before, to the end",
        "The paper challenges once, in several tones; here the challenges are our own and follow one another.",
    )


@register("dialogue:many-shot")
def many_shots(options: Options) -> Recipe:
    """Up to 64 earlier exchanges in which the assistant answers wrongly, or with what the goal wants."""
    return _ladder(
        options,
        "dialogue:many-shot",
        many_shot.ManyShot(),
        many_shot.TECHNIQUE,
        MANY_SHOT,
        f"none: {', '.join(map(str, many_shot.SHOTS))} earlier exchanges, all asked",
        "The paper's exchanges are harmful; ours are sums with wrong results, or the text that the goal wants.",
    )


register_suite("dialogue", ["dialogue:pressure", "dialogue:many-shot"])


def _ladder(options: Options, name: str, attack: Attack, technique: str, citation: Citation, search: str, note: str) -> Recipe:
    recipe = assemble(
        options,
        name,
        lambda _, __: attack,
        technique=technique,
        citation=citation,
        level="sentence",
        access="labels",
        parameters=(("search", search),),
        note=f"{note} Needs a victim that takes dialogues.",
        preserves=FORM,
        languages=("en",),
        profiled=False,
    )
    return replace(recipe, fair_try=1, dialogue=True)
