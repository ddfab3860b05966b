"""Agreement of raters beyond chance: Cohen's kappa for two, Fleiss's for more, with bootstrap intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from reports.measures.intervals import CONFIDENCE, check

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Agreement:
    """``kappa``: None where chance alone would always agree. ``method``: ``cohen`` or ``fleiss``. ``items``: rated by all."""

    method: str
    raters: int
    items: int
    observed: float | None
    kappa: float | None
    low: float | None
    high: float | None


def agreement(ratings: Sequence[Sequence[str]], confidence: float = CONFIDENCE, seed: int = 0) -> Agreement | None:
    """How far raters agree; ``ratings`` has one row per item and one column per rater. None for one rater or no item.

    Percentile bootstrap over items (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
    """
    check(0, 1, confidence)
    raters = len(ratings[0]) if ratings else 0
    if raters < 2:
        return None
    kappa = cohen if raters == 2 else fleiss
    rng, found = Random(seed), []
    for _ in range(RESAMPLES):
        value = kappa(rng.choices(ratings, k=len(ratings)))
        if value is not None:
            found.append(value)
    found.sort()
    tail = (1 - confidence) / 2
    low, high = (
        (found[int(tail * len(found))], found[min(len(found) - 1, int((1 - tail) * len(found)))]) if found else (None, None)
    )
    observed = sum(_pairs(row) for row in ratings) / len(ratings)
    return Agreement("cohen" if raters == 2 else "fleiss", raters, len(ratings), observed, kappa(ratings), low, high)


def cohen(ratings: Sequence[Sequence[str]]) -> float | None:
    """Cohen, A Coefficient of Agreement for Nominal Scales, Educational and Psychological Measurement 20 (1960), 37-46."""
    n = len(ratings)
    first, second = Counter(row[0] for row in ratings), Counter(row[1] for row in ratings)
    agreed = sum(row[0] == row[1] for row in ratings)
    chance = sum(first[name] * second[name] for name in first)  # over n squared; whole numbers, so that full chance is exact
    return None if chance == n * n else (agreed * n - chance) / (n * n - chance)


def fleiss(ratings: Sequence[Sequence[str]]) -> float | None:
    """Fleiss, Measuring Nominal Scale Agreement among Many Raters, Psychological Bulletin 76 (1971), 378-382."""
    total = sum(len(row) for row in ratings)
    shares = Counter(name for row in ratings for name in row)
    chance = sum(count * count for count in shares.values())
    if chance == total * total:
        return None
    expected = chance / (total * total)
    return (sum(_pairs(row) for row in ratings) / len(ratings) - expected) / (1 - expected)


def _pairs(row: Sequence[str]) -> float:
    """The share of pairs of raters that agree on one item."""
    n = len(row)
    return sum(count * (count - 1) for count in Counter(row).values()) / (n * (n - 1))
