"""An exchange on its way: who waits for it, what was tried, and how an attempt says that another may do better."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from robustness.errors import RobustnessError, VictimError
from robustness.victims.endpoint.exchange import Exchange
from robustness.victims.endpoint.wire import Reply

Done = Callable[[Reply | RobustnessError], None]
ReadUsage = Callable[[Reply], Any]


class Job:
    """An exchange on its way.

    ``waiting``: everybody who waits for its answer. ``attempts``: requests sent for it. ``silences``: those that ran into a time
    limit. ``cost``: what the ledger counted for them, None before the first. ``fresh``: whether it met a stale connection, and
    takes new ones since. ``began``: when it first went out, on the loop's clock. ``turn``: set while it waits to go out again.
    """

    __slots__ = ("attempts", "began", "cost", "exchange", "fresh", "key", "read_usage", "silences", "tokens", "turn", "waiting")

    def __init__(self, exchange: Exchange, key: str, read_usage: ReadUsage, done: Done) -> None:
        self.exchange = exchange
        self.key = key
        self.read_usage = read_usage
        self.waiting = [done]
        self.tokens = exchange.tokens_in + exchange.tokens_out
        self.attempts = 0
        self.cost: Any = None
        self.silences = 0
        self.fresh = False
        self.began = 0.0
        self.turn: asyncio.Future[Any] | None = None


class TryAgain(Exception):
    """An attempt failed in a way that may pass: after ``wait`` seconds where the server says so, ``at_once``, or by back-off."""

    def __init__(self, error: VictimError, wait: float | None = None, *, at_once: bool = False, throttled: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.at_once = at_once
        self.throttled = throttled


class Pauses:
    """Waits that end early where the run does."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Future[None]] = set()

    async def wait(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Wait this long; raises what ``end`` was told."""
        if seconds <= 0:
            return
        pause: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, pause)
        self._under_way.add(pause)
        try:
            await pause
        finally:
            timer.cancel()
            self._under_way.discard(pause)

    def end(self, error: RobustnessError) -> None:
        """End all of them by this error."""
        for pause in self._under_way:
            if not pause.done():
                pause.set_exception(same(error))


def _wake(pause: asyncio.Future[None]) -> None:
    if not pause.done():
        pause.set_result(None)


def same(error: RobustnessError) -> RobustnessError:
    """The same error once more: one object raised in several threads would gather all their tracebacks."""
    again = type(error).__new__(type(error), *error.args)
    again.args = error.args
    again.__dict__.update(error.__dict__)
    return again


def tell(loop: asyncio.AbstractEventLoop, waiting: list[Done], answer: Reply | RobustnessError) -> None:
    """Hand an answer to everybody who waits for it."""
    for done in waiting:
        try:
            done(answer)
        except Exception as error:  # noqa: BLE001 - one caller's fault must not leave the others waiting
            loop.call_exception_handler({"message": "what waited for an answer failed on it", "exception": error})
