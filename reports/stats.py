"""Proportions with intervals, and how many examples would settle a doubt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95


def wilson(successes: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The Wilson score interval for a binomial proportion; (0, 1) where nothing was observed. Effective counts may be fractions.

    Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927); recommended for small n
    and for rates near 0 and 1 by Newcombe, Statistics in Medicine 17 (1998), 857-872, and Brown, Cai and DasGupta (2001).
    """
    check(successes, n, confidence)
    if n == 0:
        return 0.0, 1.0
    z2 = _z(confidence) ** 2
    rate = successes / n
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == n else min(1.0, middle + half)
    return low, high


def check(successes: float, n: float, confidence: float) -> None:
    """Raise ``ValueError`` on counts or a confidence that cannot be."""
    if not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n, got {successes} of {n}")
    if not 0 < confidence < 1:
        raise ValueError(f"expected a confidence between 0 and 1, such as 0.95, got {confidence}")


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


@dataclass(frozen=True, slots=True)
class Proportion:
    """``successes`` of ``n`` with its interval; ``rate`` is None where ``n`` is 0.

    ``method``: ``wilson``, or ``anytime`` where the examples were drawn until the verdict was certain. ``unknown``: examples
    beside the ``n`` that nothing tested; ``low`` counts all of them as failures, ``high`` as successes.
    """

    successes: int
    n: int
    rate: float | None
    low: float
    high: float
    confidence: float
    method: str = "wilson"
    unknown: int = 0


def proportion(successes: int, n: int, confidence: float = CONFIDENCE) -> Proportion:
    """A proportion with its Wilson interval.

    The accuracy drop of an attack is one too. Clean and attacked answers are paired, but the discordant pairs go one way
    only: an attack starts from examples that were right, and can break but never mend them. So the difference of the two
    accuracies is the share of examples that were broken, a plain binomial proportion, and needs none of the paired
    intervals that allow for pairs both ways (Newcombe 1998, Statistics in Medicine 17, 2635-2650).
    """
    low, high = wilson(successes, n, confidence)
    return Proportion(successes, n, successes / n if n else None, low, high, confidence)


def settling_n(rate: float, threshold: float, confidence: float = CONFIDENCE) -> int | None:
    """The fewest examples at which, with this rate, the Wilson interval would leave the threshold outside.

    The interval holds exactly those p that a score test does not reject, abs(rate - p) <= z sqrt(p (1 - p) / n), solved
    here for n. None where no number suffices: the rate equals the threshold, or can never be told from it.
    """
    distance = abs(rate - threshold)
    if distance == 0:
        return None
    return max(1, math.floor(_z(confidence) ** 2 * threshold * (1 - threshold) / distance**2) + 1)


def median(values: list[int] | list[float]) -> float | None:
    """The median, or None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def mean(values: list[int] | list[float]) -> float | None:
    """The arithmetic mean, or None of nothing."""
    return math.fsum(values) / len(values) if values else None
