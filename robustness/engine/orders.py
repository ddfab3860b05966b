"""Tickets and answers: what every oracle keeps, whether it computes batches or has single requests in flight.

The only place that de-duplicates and caches. A request is submitted under a ticket; an item that is asked by several tickets is
asked once, and its answer completes them all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from attacks.search import UnansweredError
from robustness.engine.failures import Failure
from robustness.errors import RobustnessError, SpentError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Ticket = int


@dataclass(slots=True)
class Usage:
    """What an oracle did; ``shared``: items answered by the cache or another ticket; ``seconds``: time inside the backend.

    ``rescued``: items that failed in one batch and were answered in a smaller one: a victim that fails at random.
    ``recalled``: items answered from the store of an earlier run.
    """

    asked: int = 0
    shared: int = 0
    forwards: int = 0
    padding: int = 0
    batches: int = 0
    seconds: float = 0.0
    rescued: int = 0
    recalled: int = 0


class Store(Protocol):
    """Answers that outlive the run."""

    def recall(self, items: Sequence[Any]) -> Mapping[Any, Any]:
        """Answers to those of the items that are known."""

    def keep(self, answers: Mapping[Any, Any]) -> None:
        """Remember answers."""

    def compare(self, answers: Mapping[Any, Any], same: Callable[[Any, Any], bool]) -> None:
        """Raise ``UsageError`` where these fresh answers are not the ones that are known."""


class _Order:
    """One submitted request, the answers to its items so far, and how many are missing."""

    __slots__ = ("answers", "items", "missing", "ticket")

    def __init__(self, ticket: Ticket, items: Sequence[Any]) -> None:
        self.ticket, self.items = ticket, items
        self.answers: dict[Any, Any] = dict.fromkeys(items)
        self.missing = 0


class Orders(Generic[K, V]):
    """What waits for answers, and the answers that were given.

    ``cache_size``: answers remembered, oldest dropped. ``store``: answers of earlier runs; failures are never stored.
    """

    def __init__(self, *, cache_size: int, store: Store | None) -> None:
        self.cache_size, self.store = cache_size, store
        self.usage = Usage()
        self.on_batch: Callable[[int], None] = lambda n: None
        self._cache: dict[K, V | Failure] = {}
        self._waiting: dict[K, list[_Order]] = {}
        self._complete: list[_Order] = []

    @property
    def pending(self) -> int:
        """Items that wait for an answer, plus tickets ready to be collected."""
        return len(self._waiting) + len(self._complete)

    @property
    def complete(self) -> int:
        """Tickets ready to be collected."""
        return len(self._complete)

    def submit(self, ticket: Ticket, items: Sequence[K]) -> None:
        """Take a request; its answer comes out of a later ``collect`` or ``pump``."""
        order = _Order(ticket, items)
        new: list[K] = []
        for item in order.answers:
            cached = self._cache.get(item)
            if cached is not None:
                order.answers[item] = cached
                continue
            order.missing += 1
            if item in self._waiting:
                self._waiting[item].append(order)
            else:
                self._waiting[item] = [order]
                new.append(item)
        self.usage.asked += len(items)
        self.usage.shared += len(items) - len(new)
        if order.missing == 0:
            self._complete.append(order)
        if new:
            self._begin(new)

    def collect(self) -> list[tuple[Ticket, list[V] | UnansweredError]]:
        """Every ticket that is complete by now."""
        done, self._complete = self._complete, []
        return [(order.ticket, _collect(order)) for order in done]

    def answers(self, items: Sequence[K]) -> list[V | Failure]:
        """What was answered to items, all of which have been."""
        return [self._cache[item] for item in items]

    def forget(self) -> None:
        """Let go of the answers that are remembered."""
        self._cache.clear()

    def _begin(self, new: list[K]) -> None:
        """See to it that these items, which nobody has asked about, get answers."""
        raise NotImplementedError

    def _recall(self, items: list[K]) -> list[K]:
        """Settle what the store knows; what is left."""
        if self.store is None:
            return items
        known = self.store.recall(items)
        self._settle(list(known), list(known.values()))
        self.usage.recalled += len(known)
        return [item for item in items if item not in known]

    def _settle(self, batch: Sequence[K], answers: Sequence[V | Failure]) -> None:
        for item, answer in zip(batch, answers, strict=True):
            self._remember(item, answer)
            for order in self._waiting.pop(item):
                order.answers[item] = answer
                order.missing -= 1
                if order.missing == 0:
                    self._complete.append(order)

    def _remember(self, item: K, answer: V | Failure) -> None:
        if len(self._cache) >= self.cache_size:  # many at once: finding the first key walks over all the deleted ones
            for old in list(islice(self._cache, max(1, self.cache_size // 8))):
                del self._cache[old]
        self._cache[item] = answer


def _collect(order: _Order) -> list[Any] | UnansweredError:
    answers = [order.answers[item] for item in order.items]
    for answer in answers:
        if isinstance(answer, Failure):
            spent = answer.error == SpentError.__name__
            return (
                UnansweredError(answer.message, type=answer.error)
                if spent
                else UnansweredError(f"{answer.error}: {answer.message}")
            )
    return answers


def failure_of(error: RobustnessError) -> Failure:
    """An error as what stands in an answer's place."""
    return Failure(type(error).__name__, str(error))
