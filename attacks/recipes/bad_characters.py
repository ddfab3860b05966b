"""Bad Characters: edits that a reader does not see, placed by differential evolution. Four techniques, alone and together."""

from __future__ import annotations

from functools import partial

from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register, register_suite
from attacks.search import Citation, Recipe
from attacks.strategies.evolution import Evolution
from attacks.transformations.base import PositionEdit
from attacks.transformations.characters.bidi import BidiReorder
from attacks.transformations.characters.deletion import DeletionCharacter
from attacks.transformations.characters.homoglyphs import Homoglyph
from attacks.transformations.characters.invisible import InvisibleCharacter

CITATION = Citation("Boucher et al. 2022, Bad Characters: Imperceptible NLP Attacks", "https://arxiv.org/abs/2106.09898")
TECHNIQUES: dict[str, PositionEdit] = {
    "invisible": InvisibleCharacter(),
    "homoglyph": Homoglyph(),
    "reorder": BidiReorder(),
    "deletion": DeletionCharacter(),
}
EDITS = (1, 2, 3, 4, 5)
"""The paper's perturbation budgets."""


def bad_characters(name: str, techniques: tuple[PositionEdit, ...], options: Options) -> Recipe:
    """Up to five invisible edits, as few as suffice, population 32, at most 10 generations for each number of edits."""
    return assemble(
        options,
        name,
        lambda techniques, constraints: Evolution(techniques, EDITS, population=32, generations=10, constraints=constraints),
        transformations=techniques,
        citation=CITATION,
        level="character",
        parameters=(
            ("search", "differential evolution, population 32, 10 generations; fewer where the budget is small"),
            ("edits", "1 to 5, fewest first; some of these numbers where the budget is small"),
        ),
        note="With several techniques each edit may be of another; the paper measures them one by one.",
    )


for _technique, _edit in TECHNIQUES.items():
    register(f"bad-characters-{_technique}")(partial(bad_characters, f"bad-characters-{_technique}", (_edit,)))
register("bad-characters")(partial(bad_characters, "bad-characters", tuple(TECHNIQUES.values())))
register_suite("bad-characters:*", [f"bad-characters-{technique}" for technique in TECHNIQUES])
