"""Oracles answer one kind of request in big batches: de-duplicate, cache, group by length, cut, isolate failures.

A request is submitted under a ticket; ``pump`` computes one batch of whatever is pending, across all tickets, and
returns the tickets that are now complete. This is the only place that batches, caches and de-duplicates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from attacks.search import UnansweredError, Unusable
from robustness.engine.batching import Pending
from robustness.engine.failures import Failure
from robustness.errors import RobustnessError, VictimDiedError, VictimError, VictimTimeoutError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
K_contra = TypeVar("K_contra", contravariant=True)
V_co = TypeVar("V_co", covariant=True)
Ticket = int


class Backend(Protocol[K_contra, V_co]):
    """Anything with weights: lengths of items, and answers for a list of them."""

    row_quantum: int
    length_quantum: int
    mixed_lengths: tuple[int, int]
    padding_cost: float

    def lengths(self, items: Sequence[K_contra]) -> Sequence[int]:
        """Token length of each item."""

    def compute(self, items: Sequence[K_contra]) -> Sequence[V_co | Failure]:
        """One answer per item, or why there is none; raises ``RobustnessError`` when it cannot."""


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


class Oracle(Generic[K, V]):
    """Answers requests of one kind from one backend.

    ``batch_tokens``: most tokens in one batch (rows times length). ``cache_size``: answers remembered, oldest dropped.
    ``max_timeouts``: after this many time-outs the run is given up, since each costs the whole limit. ``max_deaths``: likewise of
    a victim in a process of its own, since it is loaded again after each.
    ``store``: answers of earlier runs; failures are never stored.
    """

    def __init__(
        self,
        backend: Backend[K, V],
        *,
        batch_tokens: int = 2048,
        cache_size: int = 200_000,
        max_timeouts: int = 5,
        max_deaths: int = 200,
        store: Store | None = None,
    ) -> None:
        if batch_tokens < 1:
            raise ValueError(f"batch_tokens must be at least 1, got {batch_tokens}")
        self.backend, self.batch_tokens, self.cache_size = backend, batch_tokens, cache_size
        self.max_timeouts, self.max_deaths = max_timeouts, max_deaths
        self.store = store
        self.usage = Usage()
        self.on_batch: Callable[[int], None] = lambda n: None
        self._cache: dict[K, V | Failure] = {}
        self._unsized: list[K] = []
        self._queue: Pending[K] = Pending(
            batch_tokens=batch_tokens,
            row_quantum=backend.row_quantum,
            length_quantum=backend.length_quantum,
            mixed=backend.mixed_lengths,
            padding_cost=backend.padding_cost,
        )
        self._waiting: dict[K, list[_Order]] = {}
        self._complete: list[_Order] = []
        self._timeouts = self._deaths = 0

    @property
    def pending(self) -> int:
        """Items that wait to be computed, plus tickets ready to be collected."""
        return len(self._waiting) + len(self._complete)

    def submit(self, ticket: Ticket, items: Sequence[K]) -> None:
        """Queue a request; its answer comes out of a later ``pump``."""
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
        self._unsized += new

    def _size(self) -> None:
        """Put everything that was submitted since the last batch where its length belongs, in one call of the backend."""
        if self._unsized:
            new, self._unsized = self._unsized, []
            new = self._recall(new) if self.store is not None else new
            if new:
                self._enqueue(new)

    def _recall(self, items: list[K]) -> list[K]:
        """Settle what the store knows; what is left."""
        assert self.store is not None
        known = self.store.recall(items)
        self._settle(list(known), list(known.values()))
        self.usage.recalled += len(known)
        return [item for item in items if item not in known]

    def _enqueue(self, items: list[K]) -> None:
        try:
            lengths = self.backend.lengths(items)
        except RobustnessError as error:
            if len(items) == 1:
                self._settle(items, [_failure(error)])
                return
            for item in items:
                self._enqueue([item])
            return
        for item, length in zip(items, lengths, strict=True):
            self._queue.add(item, length)

    def pump(self) -> list[tuple[Ticket, list[V] | UnansweredError]]:
        """Compute one batch if none is ready, and hand out every complete ticket."""
        if not self._complete:
            self._size()
        if not self._complete and self._queue:
            self._compute(self._queue.cut())
        done, self._complete = self._complete, []
        return [(order.ticket, _collect(order)) for order in done]

    def _compute(self, batch: list[K]) -> None:
        answers = self._attempt(batch)
        if self.store is not None:
            pairs = zip(batch, answers, strict=True)
            self.store.keep({item: answer for item, answer in pairs if not isinstance(answer, (Failure, Unusable))})
        self._settle(batch, answers)
        self.on_batch(len(batch))

    def _attempt(self, batch: list[K]) -> list[V | Failure]:
        """Answers for a batch; one that fails is halved until the items that fail alone are found."""
        try:
            return list(self._call(batch))
        except VictimTimeoutError:
            self._timeouts += 1
            if self._timeouts >= self.max_timeouts:
                raise
            error: RobustnessError = VictimTimeoutError("the victim did not answer in time")
        except VictimDiedError as died:
            self._deaths += 1
            if self._deaths >= self.max_deaths:
                raise VictimError(f"the victim's process died {self._deaths} times; the last time, {died}") from died
            error = died
        except RobustnessError as raised:
            error = raised
        if len(batch) == 1:
            return [_failure(error)]
        half = len(batch) // 2
        answers = self._attempt(batch[:half]) + self._attempt(batch[half:])
        if not any(isinstance(answer, Failure) for answer in answers):
            self.usage.rescued += len(batch)
        return answers

    def _call(self, batch: list[K]) -> Sequence[V | Failure]:
        quantum = self.backend.row_quantum
        padding = -len(batch) % quantum if quantum else 0
        started = time.perf_counter()
        try:
            answers = self.backend.compute(batch + batch[:1] * padding)
        finally:
            self.usage.seconds += time.perf_counter() - started
            self.usage.batches += 1
            self.usage.forwards += len(batch)
            self.usage.padding += padding
        return answers[: len(batch)]

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
            return UnansweredError(f"{answer.error}: {answer.message}")
    return answers


def _failure(error: RobustnessError) -> Failure:
    return Failure(type(error).__name__, str(error))
