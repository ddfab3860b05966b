"""Goals: what counts as broken, read from the victim's own answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attacks.search import Goal, Prediction
from attacks.strategies.reduction import KeepAnswer
from reports.gate import goals as names


def _belief(prediction: Prediction, label: int) -> float:
    if prediction.scores is None:
        return float(prediction.label == label)
    return prediction.scores[label]


@dataclass(frozen=True, slots=True)
class Misclassify:
    """The victim should answer anything but the gold label. Score: one minus its belief in the gold label."""

    def score(self, prediction: Prediction, gold: int) -> float:
        """Higher is closer to an error; 0 or 1 for label-only victims."""
        return 1.0 - _belief(prediction, gold)

    def reached(self, prediction: Prediction, gold: int) -> bool:
        """Whether the answer is wrong."""
        return prediction.label != gold


@dataclass(frozen=True, slots=True)
class AnswerWith:
    """The victim should answer one given label. Score: its belief in that label."""

    label: int

    def score(self, prediction: Prediction, gold: int) -> float:
        """The victim's belief in the wanted label."""
        return _belief(prediction, self.label)

    def reached(self, prediction: Prediction, gold: int) -> bool:
        """Whether the answer is the wanted label."""
        return prediction.label == self.label


def name_of(goal: Goal, labels: Sequence[str]) -> str:
    """The name under which an outcome keeps its goal; the class of a goal that is none of the suite's own."""
    if isinstance(goal, AnswerWith):
        return names.answer_with(labels[goal.label])
    if isinstance(goal, KeepAnswer):
        return names.KEEP_ANSWER
    return names.MISCLASSIFY if isinstance(goal, Misclassify) else type(goal).__name__
