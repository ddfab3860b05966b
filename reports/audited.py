"""A run as Python and notebooks use it: verdict, numbers, failures, a card; nothing here needs a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from reports.render.card import card
from reports.run import Run
from reports.run.failures import failures

if TYPE_CHECKING:
    import pandas as pd

    from reports.compare.compare import Comparison
    from reports.gate.policy import Policy
    from reports.gate.verdicts import GateResult
    from reports.measures.intervals import Proportion
    from reports.measures.of_run import Measured

_BEFORE = ("example_id", "recipe", "reference", "clean.shown", "best.shown")
_AFTER = ("perturbed", "queries", "words_changed", "similarity")


class AuditedRun(Run):
    """A run folder, loaded, with what one asks of it. ``robustness.audit`` returns one, ``robustness.load`` opens one.

    Numbers and verdict are worked out when they are first asked for. Nothing is written but by ``report``.
    """

    @classmethod
    def of(cls, run: Run) -> Self:
        """The same run."""
        return cls(**{field.name: getattr(run, field.name) for field in fields(Run)})

    @cached_property
    def metrics(self) -> Measured:
        """Every measure with its interval, such as ``metrics.overall.robust_accuracy.rate``; by recipe in ``metrics.recipes``."""
        from reports.measures.of_run import measure

        return measure(self)

    @cached_property
    def judged(self) -> GateResult:
        """The verdict under the policy that the run was made under, rule by rule."""
        from reports.gate.gate import evaluate
        from reports.gate.run_policy import own_policy

        return evaluate(self, own_policy(self.manifest))

    @property
    def verdict(self) -> str:
        """``passed``, ``failed``, ``inconclusive``, or ``measured`` where the run has no threshold."""
        return self.judged.verdict

    @cached_property
    def failures(self) -> pd.DataFrame:
        """One row per failure: example, recipe, what is right, the answers, the texts before and after, what it took."""
        found = Run(self.path, self.manifest, tuple(failures(self.outcomes))).frame()
        texts = [f"text.{name}" for name in self.manifest.victim.get("fields", ())]
        return found[[name for name in (*_BEFORE, *texts, *_AFTER) if name in found.columns]]

    def gate(
        self,
        *,
        min_robust_accuracy: float | str | None = None,
        max_accuracy_drop: float | str | None = None,
        max_attack_success_rate: float | str | None = None,
        max_attributable_success_rate: float | str | None = None,
        min_clean_accuracy: float | str | None = None,
        min_quality: float | str | None = None,
        max_quality_drop: float | str | None = None,
        max_error_rate: float | str | None = None,
        min_examples: int | None = None,
        max_untested: float | str | None = None,
        max_exhausted: float | str | None = None,
        fatal_flags: Sequence[str] | None = None,
        accept_flags: Sequence[str] | None = None,
        family_wise: bool | None = None,
        confidence: float | None = None,
        policy: Policy | Mapping[str, Any] | None = None,
    ) -> GateResult:
        """Judge the run: by these thresholds, by a whole policy, or, with neither, by its own.

        Thresholds are shares (``0.3``, ``"30%"``) and points (``"10pt"``), as in ``robustness.toml``; they apply on top of the
        policy. ``policy``: a ``Policy``, or a mapping as the file holds it: ``{"gate": {...}}``. Without any threshold nothing
        passes: the verdict is inconclusive.

        Raises:
            PolicyError: a threshold that is none (``reports.gate.policy``).
        """
        from reports.gate.gate import evaluate
        from reports.gate.policy import parse_policy, with_gate
        from reports.gate.run_policy import own_policy

        given = {
            "min_robust_accuracy": min_robust_accuracy,
            "max_accuracy_drop": max_accuracy_drop,
            "max_attack_success_rate": max_attack_success_rate,
            "max_attributable_success_rate": max_attributable_success_rate,
            "min_clean_accuracy": min_clean_accuracy,
            "min_quality": min_quality,
            "max_quality_drop": max_quality_drop,
            "max_error_rate": max_error_rate,
            "min_examples": min_examples,
            "max_untested": max_untested,
            "max_exhausted": max_exhausted,
            "fatal_flags": None if fatal_flags is None else list(fatal_flags),
            "accept_flags": None if accept_flags is None else list(accept_flags),
            "family_wise": family_wise,
            "confidence": confidence,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        base = parse_policy(dict(policy), "policy") if isinstance(policy, Mapping) else policy or own_policy(self.manifest)
        how = "name one, such as gate(min_robust_accuracy='30%')"
        return evaluate(self, with_gate(base, asked, "gate()")).demanding(how)

    def compare(
        self, candidate: Run | str | Path, *, max_regression: float | str = "2pt", confidence: float = 0.95
    ) -> Comparison:
        """What changed from this run, the base, to ``candidate``: a run or its folder. Pairs the same examples.

        ``max_regression``: the largest drop of robust accuracy that is still acceptable, in points.

        Raises:
            PolicyError: a margin that is none; ``reports.run.RunError`` with the folder.
        """
        from reports.compare.compare import compare
        from reports.gate.policy import parse_policy

        other = candidate if isinstance(candidate, Run) else load(candidate)
        rules = parse_policy({"compare": {"max_regression": max_regression, "confidence": confidence}}, "compare").compare
        return compare(self, other, rules)

    def report(self) -> Path:
        """Write every report of the run again, from its folder alone; gives the path of ``report.html``."""
        from reports.gate.run_policy import own_policy
        from reports.render import render_all

        written = render_all(self, own_policy(self.manifest))
        return next(path for path in written if path.name == "report.html")

    def __repr__(self) -> str:
        """One line; never outcomes or texts."""
        return f"<AuditedRun {self.path}: {self.verdict}, {self._told()}>"

    def _told(self) -> str:
        overall, broken = self.metrics.overall, sum(1 for _ in failures(self.outcomes))
        recipes = self.manifest.asked.get("recipes") or self.manifest.recipe_names
        return (
            f"robust accuracy {_share(overall.robust_accuracy)} of {overall.examples} examples, {broken} failures, "
            f"victim {self.manifest.victim.get('name', '')}, recipes {', '.join(map(str, recipes))}"
        )

    def _repr_html_(self) -> str:
        """A small card for notebooks: verdict, the three numbers with intervals, where the report is."""
        overall, verdict = self.metrics.overall, self.verdict
        rows = [
            ("clean accuracy", overall.clean_accuracy),
            ("robust accuracy", overall.robust_accuracy),
            ("attack success rate", overall.attack_success_rate),
        ]
        return card(verdict, self._told(), [(name, _interval(value)) for name, value in rows], str(self.path / "report.html"))


def _share(value: Proportion) -> str:
    return "unknown" if value.rate is None else f"{value.rate:.1%}"


def _interval(value: Proportion) -> str:
    return _share(value) if value.rate is None else f"{value.rate:.1%} ({value.low:.1%} to {value.high:.1%})"


def load(path: str | Path) -> AuditedRun:
    """The run in a folder; raises ``reports.run.RunError`` where there is none, or it is damaged or was edited."""
    from reports.run.store import load_run

    return AuditedRun.of(load_run(path))
