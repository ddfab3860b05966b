"""A panel: one instruction put to many examples at once (``--universal``). Its answer is how many of them are right.

An answer that is none, truncated or unparsed say, is neither right nor wrong: it does not break a panel, because it might have
been right, and it does not carry one, because it might have been wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attacks.search import Input, Judgement
from robustness.errors import AnswerError
from robustness.tasks.answers import Panel, Shown
from robustness.tasks.task import Goal, GoalKind, Measure, Seen, Space, Task, share_in

PanelSeen = Seen[float, Panel]
LOSS = 0.1


@dataclass(frozen=True, slots=True)
class Loses:
    """At least this much accuracy less than with the clean instruction. Score: how wrong the panel is in the mean."""

    points: float

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"loses:{self.points:g}"

    def applies(self, clean: Panel) -> bool:
        """Where there is as much to lose."""
        return clean.least >= self.points

    def judge(self, answer: Panel, seen: PanelSeen) -> Judgement:
        """Broken is what falls as far even if every answer that is none were right."""
        return Judgement(answer.score, answer.most <= seen.clean.least - self.points + 1e-9, answer.least)


@dataclass(frozen=True, slots=True)
class AccuracyBelow:
    """Less accuracy than stated. Score: how wrong the panel is in the mean."""

    share: float

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"accuracy-below:{self.share:g}"

    def applies(self, clean: Panel) -> bool:
        """Where the clean instruction reaches it."""
        return clean.least >= self.share

    def judge(self, answer: Panel, seen: PanelSeen) -> Judgement:
        """Broken is what falls below even if every answer that is none were right."""
        return Judgement(answer.score, answer.most < self.share, answer.least)


class PanelTask(Task[float, Panel]):
    """Accuracy of one instruction over a panel. The reference is the accuracy of always giving the most common right answer."""

    name = "panel"
    summary = "how many of a panel of examples are right under one instruction (--universal)"
    fields = ("instruction", "panel")
    graded = True
    reference_needed = False
    measures = (Measure("panel_accuracy", "accuracy over the panel"),)
    goals = (
        GoalKind("loses:SHARE", f"at least this much accuracy less than with the clean instruction, {LOSS:g} by default"),
        GoalKind("accuracy-below:SHARE", "less accuracy than this"),
    )

    def reference(self, cell: object, inputs: Input, space: Space) -> float:
        """A share."""
        if isinstance(cell, bool) or not isinstance(cell, (int, float)) or not 0 <= cell <= 1:
            raise ValueError(f"expected the share of the most common right answer, 0 to 1, got {cell!r}")
        return float(cell)

    def answer(self, row: Any, inputs: Input, space: Space) -> Panel:
        """A mapping of the fields of ``Panel``."""
        if not isinstance(row, Mapping):
            raise AnswerError(f"expected what a panel answered, got {row!r}")
        return Panel(**row)

    def goal(self, spec: str, space: Space) -> Goal[float, Panel]:
        """``loses:SHARE`` or ``accuracy-below:SHARE``."""
        word, _, share = spec.partition(":")
        if word in ("", "loses"):
            return Loses(share_in(spec, "loses", LOSS))
        if word != "accuracy-below" or not share:
            raise self.unknown_goal(spec)
        return AccuracyBelow(share_in(spec, word, 1.0))

    def right(self, answer: Panel, seen: PanelSeen) -> bool:
        """Better than always giving the most common answer, and not always the same: else nothing could be lost."""
        return not answer.alike and (seen.reference is None or answer.least > seen.reference)

    def right_for(self, goal: Goal[float, Panel], answer: Panel, seen: PanelSeen) -> bool:
        """Right, and with as much accuracy as the goal takes away."""
        applies = getattr(goal, "applies", None)
        return self.right(answer, seen) and (applies is None or applies(answer))

    def measure(self, answer: Panel, seen: PanelSeen) -> Mapping[str, Any]:
        """The accuracy, answers that are none counted as not right."""
        return {"panel_accuracy": answer.least}

    def show(self, answer: Panel, space: Space) -> Shown:
        """How many are right."""
        lost = f", {answer.unusable} without an answer" if answer.unusable else ""
        same = ", all answers alike" if answer.alike else ""
        return Shown(
            f"{answer.right} of {answer.size} right{lost}{same}",
            answer={"right": answer.right, "wrong": answer.wrong, "unusable": answer.unusable},
        )

    def show_reference(self, reference: float | None, space: Space) -> str:
        """What is to be beaten."""
        return "" if reference is None else f"more than {reference:.1%} right"

    def cell(self, reference: float | None, space: Space) -> Any:
        """The share."""
        return reference
