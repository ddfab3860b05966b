"""What a number of examples can show: which drop two runs would reveal, how far from its threshold a gate decides."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Any

from reports.measures.intervals import CONFIDENCE, MIN_EXAMPLES, exact, z_of

POWER = 0.8
ALPHA = 0.05
_HALVINGS = 30


def drop_power(n: int, drop: float, churn: float = 0.0, alpha: float = ALPHA) -> float:
    """The chance that the exact McNemar test finds a true drop between two runs on the same ``n`` examples.

    ``churn``: share of examples that the candidate fixes nevertheless; ``drop + churn`` break. Computed exactly, over all
    numbers of differing pairs, each with its own critical value (Duffy, Statistics in Medicine 3, 1984, 371-377).
    """
    import numpy as np
    from scipy.special import bdtr

    _check(n, drop, churn)
    differing = drop + 2 * churn
    if n == 0 or differing == 0:
        return 0.0
    middle, spread = n * differing, 8 * math.sqrt(n * differing * (1 - differing)) + 10
    pairs = np.arange(max(1, int(middle - spread)), min(n, int(middle + spread)) + 1)
    critical = _critical(int(pairs[0]), int(pairs[-1]), alpha)
    found = np.where(critical >= 0, bdtr(np.maximum(critical, 0), pairs, churn / differing), 0.0)
    return float(np.sum(_chances(pairs, n, differing) * found))


def _check(n: int, drop: float, churn: float) -> None:
    if n < 0 or drop < 0 or churn < 0 or drop + 2 * churn > 1 + 1e-9:
        raise ValueError(f"expected n, drop and churn from 0 up with drop + 2 churn at most 1, got {n}, {drop}, {churn}")


@lru_cache(maxsize=64)
def _critical(first: int, last: int, alpha: float) -> Any:
    """For each number of differing pairs the most fixed ones at which the test still says: a drop; -1 where there is none."""
    import numpy as np
    from scipy.special import bdtr

    pairs = np.arange(first, last + 1)
    most = np.minimum(pairs, np.floor(pairs / 2 - NormalDist().inv_cdf(1 - alpha / 2) * np.sqrt(pairs) / 2) + 3)
    while True:
        too_many = (most >= 0) & (2 * bdtr(np.maximum(most, 0), pairs, 0.5) > alpha)
        if not too_many.any():
            return np.maximum(most, -1)
        most = most - too_many


def _chances(successes: Any, n: int, p: float) -> Any:
    """Binomial probabilities."""
    import numpy as np
    from scipy.special import gammaln, xlog1py, xlogy

    ways = gammaln(n + 1) - gammaln(successes + 1) - gammaln(n - successes + 1)
    return np.exp(ways + xlogy(successes, p) + xlog1py(n - successes, -p))


@lru_cache(maxsize=4096)
def visible_drop(n: int, churn: float = 0.0, power: float = POWER, alpha: float = ALPHA) -> float | None:
    """The smallest true drop that two runs on ``n`` examples reveal with this power; None where none is large enough."""
    most = 1 - 2 * churn
    if drop_power(n, most, churn, alpha) < power:
        return None
    few = 0.0
    for _ in range(_HALVINGS):
        middle = (few + most) / 2
        few, most = (few, middle) if drop_power(n, middle, churn, alpha) >= power else (middle, most)
    return most


def pairs_to_pass(margin: float, churn: float = 0.0, power: float = POWER, confidence: float = CONFIDENCE) -> int | None:
    """About how many examples it takes, if nothing changed, to exclude a regression larger than ``margin``.

    The sample size of a paired non-inferiority trial, (z + z')^2 2 churn / margin^2 (Nam, Biometrics 53, 1997, 1422-1430), and
    at least what Tango's interval asks for where no pair differs.
    """
    if margin <= 0:
        return None
    z, more = z_of(confidence), NormalDist().inv_cdf(power)
    quiet = z**2 * (1 - margin) / margin
    return math.ceil(max(quiet, (z + more) ** 2 * 2 * churn / margin**2) - 1e-9)


def decision_power(
    n: int, rate: float, threshold: float, confidence: float = CONFIDENCE, min_examples: int = MIN_EXAMPLES
) -> float:
    """The chance that a gate on ``n`` examples decides rightly about a true rate.

    It does where the interval lies on the same side of the threshold as the true rate, which is summed exactly here; and it
    passes nothing on fewer than ``min_examples``.
    """
    import numpy as np

    if n == 0 or rate == threshold or (rate > threshold and n < min_examples):
        return 0.0
    chances = _chances(np.arange(n + 1), n, rate)
    end = _last_failing(n, threshold, confidence) if rate < threshold else _first_passing(n, threshold, confidence)
    return float(chances[: end + 1].sum() if rate < threshold else chances[end:].sum())


def false_verdicts(n: int, threshold: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The chances that a gate passes and fails a victim whose true rate is exactly the threshold: the worst of each error."""
    import numpy as np

    chances = _chances(np.arange(n + 1), n, threshold)
    failing, passing = _last_failing(n, threshold, confidence), _first_passing(n, threshold, confidence)
    return float(chances[passing:].sum()), float(chances[: failing + 1].sum())


def _first_passing(n: int, threshold: float, confidence: float) -> int:
    """The fewest successes whose interval lies above the threshold; ``n + 1`` where none does."""
    few, many = -1, n + 1
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if exact(middle, n, confidence)[0] >= threshold else (middle, many)
    return many


def _last_failing(n: int, threshold: float, confidence: float) -> int:
    """The most successes whose interval lies below the threshold; -1 where none does."""
    few, many = -1, n + 1
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (middle, many) if exact(middle, n, confidence)[1] < threshold else (few, middle)
    return few


def deciding_distance(n: int, threshold: float, power: float = POWER, confidence: float = CONFIDENCE) -> float | None:
    """How far above a threshold the true rate must lie for a gate on ``n`` examples to pass with this power."""
    near, far = 0.0, 1 - threshold
    if far <= 0 or decision_power(n, 1.0, threshold, confidence) < power:
        return None
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        near, far = (near, middle) if decision_power(n, threshold + middle, threshold, confidence) >= power else (middle, far)
    return far
