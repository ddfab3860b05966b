"""The run folder: ``run.json`` and append-only ``outcomes.jsonl``. The border between attacking and reporting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from dataclasses import field as _field
from pathlib import Path
from typing import Any

SCHEMA = 1
STATUSES = ("succeeded", "failed", "skipped", "exhausted", "error")


class RunError(Exception):
    """A run folder that cannot be read or continued: what was expected, what is there, what to do."""


@dataclass(frozen=True, slots=True)
class PredictionRecord:
    """A prediction by label name; ``scores`` in the order of the run's labels, absent for label-only victims."""

    label: str
    scores: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class EditRecord:
    """One contiguous change in the attacked field; offsets in code points of the original and of the perturbed text."""

    start: int
    end: int
    new_start: int
    new_end: int
    before: str
    after: str
    technique: str = ""


@dataclass(frozen=True, slots=True)
class Rung:
    """One severity of a noise ladder: what the victim said at it and whether it was still right. ``text`` is the noisy text."""

    severity: int
    label: str
    correct: bool
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one trial: one recipe on one example. One line of ``outcomes.jsonl``.

    ``texts``: the original's fields by name. ``field``: the attacked one. ``perturbed``: its text after the attack
    (the winner's when it succeeded, else the closest attempt, else None). ``adversarial``: the victim's answer to it.
    ``queries``: distinct inputs this trial asked about, the clean one included. ``forwards``: those of them that had to be
    computed for it, the clean answer being shared by an example's recipes. ``words_changed`` of ``words``: words that differ.
    ``similarity``: cosine to the original by the run's encoder. ``proposed``, ``rejected``, ``no_ops``: candidates before
    constraints, refused by them, equal to the original. ``ladder``: severities of sampled noise. ``error``: type and
    message when ``status`` is ``error``. ``meta``: the example's extra columns, for slices.
    """

    example_id: str
    recipe: str
    status: str
    label: str
    field: str
    texts: Mapping[str, str]
    clean: PredictionRecord | None = None
    adversarial: PredictionRecord | None = None
    perturbed: str | None = None
    edits: tuple[EditRecord, ...] = ()
    queries: int = 0
    forwards: int = 0
    words_changed: int = 0
    words: int = 0
    similarity: float | None = None
    proposed: int = 0
    rejected: int = 0
    no_ops: int = 0
    attempted: int = 0
    ladder: tuple[Rung, ...] = ()
    error: Mapping[str, str] | None = None
    meta: Mapping[str, Any] = _field(default_factory=dict)

    def to_json(self) -> str:
        """One line of JSON, ASCII only, keys in a fixed order."""
        return json.dumps(asdict(self), ensure_ascii=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, line: str) -> Outcome:
        """Read one line back; raises ``ValueError`` where it is not an outcome."""
        raw = json.loads(line)
        if not isinstance(raw, dict):
            raise ValueError("an outcome is a JSON object")
        known = {f.name for f in fields(cls)}
        missing = {"example_id", "recipe", "status", "label", "field", "texts"} - raw.keys()
        if missing or raw.keys() - known:
            raise ValueError(f"missing keys {sorted(missing)}, unknown keys {sorted(raw.keys() - known)}")
        if raw["status"] not in STATUSES:
            raise ValueError(f"status {raw['status']!r} is none of {STATUSES}")
        raw["clean"] = _prediction(raw.get("clean"))
        raw["adversarial"] = _prediction(raw.get("adversarial"))
        raw["edits"] = tuple(EditRecord(**e) for e in raw.get("edits", ()))
        raw["ladder"] = tuple(Rung(**r) for r in raw.get("ladder", ()))
        return cls(**raw)


def _prediction(raw: Mapping[str, Any] | None) -> PredictionRecord | None:
    if raw is None:
        return None
    scores = raw.get("scores")
    return PredictionRecord(raw["label"], tuple(scores) if scores is not None else None)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``run.json``: what ran. Everything that two runs must share to be compared is in ``comparability``.

    ``victim``: name, kind, labels, fields, access, identity. ``data``: source, digest, examples, report of what was
    dropped. ``recipes``: name, citation, level, access, profile, parameters each, in order. ``cascade``: each recipe
    attacks only what still stands. ``flags``: self-doubt flags, as ``{code, severity, message, value}``, filled at the end.
    ``finished``: False until every trial ended. ``usage``: measured totals (wall seconds, forwards, cache hits …); the
    only part that differs between two runs of the same seed.
    """

    created: str
    versions: Mapping[str, str]
    seed: int
    profile: str
    budget: int | None
    cascade: bool
    examples: int
    victim: Mapping[str, Any]
    data: Mapping[str, Any]
    recipes: tuple[Mapping[str, Any], ...]
    encoder: str | None = None
    comparability_id: str = ""
    comparability: Mapping[str, Any] = _field(default_factory=dict)
    flags: tuple[Mapping[str, Any], ...] = ()
    finished: bool = False
    usage: Mapping[str, Any] = _field(default_factory=dict)
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder, loaded."""

    path: Path
    manifest: Manifest
    outcomes: tuple[Outcome, ...]
