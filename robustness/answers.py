"""Checks what a victim returned: one valid row per input, or an error that says what came. Nothing is repaired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

from attacks.search import Prediction
from robustness.errors import AnswerError
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
        shown = "[" + ", ".join(f"{x:g}" for x in row[:6]) + "]"
        self.examples[kind] = min(shown, self.examples.get(kind, shown))

    def look(self, scores: Sequence[float]) -> None:
        """Count a row of finite scores."""
        _look(tuple(scores), sum(scores), max(scores), self)


def read_answers(raw: Any, count: int, info: VictimInfo, oddities: AnswerOddities) -> list[Prediction]:
    """Predictions for ``count`` inputs from what the victim returned.

    Raises:
        AnswerError: wrong type, wrong number of rows or classes, NaN or infinite scores, unknown labels.
    """
    rows = _as_list(raw)
    if len(rows) != count:
        raise AnswerError(
            f"the victim was asked about {count} inputs and returned {len(rows)} rows; it must return one row per input"
        )
    if info.access == "labels":
        return [Prediction(_label(row, info.labels)) for row in rows]
    return [_scored(row, info, oddities) for row in rows]


def _as_list(raw: Any) -> list[Any]:
    for method in ("tolist", "to_list"):
        if hasattr(raw, method):
            raw = getattr(raw, method)()
            break
    if raw is None or isinstance(raw, (str, bytes, dict)):
        raise AnswerError(f"the victim returned {_shown(raw)}; expected a list or array with one row per input")
    try:
        return list(raw)
    except TypeError:
        raise AnswerError(f"the victim returned {_shown(raw)}; expected a list or array with one row per input") from None


def _label(row: Any, labels: tuple[str, ...]) -> int:
    if isinstance(row, str):
        if row not in labels:
            raise AnswerError(f"the victim answered the label {row!r}; it declares {list(labels)}")
        return labels.index(row)
    if isinstance(row, bool) or not isinstance(row, Integral):
        raise AnswerError(f"the victim answered {_shown(row)}; a label-only victim must answer label names or indexes")
    if not 0 <= int(row) < len(labels):
        raise AnswerError(f"the victim answered label index {int(row)}; it declares {len(labels)} labels: {list(labels)}")
    return int(row)


def _scored(row: Any, info: VictimInfo, oddities: AnswerOddities) -> Prediction:
    scores = _floats(row)
    if len(scores) != len(info.labels):
        raise AnswerError(
            f"the victim gave {len(scores)} scores for one input; it declares {len(info.labels)} labels: {list(info.labels)}"
        )
    total = sum(scores)
    if not math.isfinite(total) and not all(map(math.isfinite, scores)):  # finite numbers can add up to infinity
        raise AnswerError(f"the victim gave scores that are not finite: {list(scores)}; expected finite numbers")
    high = max(scores)
    _look(scores, total, high, oddities)
    return Prediction(scores.index(high), scores)


def _floats(row: Any) -> tuple[float, ...]:
    if isinstance(row, (str, bytes, dict)) or row is None:
        raise AnswerError(
            f"the victim answered {_shown(row)}; expected one score per label "
            "(a victim that gives labels only must say so: --access labels)"
        )
    try:
        return tuple(map(float, row))
    except (TypeError, ValueError):
        raise AnswerError(
            f"the victim answered {_shown(row)}; expected one number per label "
            "(a victim that gives labels only must say so: --access labels)"
        ) from None


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


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:80]}{'…' if len(text) > 80 else ''} ({type(value).__name__})"
