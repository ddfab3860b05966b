"""Runs a call with a time limit, so that a victim that hangs becomes an error and not a stuck run."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from robustness.errors import VictimTimeoutError

T = TypeVar("T")


class Patience:
    """One worker thread that runs calls in turn; a call past the limit is abandoned with its thread."""

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not seconds > 0:
            raise ValueError(f"a time limit must be positive seconds or None, got {seconds!r}")
        self.seconds = seconds
        self._jobs: queue.SimpleQueue[tuple[Callable[[], object], queue.SimpleQueue[tuple[bool, object]]]] | None = None

    def run(self, call: Callable[[], T]) -> T:
        """The call's result, or its exception; ``VictimTimeoutError`` when it takes longer than the limit."""
        if self.seconds is None:
            return call()
        if self._jobs is None:
            self._jobs = self._start()
        reply: queue.SimpleQueue[tuple[bool, object]] = queue.SimpleQueue()
        self._jobs.put((call, reply))
        try:
            ok, value = reply.get(timeout=self.seconds)
        except queue.Empty:
            self._jobs = None  # the thread stays behind with its call; a fresh one serves the next
            raise VictimTimeoutError(f"the victim did not answer within {self.seconds:g} s (--victim-timeout)") from None
        if ok:
            return value  # type: ignore[return-value]
        assert isinstance(value, BaseException)
        raise value

    @staticmethod
    def _start() -> queue.SimpleQueue[tuple[Callable[[], object], queue.SimpleQueue[tuple[bool, object]]]]:
        jobs: queue.SimpleQueue[tuple[Callable[[], object], queue.SimpleQueue[tuple[bool, object]]]] = queue.SimpleQueue()

        def serve() -> None:
            while True:
                call, reply = jobs.get()
                try:
                    reply.put((True, call()))
                except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
                    reply.put((False, error))

        threading.Thread(target=serve, daemon=True, name="victim").start()
        return jobs
