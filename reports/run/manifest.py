"""The run folder: ``run.json`` and append-only ``outcomes.jsonl``. The border between attacking and reporting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from dataclasses import field as _field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.files import exact
from reports.run import shapes
from reports.run.outcome import FAIR_TRY, STATUSES, EditRecord, Judged, Outcome, Rung, plain
from reports.run.upgrade import MISCLASSIFY, upgraded_manifest

if TYPE_CHECKING:
    import pandas as pd

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

SCHEMA = 2


class RunError(Exception):
    """A run folder that cannot be read or continued: what was expected, what is there, what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``run.json``: what ran. Everything that two runs must share to be compared is in ``comparability``.

    ``victim``: name, kind, labels, fields, access, identity. ``data``: source, digest, examples, report of what was
    dropped, and ``group`` where examples come in groups: the column that says which; ``columns`` that were read, and, as
    ``spelled``, how the data spell the victim's labels where they spell them otherwise. ``recipes``: name, citation, level,
    access, profile, parameters each, in order. ``cascade``: each recipe attacks only what still stands. ``flags``:
    self-doubt flags, as ``{code, severity, message, value}``, filled at the end. ``finished``: False until every trial ended.
    ``usage``: measured totals (wall seconds, forwards, cache hits …); the only part that differs between two runs of the
    same seed. ``outcomes``: their count and an order-free digest, written at
    the end, by which a shortened or edited ``outcomes.jsonl`` is known. ``sequential``: for a run that stops as soon as its
    verdict is certain, ``looks`` and, at the end, ``drawn``, the number of examples it took; empty for a run over all.
    ``lexicons``: SHA-256 of each shipped table that attacks draw on, by file name. ``resources``: name and hashes of what
    the user supplied besides victim and data: word vectors, a lexicon, named files, checkpoints of encoder, rewriter, masked LM.
    ``policy``: the policy that the run was made under, by which it is judged ever after; empty where there was none.
    ``asked``: ``recipes`` as they were asked for, suites by name, ``limit`` of the examples, None for all, and ``selected``.
    ``task``: what the victim is asked; ``goal``: what counts as broken, but for recipes with a goal of their own;
    ``measures``: the task's own numbers: name, title and whether their counts are pooled.
    ``repeats``: how the victim answered the same clean texts when asked again (``texts``, ``moved``, ``flips``, ``how``), and
    ``confirm``, the fresh answers asked for each success.
    ``processor``: where a model ran in the process: the processor's ``name``, the ``instructions`` and ``kernels`` that decide
    the last digits of its answers, and ``threads``; a run goes on only where instructions and kernels are the same.
    ``search``: ``budget_of``: ``example`` where the budget is of all recipes of a cascade together; ``recipe_budget``: the
    most of one recipe; ``adaptive``: whether recipes that can learned from the run.
    ``bill``: of a victim behind an API, written at the end: ``requests``, ``tokens_in``, ``tokens_out``, with prices ``cost``
    and ``currency``, the ``caps``, ``dearer``, how many requests cost more than they could, and ``spent``: a cap ended the run.
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
    outcomes: Mapping[str, Any] = _field(default_factory=dict)
    sequential: Mapping[str, Any] = _field(default_factory=dict)
    lexicons: Mapping[str, str] = _field(default_factory=dict)
    resources: Mapping[str, Mapping[str, str]] = _field(default_factory=dict)
    policy: Mapping[str, Any] = _field(default_factory=dict)
    asked: Mapping[str, Any] = _field(default_factory=dict)
    repeats: Mapping[str, Any] = _field(default_factory=dict)
    bill: Mapping[str, Any] = _field(default_factory=dict)
    processor: Mapping[str, Any] = _field(default_factory=dict)
    task: str = "classification"
    goal: str = MISCLASSIFY
    measures: tuple[Mapping[str, Any], ...] = ()
    search: Mapping[str, Any] = _field(default_factory=dict)
    schema: int = SCHEMA

    @property
    def whole_budget(self) -> bool:
        """Whether the budget binds all recipes of a cascade together; in older runs it bound each alone."""
        return self.cascade and self.search.get("budget_of") == "example"

    @property
    def due(self) -> int:
        """How many examples must have ended: all, or those that a sequential run drew."""
        return int(self.sequential.get("drawn") or self.examples)

    @property
    def selected(self) -> Mapping[str, Any]:
        """Of a run of only those examples that an earlier one broke, that ``run``, and ``examples`` of how many; else empty."""
        found: Mapping[str, Any] = self.asked.get("selected", {})
        return found

    @property
    def group(self) -> str | None:
        """The column whose values say which examples belong together; None where each is independent."""
        column = self.data.get("group")
        return str(column) if column else None

    @property
    def recipe_names(self) -> tuple[str, ...]:
        """Names of the recipes, in the order of the run."""
        return tuple(str(recipe["name"]) for recipe in self.recipes)

    def to_json(self) -> str:
        """The text of ``run.json``: indented, ASCII only; raises ``ValueError`` on NaN or infinity."""
        return json.dumps(plain(self), ensure_ascii=True, indent=2, allow_nan=False, default=plain) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read ``run.json`` back; raises ``ValueError`` where it is not a manifest of this schema."""
        raw = exact.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("expected a JSON object")
        raw = upgraded_manifest(raw)
        schema = raw.get("schema")
        if schema != SCHEMA or isinstance(schema, bool):
            raise ValueError(f"it has schema {schema!r}, this version reads schema {SCHEMA}; {_schema_advice(schema)}")
        known = {f.name for f in fields(cls)}
        missing, unknown = (known - _OPTIONAL) - raw.keys(), raw.keys() - known
        if missing or unknown:
            raise ValueError(f"missing keys {sorted(missing)}, unknown keys {sorted(unknown)}")
        _check_manifest(raw)
        return cls(
            **{
                **raw,
                "recipes": tuple(raw["recipes"]),
                "flags": tuple(raw.get("flags", ())),
                "measures": tuple(raw.get("measures", ())),
            }
        )


_OPTIONAL = {
    *("encoder", "comparability_id", "comparability", "flags", "finished"),
    *(
        "usage",
        "outcomes",
        "sequential",
        "lexicons",
        "resources",
        "policy",
        "asked",
        "repeats",
        "bill",
        "processor",
        "task",
        "goal",
        "measures",
        "search",
    ),
}


def _schema_advice(schema: Any) -> str:
    if isinstance(schema, int) and schema > SCHEMA:
        return "it was written by a newer version: upgrade robustness-suite"
    return "run the audit again with this version"


def _check_manifest(raw: Mapping[str, Any]) -> None:
    kinds: dict[str, type | tuple[type, ...]] = {
        **dict.fromkeys(("versions", "victim", "data", "comparability", "usage", "outcomes", "sequential"), dict),
        **dict.fromkeys(("lexicons", "resources", "policy", "asked", "repeats", "bill", "processor", "search"), dict),
        **dict.fromkeys(("recipes", "flags", "measures"), list),
        **dict.fromkeys(("created", "profile", "comparability_id", "task", "goal"), str),
        **dict.fromkeys(("seed", "examples"), int),
        **dict.fromkeys(("cascade", "finished"), bool),
        **dict.fromkeys(("budget",), (int, type(None))),
        **dict.fromkeys(("encoder",), (str, type(None))),
    }
    for key, kind in kinds.items():
        if key in raw and not isinstance(raw[key], kind):
            raise ValueError(f"{key} cannot be {raw[key]!r}")
    _check_asked(raw.get("asked", {}))
    shapes.check_manifest(raw)
    drawn = raw.get("sequential", {}).get("drawn")
    if drawn is not None and (type(drawn) is not int or not 0 < drawn <= raw["examples"]):
        raise ValueError(f"sequential.drawn cannot be {drawn!r} of {raw['examples']} examples")
    if not all(isinstance(r, dict) and isinstance(r.get("name"), str) for r in raw["recipes"]):
        raise ValueError("each recipe must be an object with a name")
    if not all(isinstance(f, dict) and isinstance(f.get("code"), str) for f in raw.get("flags", ())):
        raise ValueError("each flag must be an object with a code")


def _check_asked(asked: Mapping[str, Any]) -> None:
    recipes, limit = asked.get("recipes", []), asked.get("limit")
    if not isinstance(asked.get("selected", {}), dict):
        raise ValueError(f"asked.selected cannot be {asked['selected']!r}")
    if not isinstance(recipes, list) or not all(isinstance(spec, str) for spec in recipes):
        raise ValueError(f"asked.recipes cannot be {recipes!r}")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise ValueError(f"asked.limit cannot be {limit!r}")


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder, loaded."""

    path: Path
    manifest: Manifest
    outcomes: tuple[Outcome, ...]

    def frame(self) -> pd.DataFrame:
        """One row per outcome; texts as ``text.NAME``, predictions as ``clean.shown`` …, extra columns as ``meta.NAME``."""
        import pandas as pd

        rows = [_row(outcome) for outcome in self.outcomes]
        names = list(dict.fromkeys(name for row in rows for name in row)) or _COLUMNS
        columns = {name: [row.get(name) for row in rows] for name in names}
        return pd.DataFrame({name: pd.Series(values, dtype=_dtype(values)) for name, values in columns.items()})


def _dtype(values: list[Any]) -> type | None:
    """``object`` for text: Arrow strings cannot hold the lone surrogates that an attack may make."""
    return object if any(isinstance(value, str) for value in values) else None


_COLUMNS = [f.name for f in fields(Outcome) if f.name not in ("texts", "clean", "best", "meta", "error", "gold", "unusable")]


def _row(outcome: Outcome) -> dict[str, Any]:
    row = {name: getattr(outcome, name) for name in _COLUMNS}
    for side in ("clean", "best"):
        prediction: Judged | None = getattr(outcome, side)
        row[f"{side}.shown"] = prediction.shown if prediction else None
        row[f"{side}.score"] = prediction.score if prediction else None
        row[f"{side}.quality"] = prediction.quality if prediction else None
        row[f"{side}.scores"] = prediction.scores if prediction else None
    row["error"] = ": ".join(outcome.error.values()) if outcome.error else None
    row.update({f"text.{name}": text for name, text in outcome.texts.items()})
    row.update({f"meta.{name}": value for name, value in outcome.meta.items()})
    return row
