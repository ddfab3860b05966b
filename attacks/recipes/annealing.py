"""Annealing: synonyms, by simulated annealing instead of a ranking."""

from __future__ import annotations

from attacks.constraints.repeat import NoRepeat
from attacks.recipes.assemble import assemble, lexicon, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.stochastic.annealing import Annealing
from attacks.transformations.words.synonyms import Synonym

CITATION = Citation(
    "Kirkpatrick et al. 1983, Optimization by Simulated Annealing", "https://doi.org/10.1126/science.220.4598.671"
)


@register("annealing")
def annealing(options: Options) -> Recipe:
    """Replace words by synonyms, one random change a query, worse ones kept now and then, and ever less often."""
    words = lexicon(options)
    swaps = (Synonym(words, languages=options.brought(options.resources.lexicon)),)
    return assemble(
        options,
        "annealing",
        lambda swaps, constraints: Annealing(swaps, constraints),
        transformations=swaps,
        citation=CITATION,
        level="word",
        own=(*stop_words(options), NoRepeat()),
        parameters=(
            ("search", "simulated annealing, one change a query; what a success does not need is taken back"),
            ("temperature", "0.1 to 0.001 over the budget, or over 500 queries"),
            ("lexicon", words.name),
        ),
        note=(
            "The search is the paper's, its use on texts our own; words and constraints are those of `pwws`, which spends a "
            "query on each word and on each synonym before its first change stays."
        ),
    )
