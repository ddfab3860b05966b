"""Embedding neighbours: a word gives way to one that stands near it in a vector space."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.language.morphology import like_case
from attacks.language.resources import Neighbours
from attacks.language.vectors import BuiltinNeighbours
from attacks.preserves import MEANING
from attacks.search import Citation
from attacks.transformations.base import WordNoise
from attacks.words import Words


class EmbeddingNeighbour(WordNoise):
    """Swaps a word for its ``n`` nearest words whose cosine is at least ``min_cosine``. ``languages``: of the vectors."""

    name = "embedding-neighbour"
    level = "word"
    preserves = MEANING
    description = "words become near neighbours in counter-fitted word vectors"
    citation = Citation(
        "Alzantot et al. 2018, Generating Natural Language Adversarial Examples", "https://aclanthology.org/D18-1316"
    )

    def __init__(
        self, neighbours: Neighbours | None = None, n: int = 50, min_cosine: float = 0.5, languages: tuple[str, ...] = ("en",)
    ) -> None:
        if n < 1:
            raise ValueError(f"the number of neighbours must be positive, got {n!r}")
        if not 0 <= min_cosine <= 1:
            raise ValueError(f"min_cosine must lie between 0 and 1, got {min_cosine!r}")
        self.neighbours: Neighbours = neighbours if neighbours is not None else BuiltinNeighbours()
        self.n, self.min_cosine = n, min_cosine
        self.languages = languages

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """Neighbours of the word as it stands now, nearest first, in its letter case."""
        word = words[index]
        near = self.neighbours.nearest(word.lower(), self.n) or self.neighbours.nearest(word, self.n)
        cased = (like_case(other, word) for other, cosine in near if cosine >= self.min_cosine)
        return tuple(dict.fromkeys(other for other in cased if other != word))
