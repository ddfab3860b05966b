"""Oracles over victims that are asked one input at a time: many requests in flight, answers handed out as they come.

One failed item is one failed item, and is never sent again with its neighbours: whoever answers has its own retries. How many
requests are under way at once is the victim's to decide, since it is the one that hears that it asks too much.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from robustness.engine.failures import Failure
from robustness.engine.orders import Orders, Store, failure_of
from robustness.engine.time_limit import guarded
from robustness.errors import RefusedError, RobustnessError, SpentError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
K_contra = TypeVar("K_contra", contravariant=True)
V_co = TypeVar("V_co", covariant=True)

WAKE_S = 0.5
"""How often a wait looks up, in seconds, so that an interrupt from the keyboard is heard on every platform."""


class StreamBackend(Protocol[K_contra, V_co]):
    """Whoever is asked one item at a time."""

    def bring(self, items: Sequence[K_contra]) -> None:
        """Do what is better done for many items at once, before each is asked about."""

    def start(self, item: K_contra, done: Callable[[Any], None]) -> None:
        """Ask about an item; ``done`` gets what came, raw, from any thread."""

    def read(self, item: K_contra, raw: Any) -> V_co | Failure:
        """What came, as an answer; called in the engine's thread."""


class Mailbox:
    """Where answers arrive for the oracles of one run, from whatever threads."""

    def __init__(self) -> None:
        self._arrived: deque[tuple[StreamOracle[Any, Any], Any, Any]] = deque()
        self._something = threading.Event()

    def put(self, oracle: StreamOracle[Any, Any], item: Any, raw: Any) -> None:
        """Something came for an item."""
        self._arrived.append((oracle, item, raw))
        if not self._something.is_set():  # nearly always it is: whoever waits takes everything that has come meanwhile
            self._something.set()

    def deliver(self, *, wait: bool) -> int:
        """Hand everything that has arrived to its oracle; with ``wait``, not before something has. How much it was."""
        while wait and not self._arrived:
            self._something.wait(WAKE_S)
        self._something.clear()  # before the first is taken: what comes after that sets it again
        came: dict[StreamOracle[Any, Any], list[tuple[Any, Any]]] = {}
        count = 0
        while self._arrived:
            oracle, item, raw = self._arrived.popleft()
            came.setdefault(oracle, []).append((item, raw))
            count += 1
        for oracle, pairs in came.items():
            oracle.arrived(pairs)
        return count


class StreamOracle(Orders[K, V], Generic[K, V]):
    """Answers requests of one kind from somebody who is asked one item at a time.

    ``spent``: why nothing more will be answered, once a cap is reached; raises ``RefusedError`` out of ``arrived`` where the
    other side will answer nothing at all.
    """

    def __init__(
        self, backend: StreamBackend[K, V], mailbox: Mailbox, *, cache_size: int = 200_000, store: Store | None = None
    ) -> None:
        super().__init__(cache_size=cache_size, store=store)
        self.backend, self.mailbox = backend, mailbox
        self.spent: SpentError | None = None

    @property
    def in_flight(self) -> int:
        """Items that were started and have no answer yet."""
        return len(self._waiting)

    def pump(self) -> list[Any]:
        """Every complete ticket, waiting for the first where there is none: for whoever has nothing else to do."""
        self.mailbox.deliver(wait=False)
        while self._waiting and not self._complete:
            self.mailbox.deliver(wait=True)
        return self.collect()

    def _begin(self, new: list[K]) -> None:
        left = self._recall(new)
        with suppress(RobustnessError):  # each is brought alone when it is started, and told then what is wrong with it
            self.backend.bring(left)
        for item in left:
            done = partial(self.mailbox.put, self, item)
            try:
                guarded(partial(self.backend.start, item, done), "the victim")
            except RobustnessError as error:  # an item that cannot be asked about is one failed item too
                done(error)
        self.usage.batches += len(left)
        self.usage.forwards += len(left)

    def arrived(self, pairs: Sequence[tuple[K, Any]]) -> None:
        """Settle items by what came for them; raises ``RefusedError``."""
        for _, raw in pairs:
            if isinstance(raw, RefusedError):
                raise raw
            if isinstance(raw, SpentError):
                self.spent = raw
        answers = [self._read(item, raw) for item, raw in pairs]
        if self.store is not None:
            read = zip(pairs, answers, strict=True)
            kept = {item: one for (item, _), one in read if not isinstance(one, Failure) and not _unusable(one)}
            if kept:
                self.store.keep(kept)
        self._settle([item for item, _ in pairs], answers)
        self.on_batch(len(pairs))

    def _read(self, item: K, raw: Any) -> V | Failure:
        try:
            return failure_of(raw) if isinstance(raw, RobustnessError) else self.backend.read(item, raw)
        except RobustnessError as error:
            return failure_of(error)


def _unusable(answer: Any) -> bool:
    from attacks.search import Unusable

    return isinstance(answer, Unusable)
