"""The natural suite: noise that comes without an adversary, sampled at rising severity. One recipe a technique."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attacks.recipes.assemble import keyboard_typo
from attacks.recipes.registry import Options, register, register_suite
from attacks.search import Recipe
from attacks.strategies.sampling import Ladder
from attacks.transformations.base import SEVERITIES, Transformation
from attacks.transformations.characters import (
    CharacterDrop,
    CharacterInsert,
    CharacterRepeat,
    CharacterSubstitute,
    CharacterSwap,
    SpaceInsert,
)

Maker = Callable[[Options], Transformation]
TECHNIQUES: dict[str, Maker] = {
    "keyboard-typo": keyboard_typo,
    "character-swap": lambda _: CharacterSwap(),
    "character-drop": lambda _: CharacterDrop(),
    "character-insert": lambda _: CharacterInsert(),
    "character-substitute": lambda _: CharacterSubstitute(),
    "character-repeat": lambda _: CharacterRepeat(),
    "space-insert": lambda _: SpaceInsert(),
}


def natural(technique: str, options: Options) -> Recipe:
    """One technique at severities 1 to 5, one text each, blind: nothing is learned from the victim's answers."""
    transformation = TECHNIQUES[technique](options)
    return Recipe(
        name=f"natural:{technique}",
        attack=Ladder(transformation),
        citation=transformation.citation,
        level=transformation.level,
        access="blind",
        profile=options.profile,
        languages=transformation.languages,
        parameters=(
            ("transformations", technique),
            ("search", "none: one sampled text a severity"),
            ("severities", ", ".join(map(str, SEVERITIES))),
            ("constraints", "none: noise is measured as it comes"),
        ),
        note=transformation.description,
    )


for _technique in TECHNIQUES:
    register(f"natural:{_technique}")(partial(natural, _technique))
register_suite("natural", [f"natural:{technique}" for technique in TECHNIQUES])
