"""TextBugger: the best of five bugs in each of the words that matter most."""

from __future__ import annotations

from attacks.constraints.repeat import NoRepeat
from attacks.constraints.similarity import SentenceSimilarity
from attacks.recipes.assemble import assemble, neighbours, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.greedy import Greedy
from attacks.strategies.ranking import ByDeletion, Thrifty
from attacks.transformations.characters.homoglyphs import Homoglyph
from attacks.transformations.characters.slips import CharacterDrop, CharacterSwap, SpaceInsert
from attacks.transformations.words.embedding import EmbeddingNeighbour

CITATION = Citation(
    "Li et al. 2019, TextBugger: Generating Adversarial Text Against Real-world Applications", "https://arxiv.org/abs/1812.05271"
)


@register("textbugger")
def textbugger(options: Options) -> Recipe:
    """A space put in, a character dropped, two swapped, a lookalike or a near neighbour: the best bug, in similar sentences."""
    vectors = neighbours(options)
    bugs = (
        SpaceInsert(one=True),
        CharacterDrop(keep_first=True, keep_last=True, one=True),
        CharacterSwap(keep_first=True, keep_last=True, one=True),
        Homoglyph(),
        EmbeddingNeighbour(vectors, n=5, languages=options.brought(options.resources.neighbours)),
    )
    ranking = Thrifty(ByDeletion())
    return assemble(
        options,
        "textbugger",
        lambda bugs, constraints: Greedy(bugs, ranking, constraints, prefer="first"),
        transformations=bugs,
        citation=CITATION,
        level="mixed",
        own=(*stop_words(options), NoRepeat(), SentenceSimilarity(0.8, "angular")),
        parameters=(
            ("search", "greedy, ends with the first success"),
            ("ranking", ranking.describe()),
            ("neighbours", f"5 with cosine at least 0.5 ({vectors.name})"),
        ),
        note="The run's sentence encoder stands for the paper's Universal Sentence Encoder; sentences are not ranked first.",
    )
