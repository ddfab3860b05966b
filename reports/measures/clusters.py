"""Examples that come in groups: rows of one document, messages of one user, fillings of one template.

Ten sentences of one document are not ten independent looks at a victim. How much they are worth is the design effect: the
variance of a rate over groups, divided by what it would be if every example were independent. Counts are divided by it before
an exact interval or test is computed from them: Rao and Scott, Biometrics 48 (1992), 577-585; Korn and Graubard, Survey
Methodology 24 (1998), 193-201.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

ASSUMED_CORRELATION = 0.5
ASSUMED_GROUPS = 3
"""What is assumed of the correlation within groups before any is seen, and how many groups with an event outweigh it by half."""


@dataclass(frozen=True, slots=True)
class Design:
    """How examples belong together. ``effect``: the design effect, 1 or more. ``freedom``: degrees of freedom of Student's t.

    ``groups``: how many there are. ``freedom`` is one less than the number of equal groups that would say as much (Kish), so
    that one large group among many small ones does not count as many.
    """

    groups: int
    effect: float
    freedom: float

    def inflation(self, confidence: float) -> float:
        """How many examples count as one: the design effect, widened for the few groups that it is estimated from."""
        if self.freedom <= 0:
            return math.inf
        from scipy.special import stdtrit

        quantile = 0.5 + confidence / 2
        student = float(stdtrit(self.freedom, quantile)) / NormalDist().inv_cdf(quantile)
        return max(1.0, self.effect * student**2) if math.isfinite(student) else math.inf

    def effective(self, n: int, confidence: float) -> float:
        """How many independent examples ``n`` of these are worth; 0 where a single group says nothing about others."""
        return n / self.inflation(confidence)


def design_of(values: Iterable[tuple[str, float]]) -> Design:
    """The design behind a mean of ``values``, each with its group: 0 or 1 for a rate, -1, 0 or 1 for a change.

    The variance of the ratio of two sums over groups is linearised (Cochran, Sampling Techniques, 1977, section 6.3) and
    divided by that of independent values. Where few groups hold an unusual value, that ratio is no evidence: a run in
    which nothing broke would prove its groups independent. So it is averaged with ``ASSUMED_CORRELATION``, which counts as much
    as ``ASSUMED_GROUPS`` such groups. Coverage by simulation: ``bench/simulate_gate.py``.
    """
    sums: dict[str, float] = {}
    sizes: dict[str, int] = {}
    unusual: dict[float, dict[str, None]] = {}
    counts: dict[float, int] = {}
    for group, value in values:
        sums[group] = sums.get(group, 0.0) + value
        sizes[group] = sizes.get(group, 0) + 1
        unusual.setdefault(value, {})[group] = None
        counts[value] = counts.get(value, 0) + 1
    return _design(sums, sizes, _telling(unusual, counts), _spread(counts))


def _telling(holders: Mapping[float, Mapping[str, None]], counts: Mapping[float, int]) -> int:
    """In how many groups there is a value other than the most common one."""
    if not counts:
        return 0
    usual = max(counts, key=lambda value: counts[value])
    return len({group for value, groups in holders.items() if value != usual for group in groups})


def _spread(counts: Mapping[float, int]) -> float:
    """The sum of squared distances from the mean."""
    n = sum(counts.values())
    total = sum(value * count for value, count in counts.items())
    return sum(value * value * count for value, count in counts.items()) - total * total / n if n else 0.0


def _design(sums: Mapping[str, float], sizes: Mapping[str, int], telling: int, spread: float) -> Design:
    n, groups = sum(sizes.values()), len(sizes)
    if groups < 2:
        return Design(groups, float(max(1, n)), 0.0)
    mean, typical = sum(sums.values()) / n, sum(size * size for size in sizes.values()) / n
    between = groups / (groups - 1) * math.fsum((sums[g] - mean * sizes[g]) ** 2 for g in sizes)
    seen = between / spread if spread > 0 else 0.0
    assumed = 1 + (typical - 1) * ASSUMED_CORRELATION
    effect = (seen * telling + assumed * ASSUMED_GROUPS) / (telling + ASSUMED_GROUPS)
    return Design(groups, max(1.0, effect), n / typical - 1)


def assumed_effect(sizes: Iterable[int]) -> float:
    """The design effect to plan with, before anything was seen."""
    counted = list(sizes)
    n = sum(counted)
    return 1 + (sum(size * size for size in counted) / n - 1) * ASSUMED_CORRELATION if n else 1.0
