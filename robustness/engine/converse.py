"""Small conversations with a victim beside an audit: many generators at once, their questions batched across them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from attacks.search import Input, Prediction, Query, Search, UnansweredError
from reports.gate.goals import decidable
from reports.run import Outcome
from robustness.engine.oracle import Oracle
from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.victims.base import Victim

T = TypeVar("T")
VictimOracle = Oracle[Input, Any]


def oracle_for(victim: Victim, *, batch_tokens: int = 2048, timeout: float | None = 300.0) -> VictimOracle:
    """A fresh oracle over a victim; it remembers nothing from another."""
    from robustness.engine.backends import VictimBackend

    return Oracle(VictimBackend(victim, timeout=timeout), batch_tokens=batch_tokens)


def converse(oracle: VictimOracle, searches: Iterable[Search[T]]) -> list[T | UnansweredError]:
    """Run generators that yield ``Query`` to their ends, batching their questions; what each returned, in order.

    A question that the victim cannot answer is raised inside its generator; one that does not catch it ends in it.
    """
    found: dict[int, T | UnansweredError] = {}
    waiting: dict[int, Search[T]] = {}

    def advance(ticket: int, search: Search[T], answer: Any) -> None:
        try:
            request = search.throw(answer) if isinstance(answer, UnansweredError) else search.send(answer)
        except StopIteration as end:
            found[ticket] = end.value
            return
        except UnansweredError as error:
            found[ticket] = error
            return
        if not isinstance(request, Query):
            raise TypeError(f"only the victim is asked here, got a {type(request).__name__} request")
        waiting[ticket] = search
        oracle.submit(ticket, list(request.inputs))

    for ticket, search in enumerate(searches):
        advance(ticket, search, None)
    while waiting:
        for ticket, answer in oracle.pump():
            advance(ticket, waiting.pop(ticket), answer)
    return [found[ticket] for ticket in sorted(found)]


def ask(oracle: VictimOracle, inputs: Sequence[Input]) -> list[Prediction | UnansweredError]:
    """The victim's answer to each input, or why there is none; one bad input spoils no other."""

    def one(item: Input) -> Search[Prediction]:
        answers: list[Prediction] = yield Query((item,))
        return answers[0]

    return converse(oracle, (one(item) for item in inputs))


def check_fits(victim: Victim, cases: Sequence[Outcome]) -> None:
    """Raise ``UsageError`` where cases speak of labels or fields that the victim lacks, or a goal that labels do not decide."""
    info = victim.info
    strange = sorted({case.label for case in cases} - set(info.labels))
    if strange:
        raise UsageError(f"the cases have labels {strange}, the victim {info.name!r} answers {list(info.labels)}")
    widths = sorted({len(case.texts) for case in cases} - {len(info.fields)})
    if widths:
        raise UsageError(f"the cases have {widths[0]} text field(s), the victim {info.name!r} reads {list(info.fields)}")
    custom = next((case for case in cases if not decidable(case.goal)), None)
    if custom is not None:
        raise UsageError(
            f"the cases of {custom.recipe} were broken by the goal {custom.goal!r}, which no label decides; leave them out"
        )
