"""TextFooler: near neighbours of the words that matter most, in sentences that still mean the same."""

from __future__ import annotations

from attacks.constraints.part_of_speech import PartOfSpeech
from attacks.constraints.repeat import NoRepeat
from attacks.constraints.similarity import SentenceSimilarity
from attacks.recipes.assemble import assemble, neighbours, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.greedy import Greedy
from attacks.strategies.ranking import ByDeletion, Thrifty
from attacks.transformations.words.embedding import EmbeddingNeighbour

CITATION = Citation(
    "Jin et al. 2020, Is BERT Really Robust? A Strong Baseline for Natural Language Attack on Text Classification and Entailment",
    "https://arxiv.org/abs/1907.11932",
)
SIMILARITY = SentenceSimilarity(0.840845057, "angular")
"""The authors' threshold: an angular similarity, which is a cosine of 0.878."""


@register("textfooler")
def textfooler(options: Options) -> Recipe:
    """Replace words by the 50 nearest with cosine at least 0.5, same part of speech, similar sentence, most important first."""
    vectors = neighbours(options)
    swaps = (EmbeddingNeighbour(vectors, n=50, min_cosine=0.5, languages=options.brought(options.resources.neighbours)),)
    ranking = Thrifty(ByDeletion())
    return assemble(
        options,
        "textfooler",
        lambda swaps, constraints: Greedy(swaps, ranking, constraints, prefer="similarity"),
        transformations=swaps,
        citation=CITATION,
        level="word",
        own=(*stop_words(options), NoRepeat(), PartOfSpeech(verb_noun_swap=True), SIMILARITY),
        parameters=(
            ("search", "greedy, the most similar of several successes"),
            ("ranking", ranking.describe()),
            ("neighbours", f"50 with cosine at least 0.5 ({vectors.name})"),
        ),
        note=(
            "The run's sentence encoder stands for the paper's Universal Sentence Encoder, always on the whole text and against "
            "the original; the published code compares a 15-word window with the step before and exempts short texts."
        ),
    )
