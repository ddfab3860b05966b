"""The thresholds that a policy can set on something measured: one table, from which gate, flags and reports take their words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One threshold. ``key``: its name in a policy; ``title``: of what is measured; ``points``: it is a difference, in points."""

    key: str
    title: str
    points: bool = False

    @property
    def what(self) -> str:
        """The title inside a sentence."""
        return self.title[:1].lower() + self.title[1:]

    def amount(self, value: float) -> str:
        """A value with its unit."""
        return f"{100 * value:.1f} {'points' if self.points else '%'}"


RULES = {
    rule.key: rule
    for rule in (
        Rule("min_robust_accuracy", "Robust accuracy"),
        Rule("min_clean_accuracy", "Clean accuracy"),
        Rule("max_accuracy_drop", "Accuracy drop", points=True),
        Rule("max_attack_success_rate", "Attack success rate"),
        Rule("max_attributable_success_rate", "Attack success beyond the control", points=True),
        Rule("min_quality", "Quality under attack"),
        Rule("max_quality_drop", "Quality drop", points=True),
        Rule("min_certified_accuracy", "Certified accuracy"),
    )
}
