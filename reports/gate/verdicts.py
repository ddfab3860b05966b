"""The values of a verdict: one per rule, one for the gate, and the exit code that a CI job reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from reports.measures.intervals import Proportion

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
SET_ONE = "set one under [gate] in robustness.toml or by flag, such as --min-robust-accuracy 30%"
EXIT_CODES = {"passed": 0, "measured": 0, "failed": 1, "inconclusive": 3}


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule: ``pass``, ``fail`` or ``inconclusive``, and why.

    ``scope``: ``run``, ``recipe NAME`` or ``slice COLUMN=VALUE``. ``settling_n``: how many examples would settle an
    inconclusive rule at the present rate, None where none would or where more examples are not what is missing.
    """

    rule: str
    scope: str
    verdict: str
    message: str
    threshold: float | None = None
    observed: Proportion | None = None
    settling_n: int | None = None


@dataclass(frozen=True, slots=True)
class OwnVerdict:
    """The verdict on a run under the policy that it was made under, where it was judged by another one."""

    verdict: str
    policy: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """The verdict on a run: ``passed``, ``failed``, ``inconclusive``, or ``measured`` where no threshold was set.

    ``claim``: what it holds for: the budget and the profile of the attacks. ``family``: over how many thresholds failures were
    corrected together (``family_wise``), 0 where each stands for itself. ``own``: where another policy than the run's own
    changed the verdict, what it was.
    """

    verdict: str
    rules: tuple[RuleResult, ...]
    policy: str
    confidence: float
    claim: str = ""
    family: int = 0
    own: OwnVerdict | None = None

    @property
    def exit_code(self) -> int:
        """0 passed or measured, 1 failed, 3 inconclusive; 2 is left to usage and internal errors."""
        return EXIT_CODES[self.verdict]

    @property
    def changed(self) -> str:
        """That another policy changed the verdict, in one line; empty where none did."""
        if self.own is None:
            return ""
        return (
            f"another policy changed the verdict: {self.own.verdict} under the run's own ({self.own.policy}), "
            f"{self.verdict} under {self.policy}"
        )

    def demanding(self, how: str = SET_ONE) -> GateResult:
        """The result where a verdict was required: without a threshold there is none, so nothing passes. ``how``: to set one."""
        if self.verdict != "measured":
            return self
        said = f"no threshold was set ({self.policy}), so the gate had nothing to decide; {how}"
        rules = (*self.rules, RuleResult("thresholds", "run", INCONCLUSIVE, said))
        return replace(self, verdict="inconclusive", rules=rules)

    @property
    def reasons(self) -> tuple[RuleResult, ...]:
        """The rules that do not hold, those that fail first."""
        return tuple(rule for verdict in (FAIL, INCONCLUSIVE) for rule in self.rules if rule.verdict == verdict)

    def __repr__(self) -> str:
        """One line: the verdict and why."""
        why = "; ".join(rule.message for rule in self.reasons) or self.claim
        return f"<GateResult {self.verdict}{f': {why}' if why else ''}>"

    def _repr_html_(self) -> str:
        """A small card for notebooks: the verdict and each rule that does not hold."""
        from reports.render.card import card

        held = sum(rule.observed is not None and rule.verdict == PASS for rule in self.rules)
        rows = [(rule.verdict, rule.message) for rule in self.reasons]
        return card(self.verdict, f"{held} thresholds hold" if not rows else "", rows)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``summary.json``."""
        return {**asdict(self), "rules": [asdict(rule) for rule in self.rules], "exit_code": self.exit_code}
