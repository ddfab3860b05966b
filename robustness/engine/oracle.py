"""Oracles answer one kind of request in big batches: de-duplicate, cache, group by length, cut, isolate failures.

A request is submitted under a ticket; ``pump`` computes one batch of whatever is pending, across all tickets, and
returns the tickets that are now complete. What waits and what was answered is kept in ``robustness.engine.orders``.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import Protocol, TypeVar

from attacks.search import UnansweredError, Unusable
from robustness.engine.batching import Pending
from robustness.engine.failures import Failure
from robustness.engine.orders import Orders, Store, Ticket, failure_of
from robustness.errors import RobustnessError, TooLargeError, VictimDiedError, VictimError, VictimTimeoutError
from robustness.victims.base import BATCH_OVERHEAD, BATCH_TOKENS

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
K_contra = TypeVar("K_contra", contravariant=True)
V_co = TypeVar("V_co", covariant=True)


class Backend(Protocol[K_contra, V_co]):
    """Anything with weights: lengths of items, and answers for a list of them.

    One that does not run on a processor may say ``batch_tokens`` and ``batch_overhead``, as ``VictimInfo`` has them.
    """

    @property
    def row_quantum(self) -> int:
        """Rows of a batch are filled up to a multiple of this; 0 for never."""

    @property
    def length_quantum(self) -> int:
        """Padded lengths are a multiple of this."""

    @property
    def mixed_lengths(self) -> tuple[int, int]:
        """Lengths from and to which items may share a batch."""

    @property
    def padding_cost(self) -> float:
        """What a padded token costs beside a real one."""

    def lengths(self, items: Sequence[K_contra]) -> Sequence[int]:
        """Token length of each item."""

    def compute(self, items: Sequence[K_contra]) -> Sequence[V_co | Failure]:
        """One answer per item, or why there is none; raises ``RobustnessError`` when it cannot."""


class Oracle(Orders[K, V]):
    """Answers requests of one kind from one backend.

    ``batch_tokens``: most tokens in one batch (rows times length); None: what the backend says. ``cache_size``: answers
    remembered, oldest dropped. ``max_timeouts``: after this many time-outs the run is given up, since each costs the whole limit.
    ``max_deaths``: likewise of a victim in a process of its own, since it is loaded again after each.
    ``store``: answers of earlier runs; failures are never stored.
    """

    def __init__(
        self,
        backend: Backend[K, V],
        *,
        batch_tokens: int | None = None,
        cache_size: int = 200_000,
        max_timeouts: int = 5,
        max_deaths: int = 200,
        store: Store | None = None,
    ) -> None:
        if batch_tokens is not None and batch_tokens < 1:
            raise ValueError(f"batch_tokens must be at least 1, got {batch_tokens}")
        super().__init__(cache_size=cache_size, store=store)
        self.backend, self.batch_tokens = backend, batch_tokens
        self.max_timeouts, self.max_deaths = max_timeouts, max_deaths
        self._unsized: list[K] = []
        self._sized: Pending[K] | None = None
        self._timeouts = self._deaths = 0

    @property
    def _queue(self) -> Pending[K]:
        """What has a length and waits; made with the first item, because a backend may load its model for the numbers."""
        if self._sized is None:
            self._sized = Pending(
                batch_tokens=self.batch_tokens or int(getattr(self.backend, "batch_tokens", BATCH_TOKENS)),
                row_quantum=self.backend.row_quantum,
                length_quantum=self.backend.length_quantum,
                mixed=self.backend.mixed_lengths,
                padding_cost=self.backend.padding_cost,
                overhead=getattr(self.backend, "batch_overhead", BATCH_OVERHEAD),
            )
        return self._sized

    def _begin(self, new: list[K]) -> None:
        self._unsized += new

    def _size(self) -> None:
        """Put everything that was submitted since the last batch where its length belongs, in one call of the backend."""
        if self._unsized:
            new, self._unsized = self._unsized, []
            new = self._recall(new)
            if new:
                self._enqueue(new)

    def _enqueue(self, items: list[K]) -> None:
        try:
            lengths = self.backend.lengths(items)
        except RobustnessError as error:
            if len(items) == 1:
                self._settle(items, [failure_of(error)])
                return
            for item in items:
                self._enqueue([item])
            return
        queue = self._queue
        for item, length in zip(items, lengths, strict=True):
            queue.add(item, length)

    def pump(self) -> list[tuple[Ticket, list[V] | UnansweredError]]:
        """Compute one batch if none is ready, and hand out every complete ticket."""
        if not self._complete:
            self._size()
        if not self._complete and self._sized:
            self._compute(self._sized.cut())
        return self.collect()

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
        except TooLargeError as large:
            if len(batch) > 1:
                return self._in_halves(batch)
            error = large
        except RobustnessError as raised:
            error = raised
        if len(batch) == 1:
            return [failure_of(error)]
        answers = self._in_halves(batch)
        if not any(isinstance(answer, Failure) for answer in answers):
            self.usage.rescued += len(batch)
        return answers

    def _in_halves(self, batch: list[K]) -> list[V | Failure]:
        half = len(batch) // 2
        return self._attempt(batch[:half]) + self._attempt(batch[half:])

    def _call(self, batch: list[K]) -> Sequence[V | Failure]:
        quantum = self.backend.row_quantum
        padding = -len(batch) % quantum if quantum else 0
        started = time.perf_counter()
        try:
            answers = self.backend.compute(batch + batch[-1:] * padding)
        finally:
            self.usage.seconds += time.perf_counter() - started
            self.usage.batches += 1
            self.usage.forwards += len(batch)
            self.usage.padding += padding
        return answers[: len(batch)]
