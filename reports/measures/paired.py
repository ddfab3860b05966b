"""Two runs on the same examples: the paired table, its exact test, its interval, and Holm's correction for several tests.

A difference of two runs on the same examples is decided by the examples on which they differ. Treating the runs as two
independent samples would throw that away and find little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from reports.measures.clusters import Design, design_of
from reports.measures.intervals import CONFIDENCE, z_of

_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Pairs:
    """How many examples held in both runs, broke in the candidate only, were fixed in it only, held in neither.

    ``design``: how the examples belong together, None where each is independent.
    """

    both: int
    broken: int
    fixed: int
    neither: int
    design: Design | None = None

    def __post_init__(self) -> None:
        if min(self.both, self.broken, self.fixed, self.neither) < 0:
            raise ValueError(f"expected counts from 0 up, got {self}")

    def worth(self, confidence: float) -> tuple[float, float, float]:
        """Broken, fixed and all pairs as counts of independent ones: what tests and intervals are computed from."""
        if self.design is None:
            return self.broken, self.fixed, self.n
        inflation = self.design.inflation(confidence)
        return self.broken / inflation, self.fixed / inflation, self.n / inflation

    @property
    def n(self) -> int:
        """All pairs."""
        return self.both + self.broken + self.fixed + self.neither

    @property
    def base(self) -> int:
        """How many held in the base run."""
        return self.both + self.broken

    @property
    def candidate(self) -> int:
        """How many held in the candidate run."""
        return self.both + self.fixed

    @property
    def base_rate(self) -> float | None:
        """The share that held in the base run; None of nothing."""
        return self.base / self.n if self.n else None

    @property
    def candidate_rate(self) -> float | None:
        """The share that held in the candidate run; None of nothing."""
        return self.candidate / self.n if self.n else None

    @property
    def change(self) -> float | None:
        """The candidate's rate minus the base's; None of nothing."""
        return (self.fixed - self.broken) / self.n if self.n else None


def tabulate(held: Sequence[tuple[bool, bool]], groups: Sequence[str] | None = None) -> Pairs:
    """The table of pairs (held in the base run, held in the candidate run); ``groups``: that of each, where they have any."""
    counts = (held.count((True, True)), held.count((True, False)), held.count((False, True)), held.count((False, False)))
    if groups is None:
        return Pairs(*counts)
    moves = (float(after) - float(before) for before, after in held)
    return Pairs(*counts, design_of(zip(groups, moves, strict=True)))


def mcnemar(broken: float, fixed: float) -> float:
    """The exact two-sided p-value that as many break as are fixed, in the population. Effective counts may be fractions.

    McNemar, Psychometrika 12 (1947), 153-157, conditional on the discordant pairs: twice the smaller binomial tail at one half.
    Exact at every count, so no rule of thumb decides where an approximation may start; it never rejects too often
    (Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91, 2013).
    """
    from scipy.special import betainc

    if broken < 0 or fixed < 0:
        raise ValueError(f"expected counts from 0 up, got {broken} and {fixed}")
    fewer, more = min(broken, fixed), max(broken, fixed)
    return min(1.0, 2 * float(betainc(more, fewer + 1, 0.5))) if more else 1.0


def tango(broken: float, fixed: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The score interval of the change ``(fixed - broken) / n`` of a paired proportion; (-1, 1) where there are no pairs.

    Tango, Statistics in Medicine 17 (1998), 891-908; among those recommended by Fagerland, Lydersen and Laake, Statistics
    in Medicine 33 (2014), 2850-2875. It holds the changes that a score test does not reject, keeps its width where no
    pair differs, and at change 0 agrees with McNemar's test without continuity correction.
    """
    if broken < 0 or fixed < 0 or broken + fixed > n:
        raise ValueError(f"expected counts that add up to at most n, got {broken} and {fixed} of {n}")
    if not 0 < confidence < 1:
        raise ValueError(f"expected a confidence between 0 and 1, such as 0.95, got {confidence}")
    if n == 0:
        return -1.0, 1.0
    z = z_of(confidence)
    low = _outermost(lambda change: _score(change, broken, fixed, n) <= z, (fixed - broken) / n, -1.0)
    high = _outermost(lambda change: _score(change, broken, fixed, n) >= -z, (fixed - broken) / n, 1.0)
    return low, high


def worse_than(margin: float, broken: float, fixed: float, n: float) -> float:
    """The two-sided p-value of a loss larger than ``margin``, by the score test whose acceptance makes ``tango``'s interval.

    1 where the observed loss is no larger; at margin 0 McNemar's test without continuity correction.
    """
    if not n or broken - fixed <= margin * n:
        return 1.0
    return min(1.0, 2 * NormalDist().cdf(_score(-margin, broken, fixed, n)))


def _score(change: float, broken: float, fixed: float, n: float) -> float:
    """Tango's statistic for one supposed change: observed minus supposed, over the standard error under it."""
    b = -fixed - broken + (2 * n - fixed + broken) * change
    c = -broken * change * (1 - change)
    share = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    distance = fixed - broken - n * change
    variance = n * (2 * share + change * (1 - change))
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-9 * n else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _outermost(inside: Callable[[float], bool], start: float, end: float) -> float:
    """The point nearest to ``end`` that is inside, ``start`` being so."""
    if inside(end):
        return end
    for _ in range(_HALVINGS):
        middle = (start + end) / 2
        start, end = (middle, end) if inside(middle) else (start, middle)
    return start


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values corrected for having asked several questions: Holm, Scandinavian Journal of Statistics 6 (1979), 65-70."""
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = worst
    return tuple(adjusted)
