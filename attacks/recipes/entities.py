"""Attacks on the entities of a tagged text: other names of the same type, other letter case. The gold moves along."""

from __future__ import annotations

from dataclasses import replace

from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.entities import EntityChanges
from attacks.transformations.words.entities import EntityForms, OtherCase, OtherName

SWAP = Citation(
    "Lin et al. 2021, RockNER: A Simple Method to Create Adversarial Examples for Evaluating the Robustness of Named Entity "
    "Recognition Models",
    "https://arxiv.org/abs/2109.05620",
)
CASE = Citation("Mayhew et al. 2019, ner and pos when nothing is capitalized", "https://arxiv.org/abs/1903.11222")


@register("entity-swap")
def entity_swap(options: Options) -> Recipe:
    """Replace each gold entity by another name of its type, at all its mentions; then all entities at once."""
    return _entities(
        options,
        OtherName(),
        SWAP,
        "The paper takes its names from Wikidata; here they come from short tables: people, cities, countries, states, "
        "nationalities, invented organisations. Entities of other types stay.",
    )


@register("entity-case")
def entity_case(options: Options) -> Recipe:
    """Write each gold entity in lower or upper case, at all its mentions; then all entities at once."""
    return _entities(options, OtherCase(), CASE, "The paper changes whole texts; here the context keeps its case.")


def _entities(options: Options, technique: EntityForms, citation: Citation, note: str) -> Recipe:
    recipe = assemble(
        options,
        technique.name,
        lambda _, constraints: EntityChanges(technique, constraints),
        technique=technique.name,
        citation=citation,
        level="word",
        access="labels",
        preserves=technique.preserves,
        languages=technique.languages,
        parameters=(("search", "each entity alone, then all of them ten times at random; ends with the first success"),),
        note=note,
        tasks=("ner",),
    )
    return replace(recipe, moves_marks=True)
