"""Calls a victim so that whatever it does becomes an error and not a stuck or ended run.

A thread cannot be stopped from outside, and one that holds the interpreter lock in a native call stops every other, the one that
watches the clock included. Only a victim in a process of its own (``--isolate``) can be interrupted then.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from traceback import clear_frames
from typing import TypeVar

from robustness.errors import RobustnessError, TooLargeError, VictimError, VictimTimeoutError, cut
from robustness.isolation.victim import IsolatedVictim
from robustness.victims.base import Victim

T = TypeVar("T")
TOO_LARGE = ("OutOfMemoryError", "MemoryError", "_ArrayMemoryError")
"""Names of what torch, Python and numpy raise where memory does not suffice."""


class Patience:
    """One worker thread that runs calls in turn; a call past the limit is abandoned with its thread.

    ``interrupt``: ends what the call waits for, where that can be done.
    """

    def __init__(self, seconds: float | None, interrupt: Callable[[], None] = lambda: None) -> None:
        if seconds is not None and not seconds > 0:
            raise ValueError(f"a time limit must be positive seconds or None, got {seconds!r}")
        self.seconds, self._interrupt = seconds, interrupt
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
            self._interrupt()
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


class Guard:
    """Calls one victim: loaded if its process died, under a time limit, and whatever it raises as a ``VictimError``.

    ``what`` begins the message: "the victim raised ValueError: …".
    """

    def __init__(self, victim: Victim, timeout: float | None, what: str = "the victim") -> None:
        inner: object = victim
        while (nearer := getattr(inner, "inner", None)) is not None:  # one behind a channel, a normaliser, or both
            inner = nearer
        self._isolated = inner if isinstance(inner, IsolatedVictim) else None
        self._patience = Patience(timeout, self._isolated.interrupt if self._isolated else lambda: None)
        self._what = what

    def run(self, call: Callable[[], T]) -> T:
        """The call's result; raises ``RobustnessError`` only, and ``KeyboardInterrupt``."""
        if self._isolated is not None:
            self._isolated.ready()
        return guarded(lambda: self._patience.run(call), self._what)


def guarded(call: Callable[[], T], what: str) -> T:
    """The call's result; anything that it raises, but the suite's own errors and an interrupt, as a ``VictimError``.

    ``SystemExit`` and ``GeneratorExit`` are not an ``Exception``, and would end the run with a code that reads as a verdict.
    """
    try:
        return call()
    except (RobustnessError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if type(error).__name__ in TOO_LARGE:
            clear_frames(error.__traceback__)  # they hold what filled the memory, which is needed for the next, smaller batch
            raise TooLargeError(f"{what} raised {type(error).__name__}: {_said(error)}") from None
        raise VictimError(f"{what} raised {type(error).__name__}: {_said(error)}") from error


def _said(error: BaseException) -> str:
    try:
        return cut(error)
    except Exception:  # noqa: BLE001 - an exception of foreign code may be as broken as that
        return "its message cannot be read"
