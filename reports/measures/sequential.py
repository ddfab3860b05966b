"""Intervals that may be looked at as often as you like: they hold at every sample size at once.

An exact interval is right for a sample size chosen beforehand. Watching it and stopping when it leaves a threshold outside
finds, by patience alone, far more than 5 % false verdicts. The intervals here allow just that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from reports.measures.clusters import Design, design_of
from reports.measures.intervals import ANYTIME, CONFIDENCE, Proportion, check, interval_of, proportion, settling_n
from reports.run import Manifest

PRIOR = 0.5
_HALVINGS = 60
_MOST = 1 << 40
FIRST_LOOK = 25


def anytime(successes: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """A confidence sequence's interval for a binomial proportion after ``n`` observations; (0, 1) of none.

    With probability ``confidence`` or more the true rate is inside at *every* n, so any rule for stopping is allowed. The rate
    p is inside while the mixture likelihood ratio, the mean over q from Beta(1/2, 1/2) of the likelihood at q, divided by
    that at p, stays below 1/(1 - confidence). At the true p that ratio is a martingale that starts at 1, and Ville's
    inequality bounds the chance that it ever gets that far. Robbins, Annals of Mathematical Statistics 41 (1970), 1397-1409;
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
    manifest: Manifest,
    hits: Iterable[tuple[str, bool]],
    groups: Mapping[str, str] | None,
    confidence: float = CONFIDENCE,
    unknown: Sequence[str] = (),
) -> Proportion:
    """The share of examples that are hits, with the interval that the run's way of drawing examples calls for.

    ``hits``: example ids, each with whether it is one. ``groups``: the group of each id, None where examples are independent;
    ids that it lacks count as one group. ``unknown``: ids of further examples that may count either way, because nothing
    tested them. The rate is over the known ones; the interval reaches from where all the others fail to where all of them
    succeed. It is Clopper–Pearson's, or the anytime-valid one of a run that stopped when its verdict was certain.
    """
    counted = list(hits)
    successes, n = sum(hit for _, hit in counted), len(counted)
    if manifest.sequential:
        rate, (low, high) = successes / n if n else None, _watched(successes, n, confidence, len(unknown))
        return Proportion(successes, n, rate, low, high, confidence, ANYTIME, len(unknown))
    design = None if groups is None else _design(counted, groups, unknown, confidence)
    return proportion(successes, n, confidence, design, len(unknown))


def _design(counted: Sequence[tuple[str, bool]], groups: Mapping[str, str], unknown: Sequence[str], confidence: float) -> Design:
    """How the examples belong together, at the worse of the two ways that the unknown ones may count."""
    ways = [[*counted, *((e, way) for e in unknown)] for way in (False, True)] if unknown else [counted]
    designs = [design_of((groups.get(e, ""), float(hit)) for e, hit in way) for way in ways]
    return max(designs, key=lambda design: design.inflation(confidence))


def _watched(successes: int, n: int, confidence: float, unknown: int) -> tuple[float, float]:
    """The anytime-valid interval, from where the unknown fail to where they succeed."""
    low, _ = anytime(successes, n + unknown, confidence)
    _, high = anytime(successes + unknown, n + unknown, confidence)
    return low, high


def ends_at(observed: Proportion, confidence: float) -> tuple[float, float]:
    """The ends of a proportion's interval at another confidence."""
    if observed.method == ANYTIME:
        return _watched(observed.successes, observed.n, confidence, observed.unknown)
    return interval_of(observed.successes, observed.n, confidence, observed.design, observed.unknown)


def settles_at(observed: Proportion, threshold: float) -> int | None:
    """How many examples would leave the threshold outside such an interval; None where none would, or not those alone."""
    if observed.rate is None or observed.unknown:
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
