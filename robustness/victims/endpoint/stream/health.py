"""What an endpoint has shown of itself, and what follows for one exchange and for the whole run.

A ``RefusedError`` or a ``SpentError`` is the end of the run; any other error is the end of one exchange.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from robustness.errors import RefusedError, RobustnessError, SpentError, VictimError
from robustness.victims.endpoint.exchange import ClientOptions
from robustness.victims.endpoint.stream.jobs import Job, TryAgain
from robustness.victims.endpoint.stream.leaks import excerpt, without_secrets
from robustness.victims.endpoint.stream.retries import backoff, fate, wait_asked
from robustness.victims.endpoint.transports.bodies import shown_url
from robustness.victims.endpoint.wire import Limits, Reply, WireError

if TYPE_CHECKING:
    from tenacity import AsyncRetrying

_DEAD_AFTER = 8.0
"""Seconds of nothing but connections that fail, from the first, after which the URL is dead."""
_LONGEST_PAUSE = 120.0
"""Seconds of throttling after which nothing is to be had for now: what a server asks to wait beyond it, or 429s only."""
_MOST_SILENCES = 2
"""Attempts that may run into a time limit: each costs the whole of it, and may be billed."""


class Health:
    """Times are seconds on the loop's clock. Used from one thread."""

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._most_fruitless = max(4, 2 * options.concurrency)
        self._heard = False  # any reply at all
        self._served = False  # a good one
        self._fruitless = 0  # exchanges given up since the last reply that could be used
        self._last_good = float("-inf")
        self._first_attempt: float | None = None

    def limits(self, now: float) -> Limits:
        """Of an attempt; until the first reply, connecting may not take longer than the verdict on a dead URL."""
        limits = self._options.limits
        if self._heard:
            return limits
        if self._first_attempt is None:
            self._first_attempt = now
        left = max(1.0, _DEAD_AFTER - (now - self._first_attempt))
        return replace(limits, connect=left) if limits.connect > left else limits

    def failed(self, job: Job, error: WireError, now: float) -> Exception:
        """What to raise where no reply came."""
        error = WireError(error.kind, without_secrets(str(error), job.exchange.call), stale=error.stale)
        if error.stale and not job.fresh:
            job.fresh = True  # its next attempts take new connections: the others in a pool of idle ones may be gone too
            return TryAgain(error, at_once=True)
        if error.kind == "connect" and not self._heard and now - (self._first_attempt or now) > _DEAD_AFTER - 0.5:
            return self.given_up(job, TryAgain(error))
        if error.kind in ("timeout", "dropped", "connect"):
            job.silences += error.kind == "timeout"
            return TryAgain(error)
        self._heard = self._heard or error.kind == "too-large"
        return self.given_up(job, TryAgain(error))

    def replied(self, job: Job, reply: Reply, now: float) -> None:
        """Returns where the reply is one to hand out; raises what is to be done else."""
        self._heard = True
        what = fate(reply, self._served) if reply.status >= 400 else "final"
        if what == "final":
            self._served = self._served or reply.status < 400
            self._fruitless, self._last_good = 0, now
            return
        url = shown_url(job.exchange.call.url)
        text = f"{url} answered {reply.status}: {excerpt(reply, job.exchange.call) or 'nothing'}"
        wait = wait_asked(reply.headers, time.time())
        if what == "spent":
            raise SpentError(f"the account behind this endpoint is empty: {text}")
        if what == "refused":
            advice = "check the key" if reply.status in (401, 403) else "check the URL and the model's name"
            raise RefusedError(f"{text}; {advice}")
        too_long = wait is not None and wait > _LONGEST_PAUSE
        if what == "throttled" and too_long:
            raise SpentError(f"{url} asks to wait {wait:,.0f} s; resume the run then. {text}")
        failure = TryAgain(VictimError(text), wait, throttled=what == "throttled")
        raise self.given_up(job, failure) if too_long else failure

    def retrying(self, job: Job, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> AsyncRetrying:
        """What asks again for a job until that is over; only here does tenacity come in, so most requests pay nothing for it."""
        import tenacity

        def failure(state: tenacity.RetryCallState) -> TryAgain:
            error = state.outcome.exception() if state.outcome else None
            assert isinstance(error, TryAgain)
            return error

        return tenacity.AsyncRetrying(
            stop=lambda state: self.is_over(job, failure(state), clock()),
            wait=lambda state: self.pause(job, failure(state), state.attempt_number),
            retry=tenacity.retry_if_exception_type(TryAgain),
            sleep=sleep,
            reraise=True,
        )

    def is_over(self, job: Job, failure: TryAgain, now: float) -> bool:
        """Whether an exchange has used up its attempts; one that is only throttled is given time instead."""
        if failure.at_once:
            return False
        tried = job.attempts - job.fresh  # a stale connection is nobody's fault
        if failure.throttled:
            return tried > self._options.retries and now - job.began > _LONGEST_PAUSE
        return tried > self._options.retries or job.silences >= _MOST_SILENCES

    def pause(self, job: Job, failure: TryAgain, attempt: int) -> float:
        """Seconds until the next attempt."""
        if failure.at_once:
            return 0.0
        seconds = max(failure.wait or 0.0, backoff(attempt, self._options.seed, job.key))
        return seconds if self._heard else min(seconds, 1.0)  # a verdict on a dead URL does not wait

    def given_up(self, job: Job, last: TryAgain) -> RobustnessError:
        """What an exchange that used up its attempts is told; the run ends where nothing else can be expected."""
        self._fruitless += 1
        if last.throttled and self._last_good < job.began:
            return SpentError(f"everything was throttled for {_LONGEST_PAUSE:g} s; resume the run later. {last.error}")
        if not self._heard:
            return RefusedError(f"{last.error}; nothing else came from there: check the URL, and that the server runs")
        if self._fruitless >= self._most_fruitless:
            return RefusedError(f"{self._fruitless} requests in a row failed; the last one: {last.error}")
        return last.error
