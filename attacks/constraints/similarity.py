"""A candidate means what the original means: sentence encoders and word vectors as judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, pi
from typing import ClassVar

from attacks.constraints.base import Constraint, replaced
from attacks.language.resources import Neighbours
from attacks.search import Candidate, Search, Trial, embed
from attacks.words import Words

METRICS = ("cosine", "angular")


@dataclass(frozen=True)
class SentenceSimilarity(Constraint):
    """The encoder finds the candidate at least this similar to the *original* text, however short the text is.

    ``angular`` is 1 - arccos(cosine) / pi (Cer et al. 2018, arXiv 1803.11175). Every candidate that passes
    carries its cosine in ``similarity``, whichever metric decides.
    """

    name: ClassVar[str] = "sentence-similarity"
    needs: ClassVar[tuple[str, ...]] = ("encoder",)
    threshold: float = 0.9
    metric: str = "cosine"

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {self.metric!r}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"the similarity threshold must lie between 0 and 1, got {self.threshold!r}")

    @property
    def min_cosine(self) -> float:
        """The threshold as a cosine."""
        return self.threshold if self.metric == "cosine" else cos(pi * (1 - self.threshold))

    def describe(self) -> str:
        """The rule in plain words."""
        return f"sentence encoder finds {self.metric} similarity of at least {self.threshold:g} with the original"

    def filter(self, trial: Trial, candidates: list[Candidate]) -> Search[list[Candidate]]:
        """The candidates similar enough, each with its cosine; one request for all of them and the original."""
        vectors = yield from embed([trial.text, *(c.text for c in candidates)])
        cosines = (vectors[1:] @ vectors[0]).tolist()
        least = self.min_cosine
        return [replace(c, similarity=min(1.0, s)) for c, s in zip(candidates, cosines, strict=True) if s >= least]


@dataclass(frozen=True)
class MinWordCosine(Constraint):
    """A replacement is a near neighbour of the word; words that the vector space does not know are left to other rules."""

    name: ClassVar[str] = "min-word-cosine"
    neighbours: Neighbours
    threshold: float = 0.5
    n: int = 50

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"the word cosine must lie between 0 and 1, got {self.threshold!r}")
        if self.n < 1:
            raise ValueError(f"the number of neighbours must be positive, got {self.n!r}")

    def describe(self) -> str:
        """The rule in plain words."""
        return (
            f"a replacement is among the {self.n} nearest words with cosine of at least {self.threshold:g}"
            f" ({self.neighbours.name})"
        )

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether every replacement is near enough to the word it replaces."""
        return all(self.compatible(before, after) for before, after in replaced(original, candidate))

    def compatible(self, before: str, after: str) -> bool:
        """Whether ``after`` is a near neighbour of ``before``, letter case aside."""
        old, new = before.lower(), after.lower()
        near = dict(self.neighbours.nearest(old, self.n))
        if old == new or not near:
            return True
        return near.get(new, -1.0) >= self.threshold or not (new in near or self.neighbours.nearest(new, 1))
