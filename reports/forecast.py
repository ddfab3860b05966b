"""What a whole run will take, from what a few examples took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reports.stats import CONFIDENCE


@dataclass(frozen=True, slots=True)
class Forecast:
    """A predicted total and the range in which it falls with the given confidence; None where one example says nothing."""

    expected: float
    low: float | None
    high: float | None

    def scaled(self, factor: float) -> Forecast:
        """The same in another unit."""
        ends = (None if end is None else end * factor for end in (self.low, self.high))
        return Forecast(self.expected * factor, *ends)


def forecast(measured: Sequence[float], n: int, confidence: float = CONFIDENCE) -> Forecast:
    """The total over ``n`` examples, of which those ``measured`` are a random sample.

    Student's t for the mean of the rest, with their own spread added: Cochran, Sampling Techniques (1977), section 2.8. Costs
    are skewed, so with few examples the upper end is too low more often than the confidence says.
    """
    k = len(measured)
    if not 0 < k <= n:
        raise ValueError(f"expected from 1 to {n} measured examples, got {k}")
    known, rest = math.fsum(measured), n - k
    mean = known / k
    if k == 1:
        return Forecast(mean * n, None, None) if rest else Forecast(known, known, known)
    spread = math.sqrt(math.fsum((x - mean) ** 2 for x in measured) / (k - 1))
    half = _t(k - 1, confidence) * spread * math.sqrt(rest * (1 + rest / k))
    return Forecast(mean * n, max(known, mean * n - half), mean * n + half)


def _t(freedom: int, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))
