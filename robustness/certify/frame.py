"""What all certificates share: the examples, how answers are judged, and what a method of certifying is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from attacks.search import Answer, Confirm, Input, Judge, Mark, Query, Search, Unusable
from attacks.word_counts import words_changed
from attacks.words import diff
from reports.run import EditRecord, Judged, Outcome
from reports.run.certificates import SKIPPED, Certificate
from robustness.tasks.task import Seen, Space

if TYPE_CHECKING:
    from robustness.tasks.task import Goal, Task

RECIPE = "certify:"
"""What the name of the recipe begins with under which a counterexample is saved."""
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """One example to certify: what is right of it, and its group where the data come in groups.

    ``inside``: attacks of the run that broke it, as (recipe, text).
    """

    id: str
    inputs: Input
    reference: Any
    group: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    broken: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What all examples share.

    ``at``: index of the changed field. ``varies``: the victim's answers may differ, so that
    each sample is an answer of its own.
    """

    task: Task[Any, Any]
    goal: Goal[Any, Any]
    at: int
    space: Space = field(default_factory=Space)
    seed: int = 0
    varies: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What was certified of an example, and the counterexample as a saved failure, where there is one."""

    certificate: Certificate
    case: Outcome | None = None


class Method(Protocol):
    """A way of certifying. ``name``: as reports and policies call it; ``kind``: one of ``reports.run.certificates.KINDS``."""

    @property
    def name(self) -> str:
        """Such as ``char-1``."""

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""

    def check(self, frame: Frame) -> None:
        """Raise ``UsageError`` where the method can say nothing about such a victim or task."""

    def forwards(self, examples: Iterable[Asked], field: int) -> int:
        """At most so many texts are asked for all examples, clean ones included."""

    def record(self, examples: Iterable[Asked], field: int) -> Mapping[str, Any]:
        """Its settings, for the first line of its block and for the id."""

    def certificate(self, frame: Frame, example: Asked) -> Search[Found]:
        """Certify one example."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An example whose clean answer is right: what may be changed in it, and how answers are judged."""

    frame: Frame
    example: Asked
    clean: Any
    judge: Judge
    marks: tuple[Mark, ...]

    @property
    def text(self) -> str:
        """The attacked field."""
        return self.example.inputs[self.frame.at]

    @property
    def protected(self) -> list[tuple[int, int]]:
        """Spans of the attacked field that no edit may touch."""
        return [(mark.start, mark.end) for mark in self.marks if mark.field == self.frame.at]

    def with_text(self, text: str) -> Input:
        """The example's inputs with another text in the attacked field."""
        inputs, at = self.example.inputs, self.frame.at
        return (*inputs[:at], text, *inputs[at + 1 :])

    def lost(self, answer: Answer | Unusable, inputs: Input) -> tuple[bool, bool, bool]:
        """Whether an answer reaches the goal, whether it is none at all, and whether the text could have reached the goal."""
        if isinstance(answer, Unusable):
            return False, True, True
        judged = self.judge(answer, inputs)
        unusable = bool(judged.unusable)
        return judged.reached and not unusable, unusable, judged.fair


def begin(frame: Frame, example: Asked) -> Search[Begun | Found]:
    """Ask the clean text; an example that is not right on it is skipped."""
    clean = (yield Query((example.inputs,)))[0]
    task, at = frame.task, frame.at
    if isinstance(clean, Unusable):
        return Found(Certificate(example.id, SKIPPED, why=f"{clean.kind} on the clean text", group=example.group))
    if not task.right_for(frame.goal, clean, Seen(example.inputs, example.inputs, at, example.reference, clean)):
        return Found(Certificate(example.id, SKIPPED, group=example.group))
    marks = task.marks(example.reference, example.inputs) if task.protects else ()
    judge = task.judge_of(frame.goal, example.inputs, at, example.reference, clean)
    return Begun(frame, example, clean, judge, marks)


def ask_one(frame: Frame, example: str, inputs: Input, number: int) -> Search[Answer | Unusable]:
    """The answer to a sample: of a victim that always answers alike the one that it has, of others a fresh one each time."""
    request = Confirm(inputs, 1, f"certify\x1f{example}", number) if frame.varies else Query((inputs,))
    answers: list[Answer] = yield request
    return answers[0]


def case_of(begun: Begun, method: str, text: str, answer: Answer, technique: str, queries: int) -> Outcome:
    """A counterexample as a failure that ``robustness replay`` puts to a victim again."""
    frame, example = begun.frame, begun.example
    task, space, fields = frame.task, frame.space, frame.space.fields
    edits = diff(begun.text, text, technique)
    count = words_changed(begun.text, text, edits)
    judged = begun.judge(answer, begun.with_text(text))
    return Outcome(
        example_id=example.id,
        recipe=RECIPE + method,
        status="succeeded",
        reference=task.reference_in(example.reference, begun.text, space),
        gold=task.cell(example.reference, space),
        stratum=task.stratum(example.reference, space),
        field=fields[frame.at],
        texts=dict(zip(fields, example.inputs, strict=True)),
        clean=_judged(begun, begun.clean, begun.text),
        best=_judged(begun, answer, text, judged.score, judged.quality),
        perturbed=text,
        edits=tuple(EditRecord(**asdict(edit)) for edit in edits),
        queries=queries,
        words_changed=count.changed,
        words_inserted=count.inserted,
        words=count.words,
        meta=dict(example.meta),
        goal=frame.goal.name,
    )


def _judged(begun: Begun, answer: Any, text: str, score: float | None = None, quality: float | None = None) -> Judged:
    shown = begun.frame.task.shown_in(answer, text, begun.frame.space)
    rounded: Callable[[float | None], float | None] = lambda value: None if value is None else round(value, _DECIMALS)  # noqa: E731
    return Judged(
        shown=shown.text,
        scores=None if shown.scores is None else tuple(round(one, _DECIMALS) for one in shown.scores),
        score=rounded(score),
        quality=rounded(quality),
        spans=tuple((span.start, span.end, span.label) for span in shown.spans),
        answer=shown.answer,
    )
