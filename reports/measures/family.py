"""Several thresholds in one policy: one error for all of them together.

Each threshold fails a victim that meets it in at most (1 - confidence) / 2 of audits, so ten of them fail one in up to ten
times that. Judged as a family, any of them does in no more than one alone would. A pass needs nothing of the kind: it takes
every rule to pass, and the chance that all of them are wrong at once is no larger than that of any one of them (an
intersection-union test: Berger, Technometrics 24, 1982, 295-300).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.gate.verdicts import FAIL, INCONCLUSIVE, RuleResult
from reports.measures.intervals import Proportion
from reports.measures.paired import holm
from reports.measures.sequential import ends_at

_HALVINGS = 50


def family_wise(rules: Sequence[RuleResult], confidence: float, asked: int | None = None) -> tuple[RuleResult, ...]:
    """The rules, with failures withdrawn that chance among so many could explain, by Holm's correction of one-sided errors.

    ``asked``: how many thresholds there are where these are not all of them; the others then count as met.
    """
    allowed, others = (1 - confidence) / 2, (asked or len(rules)) - len(rules)
    corrected = holm([*map(_broken_by_chance, rules), *[1.0] * others])[: len(rules)]
    return tuple(
        _taken_back(rule, error, allowed, len(rules) + others) if rule.verdict == FAIL and error > allowed else rule
        for rule, error in zip(rules, corrected, strict=True)
    )


def _broken_by_chance(rule: RuleResult) -> float:
    """The one-sided p-value of a broken threshold; 1 where it is not known to be broken."""
    if rule.verdict != FAIL or rule.observed is None or rule.threshold is None:
        return 1.0
    return p_beyond(rule.observed, rule.threshold, above=rule.rule.startswith("max_"))


def p_beyond(observed: Proportion, threshold: float, *, above: bool) -> float:
    """The one-sided p-value of a rate above (else below) a threshold, by the interval that decides about it.

    It is half of the smallest error at which the interval leaves the threshold outside; 1 where it never does.
    """
    few, many = 0.0, 1.0
    for _ in range(_HALVINGS):
        error = (few + many) / 2
        low, high = ends_at(observed, 1 - error) if error < 1 else (observed.low, observed.high)
        few, many = (few, error) if (low > threshold if above else high < threshold) else (error, many)
    return many / 2 if many < 1 else 1.0


def _taken_back(rule: RuleResult, error: float, allowed: float, rules: int) -> RuleResult:
    message = (
        f"{rule.message}; broken on its own, but not beyond what chance gives over {rules} thresholds"
        f" (p = {error:.2g} after Holm's correction, at most {allowed:g} allowed)"
    )
    return replace(rule, verdict=INCONCLUSIVE, message=message)
