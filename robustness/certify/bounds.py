"""How much the chance of a right answer can fall when words change, for each way of smoothing; derived in docs/certificates.md.

All are bounds on ``P(x') >= P(x) - fall``, where ``P`` is the chance that the victim answers a noisy copy rightly, and
nothing is assumed of the victim. A smoothed victim holds while that stays above one half.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import comb


def kept_words(n: int, keep: float) -> int:
    """How many of n words masking leaves: the nearest to the share, at least one."""
    return max(1, min(n, round(n * keep)))


def mask_fall(n: int, kept: int, radius: int) -> float:
    """Words masked so that ``kept`` of ``n`` stay, chosen alike: the chance that a changed word is seen at all.

    1 - C(n - r, k) / C(n, k). RanMASK (Zeng et al. 2023) multiplies it by an estimated beta; 1 is the only value that is known to
    be large enough for every victim.
    """
    if radius > n - kept:
        return 1.0
    return float(1 - Fraction(comb(n - radius, kept), comb(n, kept)))


def mask_radius(n: int, kept: int, right: float) -> int:
    """Most words that may be replaced, text length in words unchanged; -1 where not even the text itself is certified."""
    return _largest(n, lambda radius: right - mask_fall(n, kept, radius))


def delete_radius(n: int, dropped: float, right: float) -> int:
    """Most words that may be inserted, deleted or replaced where each word is dropped with the chance ``dropped``.

    ``P(x') >= P(x) - 1 + dropped ** r`` (Huang et al. 2023, RS-Del; CERT-ED, Huang et al. 2024).
    """
    return _largest(10_000, lambda radius: right - 1 + dropped**radius)


def synonym_radius(overlaps: Sequence[float], right: float) -> int:
    """Most words that may be replaced by a synonym, each with the least overlap of its set with that of a synonym (SAFER)."""
    worst = sorted(overlaps)

    def left(radius: int) -> float:
        agree = 1.0
        for overlap in worst[:radius]:
            agree *= overlap
        return right - 1 + agree

    return _largest(len(worst), left)


def _largest(most: int, left: Callable[[int], float]) -> int:
    """The largest radius up to ``most`` at which more than one half is left; the bounds fall with the radius."""
    if left(0) <= 0.5:
        return -1
    radius = 0
    while radius < most and left(radius + 1) > 0.5:
        radius += 1
    return radius
