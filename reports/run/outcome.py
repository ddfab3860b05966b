"""An outcome: the end of one trial, as one line of ``outcomes.jsonl``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as _field
from functools import cache
from typing import Any, TypeVar

from reports.files import exact
from reports.run import shapes
from reports.run.upgrade import MISCLASSIFY, upgraded_outcome

T = TypeVar("T")
FAIR_TRY = 10
"""Texts that a spent budget must have tried, for lines that do not say how many were told apart."""
STATUSES = ("succeeded", "failed", "skipped", "exhausted", "error", "untested", "undecided")


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer as it was judged and is shown; nothing that reads it needs to know its task.

    ``shown``: the answer in a line. ``score``: how close to the goal. ``quality``: how good by the task's measure, 0 to 1; None
    for a task without one. ``scores``: in the order of the run's labels, absent where the victim gives none. ``spans``:
    (start, end, label) in the attacked text, offsets in code points. ``answer``: what brings the answer back where ``shown``
    does not. ``measures``: the task's own numbers by name; three for one that is pooled. ``kind``: what kind of an answer it is,
    where that says more than right or wrong: ``refused``, or ``invalid`` for one that is not in the form that was asked for.
    """

    shown: str
    scores: tuple[float, ...] | None = None
    score: float | None = None
    quality: float | None = None
    spans: tuple[tuple[int, int, str], ...] = ()
    answer: Any = None
    measures: Mapping[str, Any] = _field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True, slots=True)
class EditRecord:
    """One contiguous change in the attacked field; offsets in code points of the original and of the perturbed text.

    What a file holds of an ``attacks.words.Edit``, field by field; neither package imports the other.
    """

    start: int
    end: int
    new_start: int
    new_end: int
    before: str
    after: str
    technique: str = ""


@dataclass(frozen=True, slots=True)
class Rung:
    """One severity of a noise ladder: what the victim said at it and whether it held. ``text`` is the noisy text."""

    severity: int
    shown: str
    held: bool
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one trial: one recipe on one example. One line of ``outcomes.jsonl``.

    ``texts``: the original's fields by name. ``field``: the attacked one. ``perturbed``: its text after the attack
    (the winner's when it succeeded, else the closest attempt, else None).
    ``clean``, ``best``: the victim's answers to the original and to it. ``reference``: what is right,
    in a line; ``gold``: as the task reads it, None where the line does. ``stratum``: the group that slices keep apart, None
    where there is none.
    ``queries``: distinct inputs this trial asked about, the clean one included. ``forwards``: those of them that had to be
    computed for it, the clean answer being shared by an example's recipes. ``words_changed`` of ``words``: original words that
    were replaced or removed; ``words_inserted``: words inserted besides.
    ``similarity``: cosine to the original by the run's encoder. ``status``: ``succeeded``; ``failed`` (the attack came to its
    end) or ``exhausted`` (its budget was spent), both after a fair try; ``untested`` (no fair try: too few texts that the
    victim can tell from the original, or none); ``undecided`` (a success was found that fresh answers neither confirmed nor
    refuted); ``skipped`` (wrong on the clean text, or no answer to it); ``error``. ``distinct``: texts tried
    that the victim can tell from the original; ``indistinguishable``: those that it cannot. ``unconfirmed``: successes of the
    search that fresh answers refuted; ``undecided``: those that they neither confirmed nor refuted. ``fresh_asked``,
    ``fresh_reached``: fresh answers to the winner, and those that reached the goal too; ``control_asked``, ``control_reached``:
    the same of the original, asked for the last success that needed it. ``unusable``: texts to which the victim returned no
    answer that counts, by kind.
    ``details``: what else an attack wrote down, by name.
    ``proposed``, ``rejected``, ``no_ops``: candidates before
    constraints, refused by them, equal to the original. ``ladder``: severities of sampled noise. ``error``: type and
    message when ``status`` is ``error``. ``meta``: the example's extra columns, for slices. ``goal``: what counts as broken,
    a line holds it
    only where it is not ``misclassify``.
    """

    example_id: str
    recipe: str
    status: str
    reference: str
    field: str
    texts: Mapping[str, str]
    clean: Judged | None = None
    best: Judged | None = None
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
    gold: Any = None
    stratum: str | None = None
    unusable: Mapping[str, int] = _field(default_factory=dict)
    details: Mapping[str, Any] = _field(default_factory=dict)
    undecided: int = 0
    control_asked: int = 0
    control_reached: int = 0

    @property
    def no_answer(self) -> str:
        """The kind of what the victim returned to the clean text in place of an answer (``empty`` …); empty where it answered."""
        return "" if self.clean is not None else str((self.error or {}).get("kind", ""))

    @property
    def words_touched(self) -> int:
        """Words changed and words put in: how large the edit is."""
        return self.words_changed + self.words_inserted

    def to_json(self) -> str:
        """One line of JSON, ASCII only, keys in a fixed order; raises ``ValueError`` on NaN or infinity."""
        line = plain(self)
        line["edits"], line["ladder"] = list(map(_edit_line, self.edits)), list(map(_rung_line, self.ladder))
        line["clean"], line["best"] = judged_line(self.clean), judged_line(self.best)
        if self.stratum == self.reference:
            del line["stratum"]
        for name, usual in _LEFT_OUT.items():
            if line[name] == usual:
                del line[name]
        if exact.has_halves(self.perturbed, *self.texts.values(), self.example_id, *(rung.text for rung in self.ladder)):
            line = exact.spelled(line, plain)
        return _LINE.encode(line)

    @classmethod
    def from_json(cls, line: str, labels: Sequence[str] = ()) -> Outcome:
        """Read one line back, of this schema or an older one; raises ``ValueError`` where it is not an outcome.

        ``labels``: of the run's victim; by them a line of schema 1 gets the scores of its goal.
        """
        raw = exact.loads(line)
        if not isinstance(raw, dict):
            raise ValueError("expected a JSON object")
        raw = upgraded_outcome(raw, labels)
        missing, unknown = _REQUIRED - raw.keys(), raw.keys() - _KINDS.keys()
        if missing or unknown:
            raise ValueError(f"missing keys {sorted(missing)}, unknown keys {sorted(unknown)}")
        for key, value in raw.items():
            if not isinstance(value, _KINDS[key]) or (isinstance(value, bool) and key != "gold"):
                raise ValueError(f"{key} cannot be {value!r}")
        shapes.check_numbers(raw)
        try:
            return _outcome(raw)
        except (TypeError, KeyError, AttributeError) as problem:
            raise ValueError(f"a part of the outcome has the wrong shape: {problem}") from None


_LEFT_OUT: Mapping[str, Any] = {
    "goal": MISCLASSIFY,
    "gold": None,
    "unusable": {},
    "details": {},
    **dict.fromkeys(("words_inserted", "indistinguishable", "unconfirmed", "fresh_asked", "fresh_reached"), 0),
    **dict.fromkeys(("undecided", "control_asked", "control_reached"), 0),
}
"""What a line does not say where it is as usual."""
_REQUIRED = {"example_id", "recipe", "status", "reference", "field", "texts"}
_KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("example_id", "recipe", "status", "reference", "field", "goal"), (str,)),
    **dict.fromkeys(("texts", "meta", "unusable", "details"), (dict,)),
    **dict.fromkeys(("clean", "best", "error"), (dict, type(None))),
    **dict.fromkeys(("edits", "ladder"), (list,)),
    **dict.fromkeys(("queries", "forwards", "words_changed", "words", "words_inserted"), (int,)),
    **dict.fromkeys(("proposed", "rejected", "no_ops", "attempted"), (int,)),
    **dict.fromkeys(("distinct", "indistinguishable", "unconfirmed", "fresh_asked", "fresh_reached"), (int,)),
    **dict.fromkeys(("undecided", "control_asked", "control_reached"), (int,)),
    "perturbed": (str, type(None)),
    "stratum": (str, type(None)),
    "gold": (object,),
    "similarity": (float, int, type(None)),
}


def plain(value: Any) -> dict[str, Any]:
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
    return {"severity": rung.severity, "shown": rung.shown, "held": rung.held, "text": rung.text}


def judged_line(judged: Judged | None) -> dict[str, Any] | None:
    """A judged answer as JSON holds it: what is absent is left out."""
    if judged is None:
        return None
    line: dict[str, Any] = {"shown": judged.shown}
    for name in ("score", "quality", "answer"):
        if getattr(judged, name) is not None:
            line[name] = getattr(judged, name)
    if judged.scores is not None:
        line["scores"] = list(judged.scores)
    if judged.spans:
        line["spans"] = [list(span) for span in judged.spans]
    if judged.measures:
        line["measures"] = dict(judged.measures)
    if judged.kind:
        line["kind"] = judged.kind
    return line


_LINE = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False, default=plain)


def _outcome(raw: dict[str, Any]) -> Outcome:
    """An outcome from checked JSON; texts are interned, for the recipes of an example repeat them."""
    for key in ("example_id", "recipe", "status", "reference", "field"):
        raw[key] = _text(raw[key])
    raw["goal"] = _text(raw.get("goal", MISCLASSIFY))
    raw["texts"] = {name: _text(text) for name, text in raw["texts"].items()}
    raw["perturbed"] = None if raw.get("perturbed") is None else _text(raw["perturbed"])
    raw["clean"] = _judged(raw.get("clean"))
    raw["best"] = _judged(raw.get("best"))
    raw["stratum"] = raw.get("stratum") if "stratum" in raw else raw["reference"]
    raw["edits"] = tuple(_edit(**edit) for edit in raw.get("edits", ()))
    raw["ladder"] = tuple(_rung(**rung) for rung in raw.get("ladder", ()))
    if "distinct" not in raw:
        _reckon_tested(raw)
    outcome = Outcome(**raw)
    if outcome.status not in STATUSES:
        raise ValueError(f"status {outcome.status!r} is not one of {STATUSES}")
    if outcome.status == "succeeded" and (outcome.best is None or outcome.perturbed is None):
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
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value


def _edit(*, start: Any, end: Any, new_start: Any, new_end: Any, before: Any, after: Any, technique: Any = "") -> EditRecord:
    at = [_a(int, offset) for offset in (start, end, new_start, new_end)]
    return EditRecord(at[0], at[1], at[2], at[3], _text(before), _text(after), _text(technique))


def _rung(*, severity: Any, shown: Any, held: Any, text: Any) -> Rung:
    return Rung(_a(int, severity), _text(shown), _a(bool, held), _text(text))


def _judged(raw: Mapping[str, Any] | None) -> Judged | None:
    if raw is None:
        return None
    unknown = raw.keys() - _JUDGED
    if unknown:
        raise TypeError(f"a judged answer has no {sorted(unknown)}")
    scores = raw.get("scores")
    if scores is not None:
        scores = tuple(_number(score) for score in _a(list, scores))
    spans = tuple((_a(int, start), _a(int, end), _text(label)) for start, end, label in raw.get("spans", ()))
    score, quality = (None if raw.get(name) is None else _number(raw[name]) for name in ("score", "quality"))
    measures = _a(dict, raw.get("measures", {}))
    return Judged(_text(raw["shown"]), scores, score, quality, spans, raw.get("answer"), measures, _text(raw.get("kind", "")))


_JUDGED = frozenset(_field_.name for _field_ in fields(Judged))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    return value
