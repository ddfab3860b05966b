"""A2T: few close neighbours, in the order of the victim's gradient; made cheap enough to train against."""

from __future__ import annotations

from attacks.constraints.amount import MaxWordsChanged
from attacks.constraints.part_of_speech import PartOfSpeech
from attacks.constraints.repeat import NoRepeat
from attacks.constraints.similarity import SentenceSimilarity
from attacks.recipes.assemble import assemble, neighbours, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.greedy import Greedy
from attacks.strategies.ranking import ByGradient
from attacks.transformations.words.embedding import EmbeddingNeighbour

CITATION = Citation("Yoo and Qi 2021, Towards Improving Adversarial Training of NLP Models", "https://arxiv.org/abs/2109.00544")


@register("a2t")
def a2t(options: Options) -> Recipe:
    """Replace a tenth of the words, or four, by the 20 nearest with cosine at least 0.8, largest gradient first."""
    vectors = neighbours(options)
    swaps = (EmbeddingNeighbour(vectors, n=20, min_cosine=0.8, languages=options.brought(options.resources.neighbours)),)
    ranking = ByGradient()
    rules = (*stop_words(options), NoRepeat(), MaxWordsChanged(0.1, at_least=4), PartOfSpeech(), SentenceSimilarity(0.9))
    return assemble(
        options,
        "a2t",
        lambda swaps, constraints: Greedy(swaps, ranking, constraints, prefer="similarity"),
        transformations=swaps,
        citation=CITATION,
        level="word",
        access="gradients",
        own=rules,
        parameters=(
            ("search", "greedy, the most similar of several successes"),
            ("ranking", ranking.describe()),
            ("neighbours", f"20 with cosine at least 0.8 ({vectors.name})"),
        ),
        note=(
            "The run's sentence encoder stands for the paper's DistilBERT similarity model. Four words may change in any text, "
            "however short, and the most similar success is taken, as in the published code. The variant with a masked language "
            "model (A2T-MLM) is not built."
        ),
    )
