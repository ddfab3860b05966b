"""Calls over the standard library's HTTP client, each in a thread of its own: nothing needs to be installed.

A socket's own time-out starts afresh with every byte, so the loop keeps the deadlines: it shuts the socket of a call that is over
its time, which wakes the thread that reads from it. Threads are daemons, so that a closing interpreter waits for none.
"""

from __future__ import annotations

import asyncio
import http.client
import queue
import select
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from robustness.errors import RobustnessError, UsageError, cut
from robustness.victims.endpoint.transports.bodies import (
    certificate_refused,
    check_url,
    finished,
    headers_of,
    proxy_for,
    shown_url,
    too_large,
)
from robustness.victims.endpoint.wire import Call, Limits, Reply, WireError

_IDLE_SECONDS = 30.0
_CHUNK = 1 << 16
_Origin = tuple[str, str]


@dataclass(slots=True, eq=False)
class _Work:
    """One call in a thread. ``connection`` and ``connected`` are set there and read by the loop; ``over`` the other way round."""

    call: Call
    limits: Limits
    fresh: bool
    answer: asyncio.Future[Reply]
    connection: http.client.HTTPConnection | None = None
    connected: bool = False
    reused: bool = False
    waits_since: float = 0.0
    over: bool = False
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class ThreadTransport:
    """A transport over ``http.client``; ``proxies``: heed ``HTTPS_PROXY`` and its kin, which are ignored otherwise."""

    def __init__(self, *, proxies: bool = False) -> None:
        self._proxies = proxies
        self._todo: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._spare = 0  # threads that have nothing to do; one that is stuck in a look-up is not among them
        self._under_way: set[_Work] = set()
        self._idle: dict[_Origin, deque[tuple[http.client.HTTPConnection, float]]] = {}
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    async def send(self, call: Call, limits: Limits, *, fresh: bool = False) -> Reply:
        """The reply of any status; raises ``WireError`` where none came within the limits."""
        check_url(call.url)
        loop = asyncio.get_running_loop()
        work = _Work(call, limits, fresh, loop.create_future())
        where = shown_url(call.url)
        late = f"{where} did not finish its answer within {limits.total:g} s"
        work.timers.append(loop.call_later(limits.total, _give_up, work, WireError("timeout", late)))
        slow = WireError("connect", f"no connection to {where} within {limits.connect:g} s")
        work.timers.append(loop.call_later(limits.connect, _give_up_connecting, work, slow))
        self._under_way.add(work)
        if self._spare:
            self._spare -= 1
        else:
            self._threads += 1
            threading.Thread(target=self._work, args=(loop,), name="endpoint call", daemon=True).start()
        self._todo.put(work)
        try:
            return await work.answer
        finally:
            self._under_way.discard(work)
            for timer in work.timers:
                timer.cancel()
            if not work.answer.done() or work.answer.cancelled():
                _shut(work)

    async def close(self) -> None:
        """Close every connection and let the threads go; one that looks a name up ends when that does."""
        self._closed = True
        for work in list(self._under_way):
            _give_up(work, WireError("dropped", "the transport was closed"))
        for _ in range(self._threads):
            self._todo.put(None)
        with self._lock:
            idle = [connection for line in self._idle.values() for connection, _ in line]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _hand_over(self, work: _Work, outcome: Reply | Exception) -> None:
        self._spare += 1
        if work.answer.done():
            return
        if isinstance(outcome, Reply):
            work.answer.set_result(outcome)
        else:
            work.answer.set_exception(outcome)

    # From here on everything runs in the threads.

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (work := self._todo.get()) is not None:
            outcome: Reply | Exception
            try:
                outcome = self._sent(work)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller on the loop is waiting for it
                outcome = _fault(error, work)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._hand_over, work, outcome)
            del work, outcome

    def _sent(self, work: _Work) -> Reply:
        call, limits = work.call, work.limits
        parts = urlsplit(call.url)
        connection = self._connection(work, parts)
        keep = False
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = headers_of(call)
            if self._proxies and parts.scheme == "http" and (proxy := proxy_for(call.url)):
                target, headers = call.url, {**headers, **_proxy_login(proxy)}
            connection.request(call.method, target, call.body or None, headers)
            work.waits_since = time.monotonic()
            response = connection.getresponse()
            came = {name.lower(): value for name, value in response.getheaders()}
            body = _body(response, limits.most_bytes, call.url)
            keep = not response.will_close
        finally:
            if keep and not work.fresh and not work.over:
                self._put_back((parts.scheme, parts.netloc), connection)
            else:
                connection.close()
        return finished(response.status, came, body, limits.most_bytes, call.url)

    def _connection(self, work: _Work, parts: SplitResult) -> http.client.HTTPConnection:
        if not work.fresh and (connection := self._kept((parts.scheme, parts.netloc))) is not None:
            work.connection, work.connected, work.reused = connection, True, True
            connection.timeout = work.limits.read
            connection.sock.settimeout(work.limits.read)
            return connection
        assert parts.hostname is not None
        connection = self._new(parts, parts.hostname, work)
        work.connection = connection
        connection.connect()
        work.connected = True
        if work.over:
            raise TimeoutError("it was given up meanwhile")
        connection.sock.settimeout(work.limits.read)
        return connection

    def _new(self, parts: SplitResult, host: str, work: _Work) -> http.client.HTTPConnection:
        seconds = work.limits.connect
        proxy = proxy_for(work.call.url) if self._proxies else None
        at = urlsplit(proxy) if proxy else parts
        port = at.port or (None if proxy is None else 80)
        if parts.scheme == "http":
            return http.client.HTTPConnection(at.hostname or host, port, timeout=seconds)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        connection = http.client.HTTPSConnection(at.hostname or host, port, timeout=seconds, context=self._tls)
        if proxy is not None:
            connection.set_tunnel(host, parts.port, _proxy_login(proxy))
        return connection

    def _kept(self, origin: _Origin) -> http.client.HTTPConnection | None:
        """An idle connection that the server has not closed yet, the one that was used last."""
        while True:
            with self._lock:
                line = self._idle.get(origin)
                if not line:
                    return None
                connection, since = line.pop()
            if time.monotonic() - since < _IDLE_SECONDS and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()

    def _put_back(self, origin: _Origin, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.setdefault(origin, deque()).append((connection, time.monotonic()))
                return
        connection.close()


def _proxy_login(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(login.encode()).decode()}"}


def _body(response: http.client.HTTPResponse, most_bytes: int, url: str) -> bytes:
    length = response.length
    if length is not None and length > most_bytes:
        raise too_large(most_bytes, url)
    body = response.read(most_bytes + 1) if length is None else response.read()
    if length is None and len(body) > most_bytes:
        raise too_large(most_bytes, url)
    return body


def _give_up_connecting(work: _Work, error: WireError) -> None:
    if not work.connected:
        _give_up(work, error)


def _give_up(work: _Work, error: WireError) -> None:
    if not work.answer.done():
        work.answer.set_exception(error)
    _shut(work)


def _shut(work: _Work) -> None:
    """Wake the thread that waits on this call's socket; the thread itself closes it."""
    work.over = True
    sock = work.connection.sock if work.connection is not None else None
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _fault(error: Exception, work: _Work) -> Exception:
    if isinstance(error, RobustnessError):  # of our own making already, or --offline's
        return error
    where, reason = shown_url(work.call.url), cut(error) or type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_refused(work.call.url, error.verify_message)
    if not work.connected:
        return WireError("connect", f"cannot connect to {where}: {reason}")
    if isinstance(error, TimeoutError) and time.monotonic() - work.waits_since >= work.limits.read * 0.95:
        return WireError("timeout", f"{where} was silent for {work.limits.read:g} s")
    if isinstance(error, http.client.IncompleteRead):
        return WireError("dropped", f"{where} ended its answer too soon: {reason}")
    if isinstance(error, (http.client.RemoteDisconnected, OSError)):
        return WireError("dropped", f"{where} closed the connection before it answered: {reason}", stale=work.reused)
    if isinstance(error, http.client.HTTPException):
        return WireError("malformed", f"{where} answered what is not HTTP: {reason}")
    return UsageError(f"a request to {where} cannot be sent: {reason}; check the URL and the headers")
