"""Checks what a victim returned: one valid row per input, or an error that says what came. Nothing is repaired or guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from attacks.search import Prediction
from robustness.errors import AnswerError
from robustness.tasks.reading.named_answers import (
    LABELS_ONLY,
    ONE_TEXT,
    advice,
    named_label,
    named_scores,
    plain_list,
)
from robustness.tasks.reading.rows import as_list, shown
from robustness.victims.base import VictimInfo

SUM_TOLERANCE = 1e-3
ROUNDED_DECIMALS = 3


@dataclass(slots=True)
class AnswerOddities:
    """Counts of rows that are usable but odd; they become flags in the report."""

    rows: int = 0
    not_summing: int = 0
    out_of_range: int = 0
    rounded: int = 0
    ties: int = 0
    examples: dict[str, str] = field(default_factory=dict)

    def note(self, kind: str, row: Sequence[float]) -> None:
        """Keep one row of each kind as an example for the message, the same one in whatever order they come."""
        cut = "[" + ", ".join(f"{x:g}" for x in row[:6]) + "]"
        self.examples[kind] = min(cut, self.examples.get(kind, cut))

    def look(self, scores: Sequence[float]) -> None:
        """Count a row of finite scores."""
        _look(tuple(scores), sum(scores), max(scores), self)


def read_answers(raw: Any, count: int, info: VictimInfo, oddities: AnswerOddities) -> list[Prediction]:
    """Predictions for ``count`` inputs from what the victim returned: rows in label order, or rows that name their labels.

    Raises:
        AnswerError: wrong type, wrong number of rows or classes, NaN or infinite scores, unknown labels.
    """
    rows = as_list(raw)
    if len(rows) != count:
        hint = f" ({ONE_TEXT})" if _is_one_row(rows, info) else ""
        raise AnswerError(
            f"the victim was asked about {count} inputs and returned {len(rows)} rows; it must return one row per input{hint}"
        )
    if info.access == "labels":
        return [Prediction(_label(row, info.labels)) for row in rows]
    return [_scored(row, info, oddities) for row in rows]


def _is_one_row(rows: list[Any], info: VictimInfo) -> bool:
    """Whether these rows look like the scores of one text, one by one."""
    return len(rows) == len(info.labels) and all(isinstance(row, (Real, Mapping)) for row in rows)


def _label(row: Any, labels: tuple[str, ...]) -> int:
    if type(row) is str and row in labels:
        return labels.index(row)
    row = named_label(row, labels)
    if isinstance(row, bool) and str(row) in labels:
        return labels.index(str(row))
    if isinstance(row, str):
        if row not in labels:
            raise AnswerError(f"the victim answered the label {row!r}; it declares {list(labels)}{advice([row], labels)}")
        return labels.index(row)
    if isinstance(row, bool) or not isinstance(row, Integral):
        scores = " (these look like scores: a victim that gives them is asked with --access scores)" if _numbers(row) else ""
        raise AnswerError(f"the victim answered {shown(row)}; a label-only victim must answer label names or indexes{scores}")
    return _index(int(row), labels)


def _index(number: int, labels: tuple[str, ...]) -> int:
    """A whole number as the label of that name where names are numbers, else as an index from 0."""
    if not counts_from_zero(labels):
        if str(number) in labels:
            return labels.index(str(number))
        raise AnswerError(
            f"the victim answered the number {number}, and the names of its labels contain numbers of their own: "
            f"{list(labels)}; which one it means cannot be told: return the names"
        )
    if not 0 <= number < len(labels):
        raise AnswerError(f"the victim answered label index {number}; it declares {len(labels)} labels: {list(labels)}")
    return number


def counts_from_zero(labels: Sequence[str]) -> bool:
    """Whether a number can be read as an index: no label's name holds a number, or each holds its own index."""
    numbers = [re.findall(r"\d+", label) for label in labels]
    return not any(numbers) or all(str(i) in found for i, found in enumerate(numbers))


def _numbers(row: Any) -> bool:
    values = plain_list(row)
    return bool(values) and all(isinstance(value, Real) for value in values or ())


def _scored(row: Any, info: VictimInfo, oddities: AnswerOddities) -> Prediction:
    scores = _floats(row, info.labels)
    if len(scores) != len(info.labels):
        raise AnswerError(
            f"the victim gave {len(scores)} scores for one input; it declares {len(info.labels)} labels: {list(info.labels)}"
            f"{_probability(scores[0], info.labels) if len(scores) == 1 else ''}"
        )
    total = sum(scores)
    if not math.isfinite(total) and not all(map(math.isfinite, scores)):  # finite numbers can add up to infinity
        raise AnswerError(f"the victim gave scores that are not finite: {list(scores)}; expected finite numbers")
    high = max(scores)
    _look(scores, total, high, oddities)
    return Prediction(scores.index(high), scores)


def _floats(row: Any, labels: tuple[str, ...]) -> tuple[float, ...]:
    if type(row) is not list or not row or type(row[0]) is not float:  # else surely plain scores: most rows are
        row = named_scores(row, labels)
    if isinstance(row, (str, bytes, Mapping, Set)) or row is None:
        raise AnswerError(f"the victim answered {shown(row)}; expected one score per label ({LABELS_ONLY})")
    try:
        return tuple(map(float, row))
    except (TypeError, ValueError):
        hint = _probability(row, labels) if isinstance(row, Real) else f" ({LABELS_ONLY})"
        raise AnswerError(f"the victim answered {shown(row)}; expected one number per label{hint}") from None


def _probability(row: Any, labels: tuple[str, ...]) -> str:
    """What to do about one number for a text: it may be the probability of either label, a margin, or a class index."""
    if isinstance(row, (bool, Integral)):
        return f" (if it is the index of a label: {LABELS_ONLY})"
    if len(labels) != 2:
        return ""
    return f"; if it is the probability of {labels[1]!r}, return [1 - p, p] for each text ({labels[0]!r} first), else [p, 1 - p]"


def _look(scores: tuple[float, ...], total: float, high: float, oddities: AnswerOddities) -> None:
    oddities.rows += 1
    if abs(total - 1.0) > SUM_TOLERANCE:
        oddities.not_summing += 1
        oddities.note("not_summing", scores)
    if high > 1.0 or min(scores) < 0.0:
        oddities.out_of_range += 1
        oddities.note("out_of_range", scores)
    if _is_rounded(high) and all(map(_is_rounded, scores)):  # mostly the first look tells
        oddities.rounded += 1
        oddities.note("rounded", scores)
    if len(scores) > 1 and scores.count(high) > 1:
        oddities.ties += 1


def _is_rounded(score: float) -> bool:
    return score == round(score, ROUNDED_DECIMALS)
