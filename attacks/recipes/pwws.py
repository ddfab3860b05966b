"""PWWS: synonyms, in the order of probability-weighted word saliency."""

from __future__ import annotations

from attacks.constraints.repeat import NoRepeat
from attacks.recipes.assemble import assemble, lexicon, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.greedy import Greedy
from attacks.strategies.ranking import BySaliency, Thrifty
from attacks.transformations.words.synonyms import Synonym

CITATION = Citation(
    "Ren et al. 2019, Generating Natural Language Adversarial Examples through Probability Weighted Word Saliency",
    "https://aclanthology.org/P19-1103",
)


@register("pwws")
def pwws(options: Options) -> Recipe:
    """Replace words by synonyms, first those whose saliency times best change in probability is highest."""
    words = lexicon(options)
    swaps = (Synonym(words, languages=options.brought(options.resources.lexicon)),)
    ranking = Thrifty(BySaliency(), least=300, per_word=15)
    return assemble(
        options,
        "pwws",
        lambda swaps, constraints: Greedy(swaps, ranking, constraints),
        transformations=swaps,
        citation=CITATION,
        level="word",
        own=(*stop_words(options), NoRepeat()),
        parameters=(("search", "greedy"), ("ranking", ranking.describe()), ("lexicon", words.name)),
        note="Synonyms are tried anew on the text as it stands; named entities are not replaced.",
    )
