"""What samples of a declared distribution show: of one example's failure rate, and of the share of examples below a rate."""

from __future__ import annotations

import math
from functools import lru_cache

from reports.measures.intervals import check

PRIOR = 0.5
_HALVINGS = 50
_MOST = 1 << 20


def upper(failures: float, n: float, confidence: float) -> float:
    """The one-sided Clopper-Pearson bound: the failure rate is at most this, with that confidence; 1 where nothing was observed.

    59 samples without a failure bound it by 4.95 %, 299 by 1 %. Clopper and Pearson, Biometrika 26 (1934), 404-413.
    """
    from scipy.special import betaincinv

    check(failures, n, confidence)
    return 1.0 if failures >= n else float(betaincinv(failures + 1, n - failures, confidence))


def lower(successes: float, n: float, confidence: float) -> float:
    """The other side: a rate is at least this, with that confidence."""
    return 1.0 - upper(n - successes, n, confidence)


def samples_for(tau: float, confidence: float, failures: int = 0) -> int:
    """The fewest samples that show a failure rate of at most ``tau`` in spite of so many failures."""
    n = failures + 1
    while upper(failures, n, confidence) > tau:
        n *= 2
        if n > _MOST:
            raise ValueError(f"a failure rate of {tau} takes more than {_MOST} samples to show")
    few = n // 2
    while n - few > 1:
        middle = (few + n) // 2
        few, n = (few, middle) if middle > failures and upper(failures, middle, confidence) <= tau else (middle, n)
    return n


@lru_cache(maxsize=65536)
def evidence_below(failures: int, n: int, tau: float) -> float:
    """Evidence that the failure rate is below ``tau``: what a bet against every rate from ``tau`` up has made of 1.

    Half is put on no failure at all, half spread over the rates below ``tau`` by Jeffreys' prior. At any rate from ``tau`` up
    both are supermartingales that start at 1, so their mean ever reaches 1 / (1 - confidence) with a chance of at most 1 -
    confidence (Ville), however often it is looked at. Waudby-Smith and Ramdas, JRSS B 86 (2024), 1-27; the mixture is that of
    ``reports.measures.sequential.anytime``, cut at ``tau``.
    """
    boldest = math.exp(-n * math.log1p(-tau)) if failures == 0 else 0.0
    return 0.5 * boldest + 0.5 * _mixture(failures, n, tau)


@lru_cache(maxsize=65536)
def evidence_above(failures: int, n: int, tau: float) -> float:
    """The same that the failure rate is above ``tau``: a bet against every rate up to it."""
    return _mixture(n - failures, n, 1.0 - tau)


def _mixture(failures: int, n: int, tau: float) -> float:
    from scipy.special import betainc, betaln

    if n == 0:
        return 1.0
    a, b = PRIOR + failures, PRIOR + n - failures
    below, prior = float(betainc(a, b, tau)), float(betainc(PRIOR, PRIOR, tau))
    if below <= 0.0:
        return 0.0
    spread = math.log(below) + float(betaln(a, b)) - math.log(prior) - float(betaln(PRIOR, PRIOR))
    return math.exp(min(700.0, spread - failures * math.log(tau) - (n - failures) * math.log1p(-tau)))


def anytime_upper(failures: int, n: int, confidence: float) -> float:
    """The bound on the failure rate that holds at every sample size: the least rate with enough evidence to be below it."""
    if n == 0 or failures >= n:
        return 1.0
    low, high = failures / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if 0.0 < middle < 1.0 and evidence_below(failures, n, middle) >= 1 / (1 - confidence):
            high = middle
        else:
            low = middle
    return high


def share_shown(shown: float, n: float, confidence: float, error: float) -> float:
    """At least this share of all examples of the kind has the property that ``shown`` of ``n`` were shown to have.

    Each test wrongly shows an example without the property with a chance of at most ``error``. If a share ``s`` has it, an
    example is shown with a chance of at most ``s + (1 - s) error``; the one-sided Clopper-Pearson bound ``L`` of ``shown`` of
    ``n`` bounds that chance, hence ``s >= (L - error) / (1 - error)``. Both uncertainties are in it, that of the samples and
    that of the examples, and only the second is spent at ``confidence``: no correction for the number of examples is needed.
    """
    return max(0.0, (lower(shown, n, confidence) - error) / (1 - error)) if n else 0.0


def shown_among(shown: int, n: int, confidence: float, error: float) -> int:
    """At least so many of these very examples have the property, all wrongly shown ones allowed for, with that confidence.

    If ``b`` of them had it not, at most a binomial number of ``b`` at ``error`` would be shown besides the ``n - b`` others. The
    largest ``b`` that is not refuted so is the answer's complement: the exact test of each ``b``, from ``b = n`` downwards.
    """
    from scipy.special import bdtrc

    for without in range(n, 0, -1):
        needed = shown - (n - without)
        if needed <= 0 or float(bdtrc(needed - 1, without, error)) > 1 - confidence:
            return n - without
    return n
