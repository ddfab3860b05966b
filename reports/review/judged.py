"""A share as a judge sees it, corrected for the judge's own mistakes as human labels show them, with both uncertainties.

What a judge model calls broken is broken only in its opinion. Where people have labelled some of the same answers, its
sensitivity and specificity are known within limits, and the share is theta = (p + q0 - 1) / (q0 + q1 - 1), with p the judge's
share, q1 its sensitivity and q0 its specificity (Rogan and Gladen, American Journal of Epidemiology 107 (1978), 71-76). Its
interval must carry the error of p and of q0 and q1: Lee et al., How to Correctly Report LLM-as-a-Judge Evaluations, arXiv
2511.21140.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reports.measures.intervals import CONFIDENCE, Proportion, proportion, z_of

WIDTH = 0.10
"""Half the width that an interval is wanted to have, where labels still needed are counted."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A judge's share of broken answers. ``raw``: as it says; ``rate``, ``low``, ``high``: corrected, where ``calibrated``.

    ``sensitivity``: of what people call broken, what it calls broken; ``specificity``: of what people call acceptable, what it
    does. ``calibrated``: it is shown to be better than a guess, its sensitivity and specificity being more than one together at
    the lower ends of their intervals; an uncalibrated judge has no corrected share, and decides nothing. ``labels``: human labels
    had; ``needed``: how many more would bring half the width to ``width``; None where no number of labels does, because the
    judged answers themselves are too few, or the judge is no better than a guess.
    """

    raw: Proportion
    sensitivity: Proportion
    specificity: Proportion
    calibrated: bool
    rate: float | None
    low: float
    high: float
    labels: int
    needed: int | None
    width: float = WIDTH

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def corrected(
    broken: int, n: int, labelled: Sequence[tuple[bool, bool]], *, confidence: float = CONFIDENCE, width: float = WIDTH
) -> Corrected:
    """The share of ``n`` answers of which a judge calls ``broken`` broken.

    ``labelled``: (people call it broken, the judge calls it broken) of each answer that people labelled, drawn at random from
    the same answers.
    """
    positive = [judge for human, judge in labelled if human]
    negative = [judge for human, judge in labelled if not human]
    raw = proportion(broken, n, confidence)
    sensitivity = proportion(sum(positive), len(positive), confidence)
    specificity = proportion(sum(not judge for judge in negative), len(negative), confidence)
    calibrated = n > 0 and sensitivity.low + specificity.low > 1.0
    if not calibrated:
        return Corrected(raw, sensitivity, specificity, False, None, 0.0, 1.0, len(labelled), None, width)
    normal = z_of(confidence)
    p, q1, q0 = (_shrunk(one, normal**2 / 2 if one is raw else 1.0) for one in (raw, sensitivity, specificity))
    better = q0 + q1 - 1.0
    theta = min(1.0, max(0.0, (p + q0 - 1.0) / better))
    of_test = p * (1 - p) / (n + normal**2)
    of_negative, of_positive = (1 - theta) ** 2 * q0 * (1 - q0), theta**2 * q1 * (1 - q1)
    m0, m1 = len(negative) + 2, len(positive) + 2
    half = normal * math.sqrt(of_test + of_negative / m0 + of_positive / m1) / better
    low, high = max(0.0, theta - half), min(1.0, theta + half)
    exact = (raw.rate or 0.0) + (specificity.rate or 0.0) - 1.0
    rate = min(1.0, max(0.0, exact / ((sensitivity.rate or 0.0) + (specificity.rate or 0.0) - 1.0)))
    needed = _needed(of_test, of_negative, of_positive, theta, better, normal, width, len(labelled))
    return Corrected(raw, sensitivity, specificity, True, rate, min(low, rate), max(high, rate), len(labelled), needed, width)


def _shrunk(share: Proportion, added: float) -> float:
    """The rate with ``added`` successes and as many failures more, so that 0 of 5 is not held for certain."""
    return (share.successes + added) / (share.n + 2 * added)


def _needed(
    of_test: float, of_negative: float, of_positive: float, theta: float, better: float, normal: float, width: float, had: int
) -> int | None:
    """Labels more, drawn at random as before, so that a share of about ``theta`` of them is broken."""
    left = (width * better / normal) ** 2 - of_test
    if left <= 0:
        return None
    theta = min(0.98, max(0.02, theta))
    total = (of_negative / (1 - theta) + of_positive / theta) / left
    return max(0, math.ceil(total) - had)
