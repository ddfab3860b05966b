"""Stored predictions as a victim, for systems that cannot be called: score exported texts elsewhere, audit the file.

A file (CSV, TSV or JSONL, UTF-8) has one row per input: a column per text field, and either ``prediction`` (a label
name) or one ``score_<label>`` column per label; JSONL may hold ``scores`` as an object instead. A column ``label`` is
the gold label and is never read as a prediction: a file that was exported but not scored would look perfect.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError, VictimError
from robustness.victims.base import PlainVictim, VictimInfo

PREFIX = "score_"
Line = tuple[int, Mapping[str, Any]]


class PredictionsVictim(PlainVictim):
    """Replays answers by exact text."""

    def __init__(self, info: VictimInfo, answers: Mapping[Input, Any]) -> None:
        self._info, self._answers = info, answers

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[Any]:
        """The stored answer to each input.

        Raises:
            VictimError: an input is not in the file.
        """
        unknown = [i for i in inputs if i not in self._answers]
        if unknown:
            raise VictimError(
                f"{len(unknown)} of {len(inputs)} texts have no stored prediction, the first is {ascii(unknown[0])[:120]}; "
                "only texts exported by `robustness perturb` have one: export them, score them elsewhere, and audit that file"
            )
        return [self._answers[i] for i in inputs]


def load_predictions(
    file: str | Path, *, fields: Sequence[str] = ("text",), labels: Sequence[str] | None = None
) -> PredictionsVictim:
    """Read stored predictions.

    ``labels`` fixes the label order of a file with ``prediction``; otherwise the names are sorted.

    Raises:
        UsageError: an unreadable file, missing columns, an empty or odd cell, or two answers to one input.
    """
    path = Path(file).expanduser()
    raw = _bytes(path)
    lines = list(_lines(path, raw))
    if not lines:
        raise UsageError(f"{path} holds no predictions; expected one row per text")
    _check_fields(path, lines[0], fields)
    names, answers, access = _scores(path, lines, fields) or _labels(path, lines, fields)
    if labels is not None:
        names = _ordered(path, names, labels, access)
    info = VictimInfo(
        name=f"predictions:{path.name}",
        kind="predictions",
        labels=names,
        fields=tuple(fields),
        access=access,
        identity=(("file", sha256(raw).hexdigest()),),
        deterministic=True,
    )
    return PredictionsVictim(info, answers)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UsageError(f"cannot read predictions from {path}: {problem.strerror}") from problem


def _lines(path: Path, raw: bytes) -> Iterator[Line]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UsageError(f"{path} is not UTF-8 (byte {problem.start}); save it as UTF-8") from problem
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from _json_lines(path, text)
    elif path.suffix.lower() in (".csv", ".tsv"):
        yield from _table_lines(path, text, "\t" if path.suffix.lower() == ".tsv" else ",")
    else:
        raise UsageError(f"{path}: predictions are read from .csv, .tsv or .jsonl, got {path.suffix or 'no suffix'!r}")


def _json_lines(path: Path, text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as problem:
            raise UsageError(f"{path}, line {number}: not JSON ({problem.msg})") from problem
        if not isinstance(row, dict):
            raise UsageError(f"{path}, line {number}: expected a JSON object, got {type(row).__name__}")
        scores = row.pop("scores", None)
        if isinstance(scores, dict):
            row |= {PREFIX + name: value for name, value in scores.items()}
        yield number, row


def _table_lines(path: Path, text: str, separator: str) -> Iterator[Line]:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise UsageError(
                    f"{path}, line {reader.line_num}: {len(reader.fieldnames or ())} columns were expected, as in the header"
                )
            yield reader.line_num, row
    except csv.Error as problem:
        raise UsageError(f"{path}, line {reader.line_num}: {problem}") from problem


def _check_fields(path: Path, first: Line, fields: Sequence[str]) -> None:
    missing = [f for f in fields if f not in first[1]]
    if missing:
        raise UsageError(
            f"{path} has no column {missing[0]!r}; it has {', '.join(map(str, first[1]))}; name the text columns with --fields"
        )


def _scores(path: Path, lines: Sequence[Line], fields: Sequence[str]) -> tuple[tuple[str, ...], dict[Input, Any], str] | None:
    columns = [c for c in lines[0][1] if c.startswith(PREFIX) and c != PREFIX]
    if not columns:
        return None
    answers = _collect(path, lines, fields, lambda number, row: [_number(path, number, c, row.get(c)) for c in columns])
    return tuple(c.removeprefix(PREFIX) for c in columns), answers, "scores"


def _labels(path: Path, lines: Sequence[Line], fields: Sequence[str]) -> tuple[tuple[str, ...], dict[Input, Any], str]:
    if "prediction" not in lines[0][1]:
        raise UsageError(
            f"{path} holds no predictions: expected a column 'prediction' with label names, or columns {PREFIX}<label>; "
            f"it has {', '.join(map(str, lines[0][1]))} (a column 'label' is taken for the gold label)"
        )
    answers = _collect(path, lines, fields, lambda number, row: _name(path, number, row.get("prediction")))
    return tuple(sorted(set(answers.values()))), answers, "labels"


def _collect(path: Path, lines: Sequence[Line], fields: Sequence[str], answer: Any) -> dict[Input, Any]:
    answers: dict[Input, Any] = {}
    seen: dict[Input, int] = {}
    for number, row in lines:
        key = tuple(_text(path, number, f, row.get(f)) for f in fields)
        value = answer(number, row)
        if key in answers and answers[key] != value:
            raise UsageError(f"{path}: lines {seen[key]} and {number} hold different predictions for the same text")
        answers[key] = value
        seen.setdefault(key, number)
    return answers


def _text(path: Path, number: int, field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{path}, line {number}: {field!r} must be a text, got {value!r}")
    return value


def _name(path: Path, number: int, value: Any) -> str:
    if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
        raise UsageError(f"{path}, line {number}: 'prediction' must be a label name, got {value!r}")
    return str(value)


def _number(path: Path, number: int, column: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"{path}, line {number}: {column!r} must be a number, got {value!r}") from None


def _ordered(path: Path, names: tuple[str, ...], labels: Sequence[str], access: str) -> tuple[str, ...]:
    wanted = tuple(labels)
    unknown = [n for n in names if n not in wanted]
    if unknown or (access == "scores" and wanted != names):
        raise UsageError(f"{path} holds the labels {', '.join(names)}, but these were named: {', '.join(wanted)}")
    return wanted
