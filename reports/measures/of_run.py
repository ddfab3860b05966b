"""Everything that reports say about a run, measured once."""

from __future__ import annotations

from dataclasses import dataclass

from reports.measures.answers.answer_kinds import AnswerKinds, answer_kinds
from reports.measures.answers.injection import Injection, injections
from reports.measures.answers.quality import Quality, TaskMeasure, quality, task_measures
from reports.measures.cascade import CascadeCost, cascade_cost
from reports.measures.chance.floor import Noise, noise
from reports.measures.chance.statement import Statement, statements
from reports.measures.intervals import CONFIDENCE
from reports.measures.metrics import (
    Overall,
    RecipeMetrics,
    Severity,
    Stage,
    by_recipe,
    expected,
    overall,
    recipe_metrics,
    severities,
    stages,
)
from reports.measures.slices import Slice, label_slices, metadata_slices
from reports.measures.tables.every import tables
from reports.measures.tables.table import Table
from reports.run import Run


@dataclass(frozen=True, slots=True)
class Measured:
    """All measures of a run at one confidence level."""

    confidence: float
    overall: Overall
    recipes: tuple[RecipeMetrics, ...]
    stages: tuple[Stage, ...]
    cascade: CascadeCost | None
    severities: tuple[Severity, ...]
    labels: tuple[Slice, ...]
    slices: tuple[Slice, ...]
    quality: Quality | None = None
    measures: tuple[TaskMeasure, ...] = ()
    injections: tuple[Injection, ...] = ()
    answers: AnswerKinds | None = None
    noise: Noise | None = None
    tables: tuple[Table, ...] = ()
    certificates: tuple[Statement, ...] = ()

    def __repr__(self) -> str:
        """One line; the numbers are in ``overall``, ``recipes`` and the others."""
        whole = self.overall
        shown = (("clean accuracy", whole.clean_accuracy.rate), ("robust accuracy", whole.robust_accuracy.rate))
        told = ", ".join(f"{name} {'unknown' if rate is None else f'{rate:.1%}'}" for name, rate in shown)
        return f"<Measured {told}, {whole.examples} examples, recipes {', '.join(one.name for one in self.recipes)}>"


def measure(run: Run, confidence: float = CONFIDENCE) -> Measured:
    """Measure a run."""
    whole = overall(run, run.outcomes, expected(run), confidence)
    return Measured(
        confidence=confidence,
        overall=whole,
        recipes=tuple(recipe_metrics(run, name, found, confidence) for name, found in by_recipe(run).items()),
        stages=stages(run, confidence),
        cascade=cascade_cost(run),
        severities=severities(run, confidence),
        labels=label_slices(run, confidence),
        slices=metadata_slices(run, confidence),
        quality=quality(run, confidence),
        measures=task_measures(run),
        injections=injections(run, confidence),
        answers=answer_kinds(run, confidence),
        noise=noise(run, confidence),
        tables=tables(run, confidence),
        certificates=statements(run, whole.robust_accuracy, confidence),
    )
