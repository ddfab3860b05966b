"""Proportions with exact intervals, and how many examples would settle a doubt."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from reports.measures.clusters import Design

CONFIDENCE = 0.95
MIN_EXAMPLES = 30
"""A pass on fewer examples than this does not count unless the policy says so."""
EXACT, ANYTIME = "exact", "anytime"
_MOST = 1 << 40


@lru_cache(maxsize=65536)
def exact(successes: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The Clopper–Pearson interval for a binomial proportion; (0, 1) where nothing was observed. Counts may be fractions.

    Each end errs in at most half of 1 - confidence, at every n and every true rate, which no score interval promises: near 0
    and 1 the one-sided error of Wilson's is three times that. Clopper and Pearson, Biometrika 26 (1934), 404-413; as beta
    quantiles, which fractional counts need, Korn and Graubard, Survey Methodology 24 (1998), 193-201.
    """
    from scipy.special import betaincinv

    check(successes, n, confidence)
    if n == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = 0.0 if successes <= 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes >= n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high


def check(successes: float, n: float, confidence: float) -> None:
    """Raise ``ValueError`` on counts or a confidence that cannot be."""
    if not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n, got {successes} of {n}")
    if not 0 < confidence < 1:
        raise ValueError(f"expected a confidence between 0 and 1, such as 0.95, got {confidence}")


@dataclass(frozen=True, slots=True)
class Proportion:
    """``successes`` of ``n`` with its interval; ``rate`` is None where ``n`` is 0.

    ``method``: ``exact``, or ``anytime`` where the examples were drawn until the verdict was certain. ``unknown``: examples
    besides the ``n`` that nothing tested; ``low`` counts all of them as failures, ``high`` as successes. ``design``: how the
    examples belong together, None where each is independent.
    """

    successes: int
    n: int
    rate: float | None
    low: float
    high: float
    confidence: float
    method: str = EXACT
    unknown: int = 0
    design: Design | None = None


def proportion(
    successes: int, n: int, confidence: float = CONFIDENCE, design: Design | None = None, unknown: int = 0
) -> Proportion:
    """A proportion with its Clopper–Pearson interval, on the effective number of examples where they come in groups.

    The accuracy drop of an attack is one too. Clean and attacked answers are paired, but the discordant pairs go one way
    only: an attack starts from examples that were right, and can break but never fix them. So the difference of the two
    accuracies is the share of examples that were broken, a plain binomial proportion, and needs none of the paired
    intervals that allow for pairs both ways (Newcombe 1998, Statistics in Medicine 17, 2635-2650).
    """
    low, high = interval_of(successes, n, confidence, design, unknown)
    return Proportion(successes, n, successes / n if n else None, low, high, confidence, EXACT, unknown, design)


def interval_of(successes: int, n: int, confidence: float, design: Design | None = None, unknown: int = 0) -> tuple[float, float]:
    """The ends of ``proportion``; never narrower for examples in groups than for as many independent ones."""
    low, _ = _ends(successes, n + unknown, confidence, design)
    _, high = _ends(successes + unknown, n + unknown, confidence, design)
    return low, high


def _ends(successes: int, n: int, confidence: float, design: Design | None) -> tuple[float, float]:
    alone = exact(successes, n, confidence)
    if design is None or not n:
        return alone
    effective = design.effective(n, confidence)
    low, high = exact(successes / n * effective, effective, confidence)
    return min(low, alone[0]), max(high, alone[1])


def settling_n(rate: float, threshold: float, confidence: float = CONFIDENCE, design: Design | None = None) -> int | None:
    """About how many examples leave the threshold outside the interval at this rate; None where no number suffices.

    No number does where the rate equals the threshold. Where examples come in groups, more groups of the same kind are meant.
    """
    if rate == threshold:
        return None
    n = 1
    while not _leaves_outside(rate, n, threshold, confidence):
        n *= 2
        if n > _MOST:
            return None
    few = n // 2
    while n - few > 1:
        middle = (few + n) // 2
        few, n = (few, middle) if _leaves_outside(rate, middle, threshold, confidence) else (middle, n)
    return n if design is None else math.ceil(n * max(1.0, design.inflation(confidence)))


def _leaves_outside(rate: float, n: int, threshold: float, confidence: float) -> bool:
    """Whether the interval of ``rate * n`` of ``n``, a fraction perhaps, does: by the tail that it is made of."""
    from scipy.special import betainc

    hits, tail = rate * n, (1 - confidence) / 2
    if rate > threshold:
        return threshold == 0 or bool(betainc(hits, n - hits + 1, threshold) <= tail)
    return threshold == 1 or bool(betainc(n - hits, hits + 1, 1 - threshold) < tail)


def z_of(confidence: float) -> float:
    """The normal quantile of a two-sided confidence: 1.96 at 95 %."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def median(values: list[int] | list[float]) -> float | None:
    """The median, or None of nothing."""
    return float(statistics.median(values)) if values else None


def mean(values: list[int] | list[float]) -> float | None:
    """The arithmetic mean, or None of nothing."""
    return statistics.fmean(values) if values else None
