"""Runs call-style code in a thread, one step at a time: it runs while its trial waits, and waits while its trial asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import SimpleQueue
from typing import Any

from attacks.search import Search, Trial

Request = Callable[[Trial], Search[Any]]
"""What a worker asks: a piece of search that the trial runs for it, and whose result it is handed."""
Ask = Callable[[Request], Any]
PATIENCE_S = 5.0
_STOP = object()


class Stopped(BaseException):
    """Raised in a worker whose trial has ended; not an ``Exception``, so that no handler on the way swallows it."""


class Worker:
    """One thread that runs ``work(ask)``. Between two calls of ``step`` it waits inside ``ask``; never do two sides run."""

    def __init__(self, work: Callable[[Ask], None], around: Callable[[], AbstractContextManager[None]]) -> None:
        self._work, self._around = work, around
        self._said: SimpleQueue[Request | BaseException | None] = SimpleQueue()
        self._answers: SimpleQueue[Any] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="textattack-search", daemon=True)

    def step(self, answer: Any = None) -> Request | None:
        """Start the work, or hand it an answer; return what it asks next, None at its end. Raises what the work raised."""
        with self._around():
            if self._thread.ident is None:
                self._thread.start()
            else:
                self._answers.put(answer)
            said = self._said.get()
        if isinstance(said, BaseException):
            raise said
        return said

    def close(self) -> None:
        """End the work wherever it waits."""
        if self._thread.ident is not None:
            self._answers.put(_STOP)
            self._thread.join(PATIENCE_S)

    def _ask(self, request: Request) -> Any:
        self._said.put(request)
        answer = self._answers.get()
        if answer is _STOP:
            raise Stopped
        return answer

    def _run(self) -> None:
        end: Exception | None = None
        try:
            self._work(self._ask)
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - handed to the trial, which raises it: one error outcome, not the run's end
            end = error
        except BaseException as error:  # noqa: BLE001 - a component that exits must not leave its trial waiting for ever
            end = RuntimeError(f"a TextAttack component raised {type(error).__name__}: {error}")
        self._said.put(end)
