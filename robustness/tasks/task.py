"""What a task is: what is asked, what would be right, what counts as broken, how it is shown. One file per task.

A task's class states its columns, goals and measures, and overrides what its answers need. Attacks see none of it: a goal is
bound to one example and gives them a number that rises towards success.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, cast

from attacks.search import Answer, Input, Judge, Judgement, Mark
from attacks.words import Edit, diff, moved
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Shown, Unusable
from robustness.tasks.reading.rows import rows_of

if TYPE_CHECKING:
    from robustness.tasks.reading.check_answers import AnswerOddities
    from robustness.victims.base import Victim, VictimInfo

R = TypeVar("R")
A = TypeVar("A", bound=Answer)
R_contra = TypeVar("R_contra", contravariant=True)
A_contra = TypeVar("A_contra", bound=Answer, contravariant=True)


@dataclass(frozen=True, slots=True)
class Space:
    """What the victim of a run reads and can answer: its text fields, and its labels where its answers are labels.

    ``ids``: of all that it can rank, where its answers are rankings and it tells what it searches.
    """

    labels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ("text",)
    ids: frozenset[str] | None = None


def space_of(victim: Victim) -> Space:
    """What a victim says of itself; one that searches passages holds them as ``passages``, by id."""
    passages: Mapping[str, str] | None = getattr(victim, "passages", None)
    return Space(victim.info.labels, victim.info.fields, None if passages is None else frozenset(passages))


@dataclass(frozen=True)
class Seen(Generic[R, A]):
    """What a goal may look at beside the answer.

    ``inputs``: the example as it came; ``perturbed``: what was asked; ``field``: index of the attacked field. ``reference``: what
    is right, None where the data hold none and the clean answer stands in for it. ``clean``: the answer to the clean text.
    """

    inputs: Input
    perturbed: Input
    field: int
    reference: R | None
    clean: A

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """The changes of the attacked field, in order."""
        return diff(self.inputs[self.field], self.perturbed[self.field], "")

    def moved(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a span of the attacked field's original stands in the perturbed text; None where it is gone."""
        return moved(self.edits, start, end)


class Goal(Protocol[R, A]):
    """What counts as broken. ``name`` is how it is asked for, and brings it back: ``task.goal(goal.name, space)``."""

    @property
    def name(self) -> str:
        """Such as ``misclassify`` or ``quality-below:0.5``."""

    def judge(self, answer: A, seen: Seen[R, A]) -> Judgement:
        """``score`` rises towards success; ``reached`` decides it; ``quality`` is the task's measure of the answer, 0 to 1."""


@dataclass(frozen=True, slots=True)
class GoalKind:
    """A goal as it is typed, and what it means."""

    spec: str
    summary: str

    @property
    def word(self) -> str:
        """The part before what is filled in."""
        return self.spec.partition(":")[0].partition("[")[0]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that reports show, clean and under attack.

    ``pooled``: each example gives (true positives, false positives, false negatives), and F1 is taken of their sums; else each
    gives one number, and their mean is taken.
    """

    name: str
    title: str
    pooled: bool = False


class Task(ABC, Generic[R, A]):
    """One kind of question. A subclass is stateless but for its options."""

    name: ClassVar[str]
    summary: ClassVar[str]
    fields: ClassVar[tuple[str, ...]] = ("text",)
    """The text fields that a victim of the task reads, where it does not name its own."""
    texts: ClassVar[tuple[str, ...]] = ()
    """Usual names of the text column of a task with one field, before the names that are usual for any text."""
    references: ClassVar[tuple[str, ...]] = ()
    """Usual names of the column that holds what is right."""
    reference_needed: ClassVar[bool] = True
    """Whether the data must say what is right; without, the clean answer stands in for it."""
    graded: ClassVar[bool] = False
    """Whether answers have a quality between 0 and 1."""
    fewest_labels: ClassVar[int] = 0
    """How many labels a victim must declare before it can be read; 0 where its answers are no indexes of labels."""
    needs: ClassVar[tuple[str, ...]] = ("entailment",)
    """What every change must leave as it was (``attacks.preserves``); empty: by the number of text fields."""
    classes: ClassVar[bool] = False
    """Whether an answer is one of the victim's labels, so that chance level and mixed-up labels can be looked for."""
    protects: ClassVar[bool] = False
    """Whether the marks of an example are spans that no attack may touch."""
    measures: ClassVar[tuple[Measure, ...]] = ()
    goals: ClassVar[tuple[GoalKind, ...]]
    """The first is the default."""

    @abstractmethod
    def reference(self, cell: object, inputs: Input, space: Space) -> R:
        """What is right, from a cell of the data; raises ``ValueError`` that says what was expected and what came."""

    @abstractmethod
    def answer(self, row: Any, inputs: Input, space: Space) -> A | Unusable:
        """One raw row as an answer; raises ``AnswerError`` that says what was expected and what came."""

    @abstractmethod
    def goal(self, spec: str, space: Space) -> Goal[R, A]:
        """The goal behind a name; raises ``UsageError``."""

    def seeded(self, spec: str, seed: int) -> str:
        """The goal as a run with this seed asks for it; its name must hold what of the seed it needs."""
        return spec

    @abstractmethod
    def right(self, answer: A, seen: Seen[R, A]) -> bool:
        """Whether the clean answer is right; where it is not, the example is skipped. ``seen.perturbed`` is the clean text."""

    def right_for(self, goal: Goal[R, A], answer: A, seen: Seen[R, A]) -> bool:
        """Whether the clean answer is right as a goal sees it: goals may bring a tolerance, a depth or a label of their own."""
        return self.right(answer, seen)

    @abstractmethod
    def show(self, answer: A, space: Space) -> Shown:
        """The answer as reports show it."""

    def shown_in(self, answer: A, text: str, space: Space) -> Shown:
        """The answer beside the attacked field's text that it answers; the same unless its line quotes that text."""
        return self.show(answer, space)

    def adapted(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row of the data, one that comes in another usual shape brought into columns of ``texts`` and ``references``."""
        return row

    def read_answers(self, raw: Any, inputs: Sequence[Input], info: VictimInfo, oddities: AnswerOddities) -> list[A | Unusable]:
        """Answers to ``inputs`` from what the victim returned; raises ``AnswerError`` where they cannot be told apart."""
        space = Space(info.labels, info.fields)
        return [self.answer(row, one, space) for row, one in zip(rows_of(raw, len(inputs)), inputs, strict=True)]

    def measure(self, answer: A, seen: Seen[R, A]) -> Mapping[str, Any]:
        """A number for each of ``measures``, or three where it is pooled."""
        return {}

    def kind(self, answer: A, seen: Seen[R, A]) -> str:
        """What kind of an answer it is, where that says more than right or wrong: ``refused``, ``invalid``; else nothing."""
        return ""

    def marks(self, reference: R | None, inputs: Input) -> tuple[Mark, ...]:
        """Spans of the input that the reference names: gold entities, the answer inside a context."""
        return ()

    def reference_in(self, reference: R | None, text: str, space: Space) -> str:
        """What is right, in a line, beside the attacked field's text; the same unless the line quotes that text."""
        return self.show_reference(reference, space)

    def stratum(self, reference: R | None, space: Space) -> str | None:
        """The group that ``--limit`` and slices keep apart; None where there is none."""
        return None

    def planted(self, inputs: Input, example_id: str, seed: int) -> tuple[Input, R] | None:
        """The example with something of this run's own put into it, and what is right then; None for tasks that plant nothing."""
        return None

    def show_reference(self, reference: R | None, space: Space) -> str:
        """What is right, in a line."""
        return "" if reference is None else str(reference)

    def cell(self, reference: R | None, space: Space) -> Any:
        """The reference as JSON holds it: ``reference(cell(r), …)`` brings it back. None where the shown line does."""
        return None

    def gist(self, answer: A) -> Hashable:
        """What an answer comes down to: two of different gists are different answers."""
        return cast("Hashable", replace(cast("Any", answer), reading=None))

    def fits(self, goal: Goal[R, A], reference: R | None) -> bool:
        """Whether a goal can be asked of an example at all; one that cannot is left out, because it would count as robust."""
        return True

    def same(self, one: A, other: A) -> bool:
        """Whether two answers to one text are alike, but for the last digits."""
        return self.gist(one) == self.gist(other)

    def judge_of(self, goal: Goal[R, A], inputs: Input, field: int, reference: R | None, clean: A) -> Judge:
        """The goal bound to one example, as an attack sees it."""

        def judge(answer: Answer, perturbed: Input) -> Judgement:
            return goal.judge(answer, Seen(inputs, perturbed, field, reference, clean))  # type: ignore[arg-type]

        return judge

    def check_extra(self) -> None:
        """Raise ``MissingExtraError`` where a package that measures this task's answers is not installed."""

    def check_goal(self, spec: str) -> None:
        """Raise ``UsageError`` for a goal that the task has not, whatever the victim's labels."""
        if spec.partition(":")[0] not in {kind.word for kind in self.goals}:
            raise self.unknown_goal(spec)

    def unknown_goal(self, spec: str) -> UsageError:
        """The error for a goal that the task has not."""
        known = "; ".join(f"{kind.spec} ({kind.summary})" for kind in self.goals)
        return UsageError(f"the task {self.name} has no goal {spec!r}; it has: {known}")


def share_in(spec: str, word: str, default: float) -> float:
    """The number of ``word:SHARE``, or the default of a bare ``word``; raises ``UsageError`` unless 0 < SHARE <= 1."""
    _, colon, text = spec.partition(":")
    if not colon:
        return default
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 < share <= 1.0:
        raise UsageError(f"{word} expects a share above 0 and up to 1, such as {word}:{default:g}, got {spec!r}")
    return share


def text_of(row: Any, keys: Sequence[str]) -> str:
    """The text of a row: a string, or a mapping that holds it under one of ``keys``; raises ``AnswerError``."""
    if isinstance(row, Mapping):
        found = [key for key in keys if isinstance(row.get(key), str)]
        if found:
            return str(row[found[0]])
    if isinstance(row, (list, tuple)) and len(row) == 1:  # a pipeline's list of one candidate
        return text_of(row[0], keys)
    if not isinstance(row, str):
        shown = repr(row)
        raise AnswerError(
            f"the victim answered {shown[:80]}{'…' if len(shown) > 80 else ''} ({type(row).__name__}); expected a text for each "
            f"input, or a mapping with one under {' or '.join(map(repr, keys[:4]))}"
        )
    return row
