"""The run folder: ``run.json`` and append-only ``outcomes.jsonl``. The border between attacking and reporting."""

from reports.run.manifest import SCHEMA, Manifest, Run, RunError
from reports.run.outcome import FAIR_TRY, STATUSES, EditRecord, Judged, Outcome, Rung

__all__ = [
    "FAIR_TRY",
    "SCHEMA",
    "STATUSES",
    "EditRecord",
    "Judged",
    "Manifest",
    "Outcome",
    "Run",
    "RunError",
    "Rung",
]
