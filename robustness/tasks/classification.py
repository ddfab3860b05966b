"""Classification: one label of several, for one text or a pair. Right is the label in the data; broken is any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from attacks.search import Answer, Input, Judge, Judgement, Prediction
from robustness.tasks.answers import Shown
from robustness.tasks.goals import options
from robustness.tasks.reading.check_answers import AnswerOddities, read_answers
from robustness.tasks.task import Goal, GoalKind, Seen, Space, Task

if TYPE_CHECKING:
    from robustness.victims.base import VictimInfo

SAME_SCORE = 1e-4
ClassSeen = Seen[int, Prediction]


def belief(prediction: Prediction, label: int) -> float:
    """The score that the victim gives a label; 0 or 1 where it gives labels only."""
    if prediction.scores is None:
        return float(prediction.label == label)
    return prediction.scores[label]


@dataclass(frozen=True, slots=True)
class Misclassify:
    """Any answer but the gold label. Score: one minus the belief in the gold label."""

    name: ClassVar[str] = "misclassify"

    def judge(self, answer: Prediction, seen: ClassSeen) -> Judgement:
        """Broken is whatever is wrong."""
        return Judgement(1.0 - belief(answer, gold_of(seen)), answer.label != gold_of(seen))


@dataclass(frozen=True, slots=True)
class AnswerWith:
    """One given label; examples of that label are skipped. Score: the belief in it. ``label``: its index, ``word``: its name."""

    label: int
    word: str

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"answer-with:{self.word}"

    def judge(self, answer: Prediction, seen: ClassSeen) -> Judgement:
        """Broken is what answers with the label, though it is not right."""
        return Judgement(belief(answer, self.label), answer.label == self.label != gold_of(seen))


@dataclass(frozen=True, slots=True)
class KeepAnswer:
    """The gold label still, though the text has lost what the label rests on. Score: the belief in it."""

    name: ClassVar[str] = "keep-answer"

    def judge(self, answer: Prediction, seen: ClassSeen) -> Judgement:
        """Broken is what stays as sure as it was."""
        return Judgement(belief(answer, gold_of(seen)), answer.label == gold_of(seen))


def against(gold: int, goal: Goal[int, Prediction] | None = None) -> Judge:
    """A goal bound to a label alone, ``misclassify`` if None: what a trial needs that is run outside an audit."""
    wanted = goal or Misclassify()

    def judge(answer: Answer, inputs: Input) -> Judgement:
        one = cast("Prediction", answer)
        return wanted.judge(one, Seen(inputs, inputs, 0, gold, one))

    return judge


def gold_of(seen: ClassSeen) -> int:
    """The index of the right label; the clean answer's where the data name none."""
    return seen.clean.label if seen.reference is None else seen.reference


class Classification(Task[int, Prediction]):
    """One label of the victim's for each input."""

    name = "classification"
    summary = "one label for a text or a pair"
    references = ("label",)
    needs = ()
    classes = True
    fewest_labels = 2
    goals = (
        GoalKind("misclassify", "any wrong label"),
        GoalKind("answer-with:LABEL", "this label, on examples of others"),
        GoalKind("keep-answer", "still the right label, for attacks that take meaning away"),
        options.KIND,
    )

    def reference(self, cell: object, inputs: Input, space: Space) -> int:
        """The index of a label's name."""
        if cell not in space.labels:
            raise ValueError(f"expected one of the labels {', '.join(space.labels)}, got {cell!r}")
        return space.labels.index(str(cell))

    def answer(self, row: Any, inputs: Input, space: Space) -> Prediction:
        """One row, of scores or of a label."""
        raise NotImplementedError("rows of classes are read together")

    def read_answers(self, raw: Any, inputs: Sequence[Input], info: VictimInfo, oddities: AnswerOddities) -> list[Any]:
        """Scores or labels, checked as one table."""
        return read_answers(raw, len(inputs), info, oddities)

    def goal(self, spec: str, space: Space) -> Goal[int, Prediction]:
        """``misclassify``, ``answer-with:LABEL`` or ``keep-answer``."""
        if spec in ("", Misclassify.name):
            return Misclassify()
        if spec == KeepAnswer.name:
            return KeepAnswer()
        if spec == options.NAME:
            return options.OtherLabel(space.labels)
        word, colon, label = spec.partition(":")
        if word != "answer-with" or not colon:
            raise self.unknown_goal(spec)
        if label not in space.labels:
            raise self.unknown_goal(spec) if not label else _no_label(label, space)
        return AnswerWith(space.labels.index(label), label)

    def right(self, answer: Prediction, seen: ClassSeen) -> bool:
        """Whether it is the gold label."""
        return answer.label == gold_of(seen)

    def fits(self, goal: Goal[int, Prediction], reference: int | None) -> bool:
        """A label can be wrongly answered only where it is not the right one."""
        return not (isinstance(goal, AnswerWith) and goal.label == reference)

    def gist(self, answer: Prediction) -> int:
        """The label."""
        return answer.label

    def same(self, one: Prediction, other: Prediction) -> bool:
        """Equal labels, and scores equal but for the last digits."""
        if one.label != other.label or (one.scores is None) != (other.scores is None):
            return False
        pairs = zip(one.scores or (), other.scores or (), strict=True)
        return all(abs(x - y) <= SAME_SCORE for x, y in pairs)

    def show(self, answer: Prediction, space: Space) -> Shown:
        """The label's name and all scores."""
        return Shown(space.labels[answer.label], answer.scores)

    def show_reference(self, reference: int | None, space: Space) -> str:
        """The label's name."""
        return "" if reference is None else space.labels[reference]

    def stratum(self, reference: int | None, space: Space) -> str | None:
        """The label's name."""
        return None if reference is None else space.labels[reference]


def _no_label(label: str, space: Space) -> Exception:
    from robustness.errors import UsageError

    return UsageError(f"answer-with names the label {label!r}; the victim answers {', '.join(space.labels)}")
