"""HotFlip: the word flips that the victim's own gradient expects to hurt most."""

from __future__ import annotations

from attacks.constraints.part_of_speech import PartOfSpeech
from attacks.constraints.repeat import NoRepeat
from attacks.recipes.assemble import assemble, neighbours, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.flipping import FlipBeam
from attacks.transformations.words.embedding import EmbeddingNeighbour

CITATION = Citation(
    "Ebrahimi et al. 2018, HotFlip: White-Box Adversarial Examples for Text Classification", "https://arxiv.org/abs/1712.06751"
)


@register("hotflip")
def hotflip(options: Options) -> Recipe:
    """One or two words flipped to neighbours with cosine at least 0.8 and the same part of speech, by first-order gain."""
    vectors = neighbours(options)
    swaps = (EmbeddingNeighbour(vectors, n=50, min_cosine=0.8, languages=options.brought(options.resources.neighbours)),)
    return assemble(
        options,
        "hotflip",
        lambda swaps, constraints: FlipBeam(swaps, constraints, width=10, flips=2),
        transformations=swaps,
        citation=CITATION,
        level="word",
        access="gradients",
        own=(*stop_words(options), NoRepeat(), PartOfSpeech()),
        parameters=(
            ("search", "beam of 10, one or two flips, the 10 with the highest first-order gain asked each time"),
            ("neighbours", f"cosine at least 0.8 ({vectors.name})"),
        ),
        note="The word-level attack of section 5. Gradients are no queries; the run's usage counts them apart.",
    )
