"""What a whole run will take, from what a few examples took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.gate.verdicts import RuleResult
from reports.measures.intervals import CONFIDENCE, MIN_EXAMPLES
from reports.measures.sequential import next_look, outside

SIMULATIONS = 1000


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

    def plus(self, known: float) -> Forecast:
        """With what is certain to come on top."""
        ends = (None if end is None else end + known for end in (self.low, self.high))
        return Forecast(self.expected + known, *ends)


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


@dataclass(frozen=True, slots=True)
class Needed:
    """How many examples a sequential audit will draw until one threshold is decided: a forecast, None where a pilot says nothing.

    ``median``, ``most``: half and nine in ten of the simulated audits need no more. ``undecided``: the share that is still
    undecided when it has drawn every example.
    """

    rule: str
    scope: str
    threshold: float
    median: int | None = None
    most: int | None = None
    undecided: float | None = None


def needed(rule: RuleResult, pilot: int, n: int, *, min_examples: int = 0, seed: int = 0) -> Needed:
    """What one threshold will take of ``n`` examples, by simulated audits with the true looks and the true interval.

    ``rule``: the threshold held against a pilot, ``pilot`` examples of which were judged. Each simulated audit has a rate of its
    own, drawn from what the pilot leaves possible (Jeffreys' posterior), so a small pilot gives a wide forecast.
    """
    import numpy as np

    if rule.threshold is None:
        raise ValueError(f"{rule.rule} has no threshold to decide")
    blank = Needed(rule.rule, rule.scope, rule.threshold)
    seen = rule.observed
    if seen is None or not seen.n:
        return blank
    rng = np.random.default_rng(list(f"{seed} {rule.scope} {rule.rule}".encode()))
    takes = []
    for _ in range(SIMULATIONS):
        rate = rng.beta(0.5 + seen.successes, 0.5 + seen.n - seen.successes)
        share = rng.beta(0.5 + seen.n, 0.5 + pilot - seen.n) if seen.n < pilot else 1.0
        takes.append(_stops(rule, rng, rate, share, n, min_examples))
    ordered = sorted(n if stop is None else stop for stop in takes)
    median, most = (ordered[math.ceil(q * SIMULATIONS) - 1] for q in (0.5, 0.9))
    return Needed(*(rule.rule, rule.scope, rule.threshold, median, most), takes.count(None) / SIMULATIONS)


def _stops(rule: RuleResult, rng: Any, rate: float, share: float, n: int, min_examples: int) -> int | None:
    """The look at which one audit is certain, None where it never is; ``share``: of the examples that count towards the rate."""
    assert rule.observed is not None
    assert rule.threshold is not None
    wanted = 0.0 if rule.rule.startswith("min_") else 1.0
    hits = counted = drawn = 0
    while drawn < n:
        batch = min(n, next_look(drawn)) - drawn
        more = int(rng.binomial(batch, share))
        drawn, counted, hits = drawn + batch, counted + more, hits + int(rng.binomial(more, rate))
        always = counted > 0 and rule.threshold == wanted
        if not always and not outside(hits, counted, rule.threshold, rule.observed.confidence):
            continue
        broken = not always and (hits < rule.threshold * counted) == (wanted == 0.0)
        if broken or (drawn >= min_examples and counted >= min(min_examples, MIN_EXAMPLES)):
            return drawn
    return None
