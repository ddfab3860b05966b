"""Small conversations with a victim beside an audit: many generators at once, their questions batched across them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from attacks.search import Input, Judgement, Query, Search, UnansweredError, Unusable
from reports.run import Outcome
from reports.run.cases import inputs_of
from robustness.engine.engine import FRESH, VICTIM, AnyOracle, Job, Oracles, Result, drive
from robustness.engine.oracle import Oracle
from robustness.engine.stream import Mailbox, StreamOracle
from robustness.errors import UsageError
from robustness.tasks.registry import task_named
from robustness.tasks.task import Seen, Space

if TYPE_CHECKING:
    from robustness.engine.backends import VictimBackend
    from robustness.engine.cache import Memory
    from robustness.victims.base import Victim, VictimInfo

T = TypeVar("T")
VictimOracle = Oracle[Input, Any] | StreamOracle[Input, Any]


def oracle_for(victim: Victim, *, batch_tokens: int | None = None, timeout: float | None = 300.0, ask: str = "") -> VictimOracle:
    """A fresh oracle over a victim; it remembers nothing from another. ``ask``: see ``over_victim``."""
    from robustness.engine.backends import VictimBackend

    return over_victim(VictimBackend(victim, timeout=timeout), batch_tokens=batch_tokens, ask=ask)[VICTIM]


def over_victim(
    backend: VictimBackend, *, batch_tokens: int | None = None, memory: Memory | None = None, ask: str = ""
) -> dict[str, AnyOracle]:
    """The oracles over a victim by role: asked for the one answer that searches use, and asked afresh.

    ``ask``: names the askings, so that a victim with a record of its answers is asked anew ("": the one that searches use).
    """
    from robustness.engine.backends import FreshBackend, StreamedFresh, StreamedVictim

    store = memory.of_victim(backend.victim.info, backend.oddities) if memory else None
    if backend.streaming:
        mailbox = Mailbox()
        return {
            VICTIM: StreamOracle(StreamedVictim(backend, ask), mailbox, store=store),
            FRESH: StreamOracle(StreamedFresh(backend), mailbox),
        }
    return {
        VICTIM: Oracle(backend, batch_tokens=batch_tokens, store=store),
        FRESH: Oracle(FreshBackend(backend), batch_tokens=batch_tokens),
    }


def converse(oracle: VictimOracle, searches: Iterable[Search[T]]) -> list[T | UnansweredError]:
    """Run generators that yield ``Query`` to their ends, batching their questions; what each returned, in order.

    A question that the victim cannot answer is raised inside its generator; one that does not catch it ends in it.
    """
    waiting = list(searches)
    jobs = (_job(number, search) for number, search in enumerate(waiting))
    ended = drive(Oracles({VICTIM: oracle}), jobs, in_flight=max(1, len(waiting)))
    return [end for _, end in sorted(ended, key=lambda pair: pair[0])]


def _job(number: int, search: Search[T]) -> Job[tuple[int, T | UnansweredError]]:
    try:
        end: T | UnansweredError = yield from search
    except UnansweredError as error:
        end = error
    yield Result((number, end))


def ask(oracle: VictimOracle, inputs: Sequence[Input]) -> list[Any]:
    """The victim's answer to each input, or an ``UnansweredError`` that says why there is none; one bad input spoils no other."""

    def one(item: Input) -> Search[Any]:
        answers: list[Any] = yield Query((item,))
        if isinstance(answers[0], Unusable):
            raise UnansweredError.of(answers[0])
        return answers[0]

    return converse(oracle, (one(item) for item in inputs))


class CaseJudge:
    """Judges what a victim answers to a saved case, by the task of the victim and the goal of the case.

    Raises:
        UsageError: the case has other text fields, or a reference or goal that does not belong to this victim's task.
    """

    def __init__(self, info: VictimInfo, case: Outcome) -> None:
        self.task, self.space = task_named(info.task), Space(info.labels, info.fields)
        if len(case.texts) != len(info.fields):
            raise UsageError(
                f"the cases have {len(case.texts)} text field(s), the victim {info.name!r} reads {list(info.fields)}"
            )
        self.inputs = inputs_of(case)
        self.field = list(case.texts).index(case.field)
        cell = case.gold if case.gold is not None else case.reference
        try:
            self.reference = None if cell == "" else self.task.reference(cell, self.inputs, self.space)
        except ValueError as problem:
            raise UsageError(
                f"the case of example {case.example_id!r} does not fit the victim {info.name!r}: {problem}"
            ) from None
        self.goal = self.task.goal(case.goal, self.space)

    def right(self, clean: Any) -> bool:
        """Whether the answer to the clean text is right, as the case's goal sees it."""
        return self.task.right_for(self.goal, clean, self._seen(self.inputs, clean))

    def judged(self, answer: Any, text: str, clean: Any) -> Judgement:
        """What the answer to a perturbed text is worth; ``clean``: the answer to the clean one."""
        if isinstance(answer, Unusable):
            return Judgement(0.0, False, unusable=answer.kind)
        perturbed = (*self.inputs[: self.field], text, *self.inputs[self.field + 1 :])
        return self.goal.judge(answer, self._seen(perturbed, clean))

    def reached(self, answer: Any, text: str, clean: Any) -> bool:
        """Whether the answer to a perturbed text is broken; one that is none is not."""
        return self.judged(answer, text, clean).reached

    def shown(self, answer: Any) -> str:
        """The answer in a line."""
        return self.task.show(answer, self.space).text

    def _seen(self, perturbed: Input, clean: Any) -> Seen[Any, Any]:
        return Seen(self.inputs, perturbed, self.field, self.reference, clean)


def check_fits(victim: Victim, cases: Sequence[Outcome]) -> None:
    """Raise ``UsageError`` where a case does not fit a victim: its fields, its reference, its goal."""
    for case in cases:
        CaseJudge(victim.info, case)
