"""Intervals that may be looked at as often as one likes: they hold at every sample size at once.

An exact interval is right for a sample size chosen beforehand. Watching it and stopping when it leaves a threshold outside
finds, by patience alone, far more than 5 % false verdicts. The intervals here allow just that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from reports.clusters import design_of
from reports.run import Manifest
from reports.stats import ANYTIME, CONFIDENCE, Proportion, check, interval_of, proportion, settling_n

PRIOR = 0.5
_HALVINGS = 60
_MOST = 1 << 40
FIRST_LOOK = 25


def anytime(successes: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """A confidence sequence's interval for a binomial proportion after ``n`` observations; (0, 1) of none.

    With probability ``confidence`` or more the true rate is inside at *every* n, so any rule for stopping is allowed. The rate
    p is inside while the mixture likelihood ratio, the mean over q from Beta(1/2, 1/2) of the likelihood at q, divided by
    that at p, stays below 1/(1 - confidence). At the true p that ratio is a martingale that begins at 1, and Ville's
    inequality bounds the chance that it ever gets so far. Robbins, Annals of Mathematical Statistics 41 (1970), 1397-1409;
    as a betting strategy, Waudby-Smith and Ramdas, JRSS B 86 (2024), 1-27, section 4.
    """
    check(successes, n, confidence)
    if n == 0:
        return 0.0, 1.0
    limit = -math.log(1 - confidence)
    rate = successes / n
    low = 0.0 if successes == 0 else _edge(successes, n, limit, rate, 0.0)
    high = 1.0 if successes == n else _edge(successes, n, limit, rate, 1.0)
    return low, high


def log_evidence(successes: float, n: float, p: float) -> float:
    """The logarithm of the mixture likelihood ratio against the rate ``p``, which is strictly between 0 and 1."""
    failures = n - successes
    mixture = _log_beta(PRIOR + successes, PRIOR + failures) - _log_beta(PRIOR, PRIOR)
    return mixture - successes * math.log(p) - failures * math.log1p(-p)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def outside(successes: int, n: int, threshold: float, confidence: float = CONFIDENCE) -> bool:
    """Whether a threshold lies outside ``anytime``'s interval, without working the interval out."""
    if n == 0:
        return False
    if threshold in (0.0, 1.0):
        return successes != threshold * n
    return log_evidence(successes, n, threshold) >= -math.log(1 - confidence)


def _edge(successes: float, n: float, limit: float, inside: float, outside: float) -> float:
    """The end of the interval between the observed rate, which is inside, and 0 or 1, which is not."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if log_evidence(successes, n, middle) < limit:
            inside = middle
        else:
            outside = middle
    return outside


def anytime_settling_n(rate: float, threshold: float, confidence: float = CONFIDENCE) -> int | None:
    """About how many examples it takes, at this observed rate, until the threshold lies outside; None if none suffices."""
    if rate == threshold:
        return None
    if threshold in (0.0, 1.0):
        return math.ceil(1 / abs(rate - threshold))
    limit, n = -math.log(1 - confidence), 1
    while log_evidence(rate * n, n, threshold) < limit:
        n *= 2
        if n > _MOST:
            return None
    few = n // 2
    while n - few > 1:
        middle = (few + n) // 2
        few, n = (middle, n) if log_evidence(rate * middle, middle, threshold) < limit else (few, middle)
    return n


def share_of(
    manifest: Manifest, hits: Iterable[tuple[str, bool]], groups: Mapping[str, str] | None, confidence: float = CONFIDENCE
) -> Proportion:
    """The share of examples that are hits, with the interval that the run's way of drawing examples calls for.

    ``hits``: example ids, each with whether it is one. ``groups``: the group of each id, None where examples stand alone. The
    interval is Clopper–Pearson's, or the anytime-valid one of a run that stopped when its verdict was certain.
    """
    counted = list(hits)
    successes, n = sum(hit for _, hit in counted), len(counted)
    if manifest.sequential:
        low, high = anytime(successes, n, confidence)
        return Proportion(successes, n, successes / n if n else None, low, high, confidence, ANYTIME)
    design = None if groups is None else design_of((groups[example], float(hit)) for example, hit in counted)
    return proportion(successes, n, confidence, design)


def ends_at(observed: Proportion, confidence: float) -> tuple[float, float]:
    """The ends of a proportion's interval at another confidence."""
    if observed.method == ANYTIME:
        return anytime(observed.successes, observed.n, confidence)
    return interval_of(observed.successes, observed.n, confidence, observed.design)


def settles_at(observed: Proportion, threshold: float) -> int | None:
    """How many examples would leave the threshold outside the interval of its own kind; None where none would."""
    if observed.rate is None:
        return None
    if observed.method == ANYTIME:
        return anytime_settling_n(observed.rate, threshold, observed.confidence)
    enough = settling_n(observed.rate, threshold, observed.confidence, observed.design)
    return None if enough is None else max(observed.n + 1, enough)


def next_look(drawn: int) -> int:
    """How many examples to have drawn at the next look: 25 at first, then a quarter more each time, at least 25 more.

    The interval allows a look after every example; looks cost the batching across examples, which ends at each.
    """
    return drawn + max(FIRST_LOOK, drawn // 4)
