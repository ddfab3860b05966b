"""``summary.json``: a run's measures and verdict as plain values; the schema is in ``docs/run-format.md``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from reports.gate.verdicts import GateResult
from reports.measures.chance.floor import record
from reports.measures.metrics import RecipeMetrics
from reports.measures.of_run import Measured, measure
from reports.measures.slices import Slice
from reports.run import SCHEMA, Run
from reports.run.failures import failures

_RUN = (
    *("created", "versions", "seed", "profile", "budget", "cascade", "examples", "victim", "data", "encoder", "search"),
    *("comparability_id", "finished", "usage", "bill", "sequential", "task", "goal"),
)


def summarise(run: Run, result: GateResult | None = None, measured: Measured | None = None) -> dict[str, Any]:
    """The summary of a run; ``result`` is its verdict where one was required."""
    if measured is None:
        measured = measure(run, result.confidence) if result else measure(run)
    return {
        "schema": SCHEMA,
        "run": {name: getattr(run.manifest, name) for name in _RUN},
        "gate": result.to_dict() if result else None,
        "confidence": measured.confidence,
        "overall": asdict(measured.overall),
        "quality": None if measured.quality is None else asdict(measured.quality),
        "measures": [asdict(measure) for measure in measured.measures],
        "injections": [asdict(found) for found in measured.injections],
        "answers": None if measured.answers is None else asdict(measured.answers),
        "noise": record(measured.noise),
        "recipes": [_recipe(run, recipe) for recipe in measured.recipes],
        "stages": [asdict(stage) for stage in measured.stages],
        "cascade": _cascade(measured),
        "severities": [asdict(severity) for severity in measured.severities],
        "labels": [_slice(part) for part in measured.labels],
        "slices": [_slice(part) for part in measured.slices],
        "certificates": [said.record() for said in measured.certificates],
        "tables": [asdict(table) for table in measured.tables],
        "flags": [dict(flag) for flag in run.manifest.flags],
        "failures": sum(1 for _ in failures(run.outcomes)),
    }


def _recipe(run: Run, recipe: RecipeMetrics) -> dict[str, Any]:
    described = next((dict(r) for r in run.manifest.recipes if r["name"] == recipe.name), {})
    at = {str(queries): rate for queries, rate in recipe.success_at.items()}
    return {**described, **asdict(recipe), "statuses": dict(recipe.statuses), "success_at": at}


def _cascade(measured: Measured) -> dict[str, Any] | None:
    cost = measured.cascade
    return None if cost is None else {**asdict(cost), "success_at": {str(at): share for at, share in cost.success_at.items()}}


def _slice(part: Slice) -> dict[str, Any]:
    return {"column": part.column, "value": part.value, "key": part.key, "small": part.small, **asdict(part.measured)}


def to_json(summary: dict[str, Any]) -> str:
    """The text of ``summary.json``."""
    return json.dumps(summary, ensure_ascii=True, indent=2, allow_nan=False) + "\n"
