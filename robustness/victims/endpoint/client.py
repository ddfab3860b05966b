"""Asks an endpoint: many exchanges at once, each with its deadline and its retries, under one ledger and one cassette.

One background thread runs one event loop. An exchange waits in line until the pace and the ledger let it out; the ledger is asked
before every attempt and settled after it. What the cassette knows is never sent, and what is asked twice at once is sent once.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from robustness.errors import RefusedError, RobustnessError, SpentError, VictimError, cut
from robustness.victims.endpoint.exchange import Books, ClientOptions, Exchange, Tape
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.stream.health import Health
from robustness.victims.endpoint.stream.jobs import Done, Job, Pauses, ReadUsage, TryAgain, same, tell
from robustness.victims.endpoint.stream.leaks import Cleaner
from robustness.victims.endpoint.stream.limits import Pace
from robustness.victims.endpoint.wire import Reply, Transport, WireError

__all__ = ["Books", "Client", "ClientOptions", "Exchange", "Tape"]

_NOTHING = Usage(0, 0)
_FRESH = {"fresh": True}


class Client:
    """Asks exchanges; ``start`` and ``ask`` may be called from any thread.

    ``transport_factory`` is called once, in the client's own thread, when the first exchange comes.
    """

    def __init__(
        self,
        transport_factory: Callable[[], Transport],
        *,
        ledger: Books,
        cassette: Tape,
        options: ClientOptions | None = None,
    ) -> None:
        self._options = options or ClientOptions()
        self._factory = transport_factory
        self._ledger = ledger
        self._cassette = cassette
        self._lock = threading.Lock()
        self._incoming: deque[tuple[Exchange, ReadUsage, Done]] = deque()
        self._awake = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop
        self._transport: Transport
        self._cleaner = Cleaner()
        self._health = Health(self._options)
        self._pace = Pace(self._options.concurrency, self._options.rps, self._options.tpm)
        self._jobs: dict[str, Job] = {}
        self._new: deque[Job] = deque()
        self._again: deque[Job] = deque()
        self._tasks: dict[Job, asyncio.Task[None] | None] = {}  # None until its reservation is on disk
        self._answered: list[tuple[Job, Reply | RobustnessError]] = []
        self._handing_out = False
        self._pauses = Pauses()
        self._timer: asyncio.TimerHandle | None = None
        self._in_flight = 0
        self._tokens_in_flight = 0
        self._ended: RobustnessError | None = None

    def start(self, exchange: Exchange, read_usage: ReadUsage, done: Done) -> None:
        """Ask; ``done`` is called in the client's own thread, once, with the reply or with what went wrong; it must not block."""
        self._check_open()
        self._incoming.append((exchange, read_usage, done))
        if not self._awake:
            self._awake = True  # cleared by _take before it looks, so that nothing is left lying
            with self._lock:
                self._check_open()
                if self._thread is None:
                    self._begin()
                self._loop.call_soon_threadsafe(self._take)

    def ask(self, exchange: Exchange, read_usage: ReadUsage) -> Reply:
        """Ask and wait; raises what went wrong."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("ask() would wait for its own thread; use start() there")
        box: queue.SimpleQueue[Reply | RobustnessError] = queue.SimpleQueue()
        self.start(exchange, read_usage, box.put)
        answer = box.get()
        if isinstance(answer, Reply):
            return answer
        raise answer

    def close(self) -> None:
        """Give up what is under way and close every connection; whoever still waits is told so. May be called twice."""
        with self._lock:
            thread, self._closed = self._thread, True
            if thread is None or self._process != os.getpid() or not thread.is_alive():
                return
            self._loop.call_soon_threadsafe(self._stop)
        atexit.unregister(self.close)
        if thread is not threading.current_thread():
            thread.join(5.0)
            while self._incoming:  # came while the thread was on its way out
                self._incoming.popleft()[2](VictimError("the client of this endpoint is closed and asks nothing more"))

    def _check_open(self) -> None:
        if self._closed:
            raise VictimError("the client of this endpoint is closed and asks nothing more")
        if self._process != os.getpid():
            raise VictimError("the client of this endpoint was opened in another process; open the victim where it is asked")

    def _begin(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(ready,), name="endpoint client", daemon=True)
        self._thread.start()
        ready.wait()
        atexit.register(self.close)

    def _live(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._stopping = self._loop.create_future()
            ready.set()
            unusable: RobustnessError | None = None
            try:
                self._transport = self._factory()  # it may import for half a second, so not in the loop
            except RobustnessError as error:
                unusable = error
            except Exception as error:  # noqa: BLE001 - the first exchange waits already
                unusable = RefusedError(f"nothing can be sent: {type(error).__name__}: {cut(error)}")
            runner.run(self._until_stopped(unusable))

    async def _until_stopped(self, unusable: RobustnessError | None) -> None:
        if unusable is not None:
            self._end(unusable)
        await self._stopping
        await asyncio.sleep(0)  # let those begin that were just let out: one cancelled before would never tell who waits for it
        tasks = [task for task in self._tasks.values() if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._hand_out()
        if unusable is None:
            await self._transport.close()

    def _stop(self) -> None:
        if not self._stopping.done():
            self._end(VictimError("the client was closed before this was answered"))
            self._take()
            self._stopping.set_result(None)

    def _take(self) -> None:
        """Let in what came since the last time, all at once; this and what follows runs in the client's own thread."""
        self._awake = False
        while self._incoming:
            exchange, read_usage, done = self._incoming.popleft()
            try:
                self._let_in(exchange, read_usage, done)
            except RobustnessError as error:  # of the cassette: a file that cannot be written, or a replay that has no answer
                tell(self._loop, [done], error)
            except ValueError as error:
                tell(self._loop, [done], VictimError(f"a request cannot be written as JSON: {cut(error)}"))
        self._pump()

    def _let_in(self, exchange: Exchange, read_usage: ReadUsage, done: Done) -> None:
        key = exchange.key()
        job = self._jobs.get(key)
        if job is not None:
            job.waiting.append(done)
            return
        known = self._cassette.recall(key)
        if known is not None:
            tell(self._loop, [done], known)
        elif self._ended is not None:
            tell(self._loop, [done], same(self._ended))
        else:
            self._jobs[key] = job = Job(exchange, key, read_usage, done)
            self._new.append(job)

    def _pump(self) -> None:
        """Let out whatever may go out now."""
        if self._ended is not None or not (self._again or self._new):
            return
        leaving: list[tuple[Job, Any]] = []
        try:
            with self._cassette.together():
                self._let_out(leaving)
        except RobustnessError as error:  # what goes out cannot be written down
            self._keep_back(leaving, error)
            return
        self._send(leaving)

    def _let_out(self, leaving: list[tuple[Job, Any]]) -> None:
        """Put whatever may go out into ``leaving``, with what was reserved for it.

        Those that try again come first, because they have waited longest.
        """
        while self._ended is None and self._in_flight < self._pace.width:
            line = self._again or self._new
            if not line or (line is self._new and len(self._tasks) >= self._options.concurrency):
                return  # one that waits to try again keeps its place, or an outage would be asked everything that is left
            job = line[0]
            now = self._loop.time()
            wait = self._pace.wait(job.tokens, now)
            if wait > 0:
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = self._loop.call_later(wait, self._pump)
                return
            try:
                reservation = self._ledger.reserve(job.exchange.tokens_in, job.exchange.tokens_out)
            except SpentError as error:
                if not self._in_flight:  # else what is in flight may settle below its worst case and leave room
                    self._end(error)
                return
            line.popleft()
            self._pace.sent(job.tokens, now)
            self._in_flight += 1
            self._tokens_in_flight += job.tokens
            if job.turn is None:
                job.began = now
                self._tasks[job] = None
            leaving.append((job, reservation))

    def _send(self, leaving: list[tuple[Job, Any]]) -> None:
        for job, reservation in leaving:
            if job.turn is None:
                self._tasks[job] = self._loop.create_task(self._run(job, reservation))
            else:
                job.turn.set_result(reservation)
                job.turn = None

    def _keep_back(self, leaving: list[tuple[Job, Any]], error: RobustnessError) -> None:
        """End the run by what could not be written down; none of these was sent."""
        for job, reservation in leaving:
            with suppress(RobustnessError):  # nor can this be written down
                self._ledger.cancel(reservation)
            self._in_flight -= 1
            self._tokens_in_flight -= job.tokens
            if job.turn is None:
                del self._tasks[job]
                self._answered.append((job, same(error)))
            else:
                self._again.append(job)
        self._end(error)
        self._hand_out_soon()

    async def _run(self, job: Job, reservation: Any) -> None:
        answer: Reply | RobustnessError
        try:
            try:
                answer = await self._attempt(job, reservation)
            except TryAgain as failure:
                answer = await self._retried(job, failure)
        except RobustnessError as error:
            answer = error
            if isinstance(error, (RefusedError, SpentError)) or not isinstance(error, VictimError):
                self._end(error)
        except asyncio.CancelledError:
            answer = same(self._ended) if self._ended else VictimError("the request was given up")
        except Exception as error:  # noqa: BLE001 - a dialect's fault in reading the usage must not leave its caller waiting
            answer = VictimError(f"a reply could not be read: {type(error).__name__}: {cut(error)}")
        del self._tasks[job]
        self._answered.append((job, answer))
        self._hand_out_soon()

    def _hand_out_soon(self) -> None:
        if not self._handing_out:
            self._handing_out = True
            self._loop.call_soon(self._hand_out)

    def _hand_out(self) -> None:
        """Write down what came since the last time and what goes out next, all in one piece; then tell, and send."""
        self._handing_out = False
        answered, self._answered = self._answered, []
        leaving: list[tuple[Job, Any]] = []
        told: list[tuple[Job, Reply | RobustnessError]] = []
        try:
            with self._cassette.together():
                told.extend((job, self._kept(job, answer)) for job, answer in answered)
                self._let_out(leaving)
        except Exception as error:  # noqa: BLE001 - what is not written down is not told, and nobody is left waiting
            problem = error if isinstance(error, RobustnessError) else VictimError(f"{type(error).__name__}: {cut(error)}")
            told = [(job, same(problem)) for job, _ in answered]
            self._keep_back(leaving, problem)
            leaving = []
        self._send(leaving)
        for job, answer in told:
            self._jobs.pop(job.key, None)
            tell(self._loop, job.waiting, answer)

    def _kept(self, job: Job, answer: Reply | RobustnessError) -> Reply | RobustnessError:
        """Write down how an exchange ended; what may be read of it. Raises what cannot be written down."""
        if isinstance(answer, Reply):
            kept = self._cassette.keep(job.key, job.exchange, answer, job.attempts, job.cost)
            kept.share_json(answer)
            return kept
        if self._ended is None and isinstance(answer, VictimError):
            self._cassette.keep_failure(job.key, job.exchange, answer, job.attempts, job.cost)
        return answer

    async def _retried(self, job: Job, failure: TryAgain) -> Reply:
        pending: list[TryAgain] = [failure]

        async def attempt() -> Reply:
            if pending:
                raise pending.pop()  # the first attempt, which is over
            self._check_going()  # a run that ended between its pause and now would never give it a turn
            job.turn = turn = self._loop.create_future()
            self._again.append(job)
            self._pump()
            return await self._attempt(job, await turn)

        retrying = self._health.retrying(job, self._loop.time, self._pause)
        try:
            return await retrying(attempt)
        except TryAgain as last:
            raise self._health.given_up(job, last) from None

    def _check_going(self) -> None:
        if self._ended is not None:
            raise same(self._ended)

    async def _attempt(self, job: Job, reservation: Any) -> Reply:
        """One request; its reservation is settled whatever comes of it."""
        call = job.exchange.call
        usage: Any = None  # not known: the ledger takes the worst case
        left = False
        try:
            self._check_going()
            sent = self._loop.time()
            limits = self._health.limits(sent)
            job.attempts += 1
            left = True
            try:
                reply = await self._transport.send(call, limits, **_FRESH if job.fresh else {})
            except WireError as error:
                left = error.kind != "connect"
                usage = _NOTHING if error.stale or error.kind == "redirected" else None
                raise self._health.failed(job, error, self._loop.time()) from None
            except RobustnessError:
                left = False
                raise
            reply = self._cleaner.cleaned(reply, call)
            usage = job.read_usage(reply)
            if usage is None and reply.status >= 400:  # an error is billed only where the server says so
                usage = _NOTHING
        finally:
            self._in_flight -= 1
            self._tokens_in_flight -= job.tokens
            if left:
                counted = self._ledger.settle(reservation, usage)
                job.cost = counted if job.cost is None else job.cost + counted
            else:
                self._ledger.cancel(reservation)
        now = self._loop.time()
        if usage is not None:
            self._pace.used_less(job.tokens - usage.tokens_in - usage.tokens_out)
        self._pace.heard(reply.headers, self._in_flight, self._tokens_in_flight, now, time.time())
        try:
            self._health.replied(job, reply, now)
        except TryAgain as failure:
            if failure.throttled:
                self._pace.throttled(failure.wait, sent, now)
            raise
        self._pace.answered(now)
        return reply

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the run ends meanwhile; others that try again may go out before."""
        self._pump()
        await self._pauses.wait(self._loop, seconds)

    def _end(self, error: RobustnessError) -> None:
        """End the run: nothing more goes out, and everybody who has not been answered is told why.

        What is in flight is let come in after a spent budget, because it is paid for; a refusal makes it worthless.
        """
        if self._ended is not None:
            return
        self._ended = error
        waiting = [job for job in self._new if self._jobs.pop(job.key, None)]
        self._new.clear()
        self._pauses.end(error)
        for job in self._again:
            if job.turn is not None and not job.turn.done():
                job.turn.set_exception(same(error))
        self._again.clear()
        for job in waiting:
            tell(self._loop, job.waiting, same(error))
        if not isinstance(error, SpentError):
            for task in self._tasks.values():
                if task is not None and task is not asyncio.current_task():
                    self._loop.call_soon(task.cancel)  # not at once: one that has not begun would never tell who waits for it
