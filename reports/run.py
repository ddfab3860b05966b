"""The run folder: ``run.json`` and append-only ``outcomes.jsonl``. The border between attacking and reporting."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from dataclasses import field as _field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reports import exact, shapes
from reports.goals import MISCLASSIFY

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
SCHEMA = 1
FAIR_TRY = 10
"""Texts that a spent budget must have tried, for lines that do not say how many were told apart."""
STATUSES = ("succeeded", "failed", "skipped", "exhausted", "error", "untested")


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
    computed for it, the clean answer being shared by an example's recipes. ``words_changed`` of ``words``: original words that
    were replaced or removed; ``words_inserted``: words put in beside them. ``similarity``: cosine to the original by the run's
    encoder. ``status``: ``succeeded``; ``failed`` (the attack came to its end) or ``exhausted`` (its budget was spent), both
    after a fair try; ``untested`` (no fair try: too few texts that the victim can tell from the original, or none); ``skipped``
    (wrong on the clean text); ``error``. ``distinct``: texts tried that the victim can tell from the original;
    ``indistinguishable``: those that it cannot. ``unconfirmed``: successes of the search that fresh answers did not bear out;
    ``fresh_asked``, ``fresh_reached``: fresh answers to the winner, and those that reached the goal too. ``proposed``,
    ``rejected``, ``no_ops``: candidates before constraints, refused by them, equal to the original. ``ladder``: severities of
    sampled noise. ``error``: type and message when ``status`` is ``error``. ``meta``: the example's extra columns, for slices.
    ``goal``: what counts as broken, a name of ``reports.goals``; a line holds it only where a recipe has a goal of its own.
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
    words_inserted: int = 0
    similarity: float | None = None
    proposed: int = 0
    rejected: int = 0
    no_ops: int = 0
    attempted: int = 0
    distinct: int = 0
    indistinguishable: int = 0
    unconfirmed: int = 0
    fresh_asked: int = 0
    fresh_reached: int = 0
    ladder: tuple[Rung, ...] = ()
    error: Mapping[str, str] | None = None
    meta: Mapping[str, Any] = _field(default_factory=dict)
    goal: str = MISCLASSIFY

    @property
    def words_touched(self) -> int:
        """Words changed and words put in: how large the edit is."""
        return self.words_changed + self.words_inserted

    def to_json(self) -> str:
        """One line of JSON, ASCII only, keys in a fixed order; raises ``ValueError`` on NaN or infinity."""
        line = _plain(self)
        line["edits"], line["ladder"] = list(map(_edit_line, self.edits)), list(map(_rung_line, self.ladder))
        for name, usual in _LEFT_OUT.items():
            if line[name] == usual:
                del line[name]
        if exact.has_halves(self.perturbed, *self.texts.values(), self.example_id, *(rung.text for rung in self.ladder)):
            line = exact.spelled(line, _plain)
        return _LINE.encode(line)

    @classmethod
    def from_json(cls, line: str) -> Outcome:
        """Read one line back; raises ``ValueError`` where it is not an outcome."""
        raw = exact.loads(line)
        if not isinstance(raw, dict):
            raise ValueError("an outcome is a JSON object")
        missing, unknown = _REQUIRED - raw.keys(), raw.keys() - _KINDS.keys()
        if missing or unknown:
            raise ValueError(f"missing keys {sorted(missing)}, unknown keys {sorted(unknown)}")
        for key, value in raw.items():
            if not isinstance(value, _KINDS[key]) or (isinstance(value, bool)):
                raise ValueError(f"{key} cannot be {value!r}")
        shapes.check_numbers(raw)
        try:
            return _outcome(raw)
        except (TypeError, KeyError, AttributeError) as problem:
            raise ValueError(f"a part of the outcome has another shape: {problem}") from None


_LEFT_OUT: Mapping[str, Any] = {
    "goal": MISCLASSIFY,
    **dict.fromkeys(("words_inserted", "indistinguishable", "unconfirmed", "fresh_asked", "fresh_reached"), 0),
}
"""What a line does not say where it is as usual."""
_REQUIRED = {"example_id", "recipe", "status", "label", "field", "texts"}
_KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("example_id", "recipe", "status", "label", "field", "goal"), (str,)),
    **dict.fromkeys(("texts", "meta"), (dict,)),
    **dict.fromkeys(("clean", "adversarial", "error"), (dict, type(None))),
    **dict.fromkeys(("edits", "ladder"), (list,)),
    **dict.fromkeys(shapes.COUNTS, (int,)),
    "perturbed": (str, type(None)),
    "similarity": (float, int, type(None)),
}


def _plain(value: Any) -> dict[str, Any]:
    """A record's fields as a dict; ``json`` calls this again for records and mappings inside it."""
    if isinstance(value, Mapping):
        return dict(value)
    return {name: getattr(value, name) for name in _names(value.__class__)}


@cache
def _names(record: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(record))


def _edit_line(edit: EditRecord) -> dict[str, Any]:
    at = {"start": edit.start, "end": edit.end, "new_start": edit.new_start, "new_end": edit.new_end}
    return {**at, "before": edit.before, "after": edit.after, "technique": edit.technique}


def _rung_line(rung: Rung) -> dict[str, Any]:
    return {"severity": rung.severity, "label": rung.label, "correct": rung.correct, "text": rung.text}


_LINE = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False, default=_plain)


def _outcome(raw: dict[str, Any]) -> Outcome:
    """An outcome from checked JSON; texts are interned, for the recipes of an example repeat them."""
    for key in ("example_id", "recipe", "status", "label", "field"):
        raw[key] = _text(raw[key])
    raw["goal"] = _text(raw.get("goal", MISCLASSIFY))
    raw["texts"] = {name: _text(text) for name, text in raw["texts"].items()}
    raw["perturbed"] = None if raw.get("perturbed") is None else _text(raw["perturbed"])
    raw["clean"] = _prediction(raw.get("clean"))
    raw["adversarial"] = _prediction(raw.get("adversarial"))
    raw["edits"] = tuple(_edit(**edit) for edit in raw.get("edits", ()))
    raw["ladder"] = tuple(_rung(**rung) for rung in raw.get("ladder", ()))
    if "distinct" not in raw:
        _reckon_tested(raw)
    outcome = Outcome(**raw)
    if outcome.status not in STATUSES:
        raise ValueError(f"status {outcome.status!r} is none of {STATUSES}")
    if outcome.status == "succeeded" and (outcome.adversarial is None or outcome.perturbed is None):
        raise ValueError("it succeeded, yet holds no perturbed text or no answer to it")
    return outcome


def _reckon_tested(raw: dict[str, Any]) -> None:
    """A line from before ``untested`` was told apart: what it counted says whether anything was tried."""
    raw["distinct"] = max(0, raw.get("attempted", 0) - raw.get("no_ops", 0))
    enough = {"failed": 1, "exhausted": FAIR_TRY}.get(raw["status"], 0)
    if raw["distinct"] < enough:
        raw["status"] = "untested"


def _text(value: Any) -> str:
    return sys.intern(_a(str, value))


def _a(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _edit(*, start: Any, end: Any, new_start: Any, new_end: Any, before: Any, after: Any, technique: Any = "") -> EditRecord:
    at = [_a(int, offset) for offset in (start, end, new_start, new_end)]
    return EditRecord(at[0], at[1], at[2], at[3], _text(before), _text(after), _text(technique))


def _rung(*, severity: Any, label: Any, correct: Any, text: Any) -> Rung:
    return Rung(_a(int, severity), _text(label), _a(bool, correct), _text(text))


def _prediction(raw: Mapping[str, Any] | None) -> PredictionRecord | None:
    if raw is None:
        return None
    scores = raw.get("scores")
    if scores is not None and not all(isinstance(s, (int, float)) and not isinstance(s, bool) for s in _a(list, scores)):
        raise TypeError(f"{scores!r} are no scores")
    return PredictionRecord(_text(raw["label"]), None if scores is None else tuple(scores))


@dataclass(frozen=True, slots=True)
class Manifest:
    """``run.json``: what ran. Everything that two runs must share to be compared is in ``comparability``.

    ``victim``: name, kind, labels, fields, access, identity. ``data``: source, digest, examples, report of what was
    dropped. ``recipes``: name, citation, level, access, profile, parameters each, in order. ``cascade``: each recipe
    attacks only what still stands. ``flags``: self-doubt flags, as ``{code, severity, message, value}``, filled at the end.
    ``finished``: False until every trial ended. ``usage``: measured totals (wall seconds, forwards, cache hits …); the
    only part that differs between two runs of the same seed. ``outcomes``: their count and an order-free digest, written at
    the end, by which a shortened or edited ``outcomes.jsonl`` is known. ``sequential``: for a run that stops as soon as its
    verdict is certain, ``looks`` and, at the end, ``drawn``, the number of examples it took; empty for a run over all.
    ``lexicons``: SHA-256 of each shipped table that attacks draw on, by file name. ``resources``: name and hashes of what the
    user brought beside victim and data: word vectors, a lexicon, named files, checkpoints of encoder, rewriter, masked LM.
    ``policy``: the policy that the run was made under, by which it is judged ever after; empty where there was none.
    ``asked``: ``recipes`` as they were asked for, suites by name, and ``limit`` of the examples, None for all.
    ``repeats``: how the victim answered the same clean texts when asked again (``texts``, ``moved``, ``flips``, ``how``), and
    ``confirm``, the fresh answers asked for each success.
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
    schema: int = SCHEMA

    @property
    def due(self) -> int:
        """How many examples must have ended: all, or those that a sequential run drew."""
        return int(self.sequential.get("drawn") or self.examples)

    @property
    def recipe_names(self) -> tuple[str, ...]:
        """Names of the recipes, in the order of the run."""
        return tuple(str(recipe["name"]) for recipe in self.recipes)

    def to_json(self) -> str:
        """The text of ``run.json``: indented, ASCII only; raises ``ValueError`` on NaN or infinity."""
        return json.dumps(_plain(self), ensure_ascii=True, indent=2, allow_nan=False, default=_plain) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read ``run.json`` back; raises ``ValueError`` where it is not a manifest of this schema."""
        raw = exact.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("run.json holds a JSON object")
        schema = raw.get("schema")
        if schema != SCHEMA or isinstance(schema, bool):
            raise ValueError(f"it has schema {schema!r}, this version reads schema {SCHEMA}; {_schema_advice(schema)}")
        known = {f.name for f in fields(cls)}
        missing, unknown = (known - _OPTIONAL) - raw.keys(), raw.keys() - known
        if missing or unknown:
            raise ValueError(f"missing keys {sorted(missing)}, unknown keys {sorted(unknown)}")
        _check_manifest(raw)
        return cls(**{**raw, "recipes": tuple(raw["recipes"]), "flags": tuple(raw.get("flags", ()))})


_OPTIONAL = {
    *("encoder", "comparability_id", "comparability", "flags", "finished"),
    *("usage", "outcomes", "sequential", "lexicons", "resources", "policy", "asked", "repeats"),
}


def _schema_advice(schema: Any) -> str:
    if isinstance(schema, int) and schema > SCHEMA:
        return "it was written by a newer version: upgrade robustness-suite"
    return "run the audit again with this version"


def _check_manifest(raw: Mapping[str, Any]) -> None:
    kinds: dict[str, type | tuple[type, ...]] = {
        **dict.fromkeys(("versions", "victim", "data", "comparability", "usage", "outcomes", "sequential"), dict),
        **dict.fromkeys(("lexicons", "resources", "policy", "asked", "repeats"), dict),
        **dict.fromkeys(("recipes", "flags"), list),
        **dict.fromkeys(("created", "profile", "comparability_id"), str),
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
        raise ValueError("each recipe is an object with a name")
    if not all(isinstance(f, dict) and isinstance(f.get("code"), str) for f in raw.get("flags", ())):
        raise ValueError("each flag is an object with a code")


def _check_asked(asked: Mapping[str, Any]) -> None:
    recipes, limit = asked.get("recipes", []), asked.get("limit")
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
        """One row per outcome; texts as ``text.NAME``, predictions as ``clean.label`` …, extra columns as ``meta.NAME``."""
        import pandas as pd

        rows = [_row(outcome) for outcome in self.outcomes]
        names = list(dict.fromkeys(name for row in rows for name in row)) or _COLUMNS
        columns = {name: [row.get(name) for row in rows] for name in names}
        return pd.DataFrame({name: pd.Series(values, dtype=_dtype(values)) for name, values in columns.items()})


def _dtype(values: list[Any]) -> type | None:
    """``object`` for text: Arrow strings cannot hold the lone surrogates that an attack may make."""
    return object if any(isinstance(value, str) for value in values) else None


_COLUMNS = [f.name for f in fields(Outcome) if f.name not in ("texts", "clean", "adversarial", "meta", "error")]


def _row(outcome: Outcome) -> dict[str, Any]:
    row = {name: getattr(outcome, name) for name in _COLUMNS}
    for side in ("clean", "adversarial"):
        prediction: PredictionRecord | None = getattr(outcome, side)
        row[f"{side}.label"] = prediction.label if prediction else None
        row[f"{side}.scores"] = prediction.scores if prediction else None
    row["error"] = ": ".join(outcome.error.values()) if outcome.error else None
    row.update({f"text.{name}": text for name, text in outcome.texts.items()})
    row.update({f"meta.{name}": value for name, value in outcome.meta.items()})
    return row
