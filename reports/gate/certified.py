"""The gate on certificates: at least so many examples are shown to hold. What is missing or unfinished never passes."""

from __future__ import annotations

from collections.abc import Iterator

from reports.gate.policy import GateRules
from reports.gate.verdicts import FAIL, INCONCLUSIVE, PASS, RuleResult
from reports.measures.chance import statement
from reports.measures.of_run import Measured

RULE = "min_certified_accuracy"
_VERDICTS = {statement.PASS: PASS, statement.FAIL: FAIL, statement.INCONCLUSIVE: INCONCLUSIVE}


def of_certificates(gate: GateRules, measured: Measured) -> Iterator[RuleResult]:
    """A result for each certificate that the policy names."""
    there = {said.name: said for said in measured.certificates}
    for name, rule in gate.certified.items():
        said, threshold = there.get(name), rule.min_certified_accuracy
        scope = f"certificate {name}"
        if said is None:
            has = f"; it has: {', '.join(there)}" if there else ""
            why = f"the run has no certificate of this name{has}; make it with `robustness certify RUN`"
            yield RuleResult(RULE, scope, INCONCLUSIVE, why, threshold)
        elif rule.radius is not None and (said.radius or 0) < rule.radius:
            why = f"radius {rule.radius} is required, and it is for {said.radius or 'none'}; certify with --radius {rule.radius}"
            yield RuleResult(RULE, scope, INCONCLUSIVE, why, threshold)
        else:
            verdict, why = said.verdict(threshold, gate.fewest)
            yield RuleResult(RULE, scope, _VERDICTS[verdict], why, threshold, said.observed)
