"""Regression: one number for a text or a pair, such as a similarity or a rating. Right is near the reference; broken is far.

Near is up to a tolerance in the units of the victim's numbers. The default, 0.1, is a tenth of a similarity between 0 and 1;
for another scale say how far a number may be off before somebody would act otherwise: ``moved-by:0.5`` for marks from 0 to 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from attacks.search import Input, Judgement
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Number, Shown, Unusable
from robustness.tasks.reading.named_answers import plain_list
from robustness.tasks.reading.rows import shown
from robustness.tasks.task import Goal, GoalKind, Measure, Seen, Space, Task

TOLERANCE = 0.1
SAME = 1e-4
_DECIMALS = 4
_DIRECTIONS = {"moved-by": 0, "raised-by": 1, "lowered-by": -1}
NumberSeen = Seen[float, Number]


def anchor(seen: NumberSeen) -> float:
    """The number that is right; the clean answer's where the data name none."""
    return seen.clean.value if seen.reference is None else seen.reference


@dataclass(frozen=True, slots=True)
class Moved:
    """A number further than ``tolerance`` from the right one: on either side (``direction`` 0), above (1) or below (-1).

    Score: the distance, in the units of the numbers.
    """

    direction: int = 0
    tolerance: float = TOLERANCE

    @property
    def name(self) -> str:
        """How it is asked for."""
        word = next(word for word, direction in _DIRECTIONS.items() if direction == self.direction)
        return f"{word}:{self.tolerance!r}"

    def judge(self, answer: Number, seen: NumberSeen) -> Judgement:
        """Broken is what lies beyond the tolerance."""
        distance = answer.value - anchor(seen)
        score = abs(distance) if not self.direction else distance * self.direction
        return Judgement(score, score > self.tolerance)


class Regression(Task[float, Number]):
    """One number for each input."""

    name = "regression"
    summary = "a number for a text or a pair"
    references = ("score", "similarity", "similarity_score", "rating", "target", "label")
    reference_needed = False
    measures = (Measure("absolute_error", "mean absolute error"),)
    goals = (
        GoalKind(
            "moved-by:TOLERANCE", f"a number further than this from the right one, in its own units; {TOLERANCE} by default"
        ),
        GoalKind("raised-by:TOLERANCE", "a number too high by more than this"),
        GoalKind("lowered-by:TOLERANCE", "a number too low by more than this"),
    )

    def reference(self, cell: object, inputs: Input, space: Space) -> float:
        """A finite number, or a text that is one."""
        if isinstance(cell, bool) or not isinstance(cell, (str, Real)):
            raise ValueError(f"expected a number, got {shown(cell)}")
        try:
            number = float(cell)
        except ValueError:
            comma = isinstance(cell, str) and cell.count(",") == 1
            hint = "; write decimals with a point" if comma else ""
            raise ValueError(f"expected a number, got {cell!r}{hint}") from None
        if not math.isfinite(number):
            raise ValueError(f"expected a finite number, got {cell!r}")
        return number

    def answer(self, row: Any, inputs: Input, space: Space) -> Number | Unusable:
        """A number, a text that is one, an array of one, or a mapping with one under ``score``."""
        value = _bare(row)
        if value is None or (isinstance(value, str) and not value.strip()):
            return Unusable("empty", f"the victim answered {shown(row)}; expected a number")
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                return Unusable("unparsed", f"the victim answered {shown(row)}; expected a number, or a text that is one")
        if isinstance(value, bool) or not isinstance(value, Real):
            raise AnswerError(
                f"the victim answered {shown(row)}; expected one number for each input, or a mapping with one under 'score'"
            )
        number = float(value)
        if not math.isfinite(number):
            raise AnswerError(f"the victim answered {shown(row)}; expected a finite number")
        return Number(number)

    def goal(self, spec: str, space: Space) -> Goal[float, Number]:
        """``moved-by``, ``raised-by`` or ``lowered-by``, each with ``:TOLERANCE``."""
        word, colon, text = (spec or "moved-by").partition(":")
        if word not in _DIRECTIONS:
            raise self.unknown_goal(spec)
        if not colon:
            return Moved(_DIRECTIONS[word])
        try:
            tolerance = float(text)
        except ValueError:
            tolerance = -1.0
        if not 0.0 < tolerance < math.inf:
            raise UsageError(
                f"{word} expects a tolerance above 0 in the units of the victim's numbers, such as {word}:{TOLERANCE}, "
                f"got {spec!r}"
            )
        return Moved(_DIRECTIONS[word], tolerance)

    def right(self, answer: Number, seen: NumberSeen) -> bool:
        """Whether it lies within the default tolerance."""
        return abs(answer.value - anchor(seen)) <= TOLERANCE

    def right_for(self, goal: Goal[float, Number], answer: Number, seen: NumberSeen) -> bool:
        """Whether it lies within the goal's tolerance, on either side."""
        tolerance = goal.tolerance if isinstance(goal, Moved) else TOLERANCE
        return abs(answer.value - anchor(seen)) <= tolerance

    def measure(self, answer: Number, seen: NumberSeen) -> Mapping[str, Any]:
        """The distance from the right number."""
        return {"absolute_error": abs(answer.value - anchor(seen))}

    def gist(self, answer: Number) -> float:
        """The number without its last digits."""
        return round(answer.value, _DECIMALS)

    def same(self, one: Number, other: Number) -> bool:
        """Equal but for the last digits."""
        return math.isclose(one.value, other.value, rel_tol=SAME, abs_tol=SAME)

    def show(self, answer: Number, space: Space) -> Shown:
        """Four decimals in the line, all of them as JSON."""
        return Shown(_line(answer.value), answer=answer.value)

    def show_reference(self, reference: float | None, space: Space) -> str:
        """Four decimals at most."""
        return "" if reference is None else _line(reference)

    def cell(self, reference: float | None, space: Space) -> Any:
        """The number itself."""
        return reference


def _line(number: float) -> str:
    return f"{number:.{_DECIMALS}g}" if abs(number) < 1e-3 or abs(number) >= 1e6 else f"{round(number, _DECIMALS):.10g}"


def _bare(row: Any) -> Any:
    """What stands in an array of one, a pipeline's list of one, or a mapping under ``score``."""
    if hasattr(row, "item") and not isinstance(row, str) and getattr(row, "size", 1) == 1:
        row = row.item()
    values = plain_list(row)
    if values is not None and len(values) == 1:
        return _bare(values[0])
    if isinstance(row, Mapping):
        return _bare(row["score"]) if "score" in row else row
    return row
