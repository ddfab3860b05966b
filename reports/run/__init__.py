"""The run folder: ``run.json`` and append-only ``outcomes.jsonl``. The border between attacking and reporting."""

from reports.run.manifest import SCHEMA, Manifest, Run, RunError
from reports.run.outcome import FAIR_TRY, STATUSES, EditRecord, Outcome, PredictionRecord, Rung

__all__ = [
    "FAIR_TRY",
    "SCHEMA",
    "STATUSES",
    "EditRecord",
    "Manifest",
    "Outcome",
    "PredictionRecord",
    "Run",
    "RunError",
    "Rung",
]
