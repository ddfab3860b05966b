"""Calls over aiohttp (extra ``[http]``): one session, one pool, no redirects, no cookies, no retries of its own.

Connections, TLS, the pool and the parser of replies are aiohttp's. Its request and response objects are left out, but for calls
through a proxy: all requests of a run have one head, so theirs is made once, and a request then costs half of what it would.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

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


class AiohttpTransport:
    """A transport over aiohttp; it is used from one event loop, and opens its pool at the first call.

    ``proxies``: heed ``HTTPS_PROXY`` and its kin; otherwise they are ignored, because a proxy sees what the key can do.
    """

    def __init__(self, *, proxies: bool = False) -> None:
        self._proxies = proxies
        self._session: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None
        self._connecting: set[asyncio.Task[Any] | None] = set()
        self._encrypted: WeakSet[Any] = WeakSet()
        self._tls: ssl.SSLContext | None = None
        self._urls: dict[str, URL] = {}
        self._headers: tuple[object, CIMultiDict[str]] = (None, CIMultiDict())
        self._heads: dict[tuple[str, str, aiohttp.ClientSession], _Head] = {}
        self._timeouts: tuple[Limits | None, aiohttp.ClientTimeout] = (None, aiohttp.ClientTimeout())

    async def send(self, call: Call, limits: Limits, *, fresh: bool = False) -> Reply:
        """The reply of any status; raises ``WireError`` where none came within the limits."""
        session = self._pool(fresh)
        started = time.monotonic()
        seen = _Seen()
        proxy = proxy_for(call.url) if self._proxies else None
        try:
            if proxy is None:
                status, headers, body = await self._exchanged(session, call, limits, seen)
            else:
                status, headers, body = await self._requested(session, call, limits, seen, proxy)
            return finished(status, headers, body, limits.most_bytes, call.url)
        except TimeoutError as error:
            raise _timed_out(error, time.monotonic() - started, limits, call.url) from None
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            stale = not seen.answered and asyncio.current_task() not in self._connecting and not fresh
            raise _fault(error, call.url, stale) from None
        finally:
            if self._connecting:
                self._connecting.discard(asyncio.current_task())

    async def _exchanged(
        self, session: aiohttp.ClientSession, call: Call, limits: Limits, seen: _Seen
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case and body; the head of the request goes out as it was made for the first of its kind."""
        head = self._head(session, call)
        assert session.connector is not None
        timeout = self._timeout(limits)
        async with asyncio.timeout(limits.total):
            try:
                connection = await session.connector.connect(head.request, traces=[], timeout=timeout)
            except TimeoutError as error:
                raise aiohttp.ConnectionTimeoutError(str(error)) from None
            try:
                protocol = connection.protocol
                if protocol is None or protocol.transport is None:
                    raise aiohttp.ServerDisconnectedError
                protocol.set_response_params(
                    skip_payload=call.method == "HEAD",
                    read_until_eof=True,
                    auto_decompress=False,
                    read_timeout=timeout.sock_read,
                    read_bufsize=_CHUNK,
                    timeout_ceil_threshold=float("inf"),
                )
                length = b"Content-Length: %d\r\n" % len(call.body) if call.body or head.counted else b""
                protocol.transport.write(b"%b%b\r\n%b" % (head.written, length, call.body))
                protocol.start_timeout()
                message, content = await protocol.read()
                while 100 <= message.code < 200 and message.code != 101:
                    message, content = await protocol.read()
                seen.answered = True
                headers = {name.lower(): value for name, value in message.headers.items()}
                body = await _body(content, _length(headers.get("content-length")), limits.most_bytes, call.url)
            except BaseException:
                connection.close()
                raise
            connection.release()
        return message.code, headers, body

    def _head(self, session: aiohttp.ClientSession, call: Call) -> _Head:
        """What aiohttp makes of a call, with the bytes of all but the body and its length: made once for all alike."""
        key = (call.method, call.url, session)
        known = self._heads.get(key)
        if known is not None and known.headers is call.headers:
            return known
        request = aiohttp.ClientRequest(
            call.method,
            self._url(call.url),
            headers=self._headers_of(call),
            loop=asyncio.get_running_loop(),
            session=session,
            ssl=self._tls_for(call.url),
        )
        lines = [f"{request.method} {request.url.raw_path_qs} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "content-length"]
        if any(sign in line for line in lines for sign in "\r\n\0"):
            raise ValueError("a header holds a line break, which would end it")
        if len(self._heads) > 64:
            self._heads.clear()
        written = "".join(f"{line}\r\n" for line in lines).encode("utf-8")
        known = self._heads[key] = _Head(call.headers, request, written, "content-length" in request.headers)
        return known

    async def _requested(
        self, session: aiohttp.ClientSession, call: Call, limits: Limits, seen: _Seen, proxy: str
    ) -> tuple[int, dict[str, str], bytes]:
        """The same through a proxy."""
        async with session.request(
            call.method,
            self._url(call.url),
            data=call.body or None,
            headers=self._headers_of(call),
            allow_redirects=False,
            timeout=self._timeout(limits),
            ssl=self._tls_for(call.url),
            proxy=proxy,
        ) as response:
            seen.answered = True
            headers = {name.lower(): value for name, value in response.headers.items()}
            return response.status, headers, await _body(response.content, response.content_length, limits.most_bytes, call.url)

    async def close(self) -> None:
        """Close every connection."""
        sessions, self._session, self._fresh = (self._session, self._fresh), None, None
        for session in sessions:
            if session is not None:
                await session.close()
        for connection in list(self._encrypted):  # one that was given up still waits for a farewell, which may never come
            connection.abort()
        await asyncio.sleep(0)

    def _pool(self, fresh: bool) -> aiohttp.ClientSession:
        if fresh:
            if self._fresh is None:
                self._fresh = self._open(force_close=True)
            return self._fresh
        if self._session is None:
            self._session = self._open(keepalive_timeout=_IDLE_SECONDS)
        return self._session

    def _open(self, **how: Any) -> aiohttp.ClientSession:
        connector = _Connector(limit=0, resolver=_Resolver(), **how)
        connector.connecting, connector.encrypted = self._connecting, self._encrypted
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_CHUNK,
        )
        session._retry_connection = False  # it sends a GET twice by itself, which no ledger would know of
        return session

    def _url(self, url: str) -> URL:
        parsed = self._urls.get(url)
        if parsed is None:
            check_url(url)
            if len(self._urls) > 64:
                self._urls.clear()
            parsed = self._urls[url] = URL(url)
        return parsed

    def _tls_for(self, url: str) -> ssl.SSLContext | bool:
        """Made when it is needed, so that ``SSL_CERT_FILE`` is heeded as it stands now."""
        if not url.startswith("https"):
            return True
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _headers_of(self, call: Call) -> CIMultiDict[str]:
        """Dialects send one and the same mapping with every call, so it is made ready once."""
        if self._headers[0] is not call.headers:
            self._headers = (call.headers, CIMultiDict(headers_of(call)))
        return self._headers[1]

    def _timeout(self, limits: Limits) -> aiohttp.ClientTimeout:
        if self._timeouts[0] is not limits:
            silence = limits.read if limits.read < limits.total else None  # two timers a request less
            timeout = aiohttp.ClientTimeout(
                total=limits.total, connect=limits.connect, sock_read=silence, ceil_threshold=float("inf")
            )
            self._timeouts = (limits, timeout)
        return self._timeouts[1]


@dataclass(frozen=True, slots=True)
class _Head:
    """``headers``: those of the call that it was made of. ``counted``: whether an empty body is said to be empty."""

    headers: Mapping[str, str]
    request: aiohttp.ClientRequest
    written: bytes
    counted: bool


@dataclass(slots=True)
class _Seen:
    """How far a call came: whether a reply has begun."""

    answered: bool = False


class _Connector(aiohttp.TCPConnector):
    """Remembers which tasks had to connect: a fault on a connection that had served before is another thing."""

    connecting: set[asyncio.Task[Any] | None]

    encrypted: WeakSet[Any]

    async def _create_connection(self, *arguments: Any, **named: Any) -> Any:
        self.connecting.add(asyncio.current_task())
        protocol = await super()._create_connection(*arguments, **named)
        if protocol.transport is not None and protocol.transport.get_extra_info("sslcontext") is not None:
            self.encrypted.add(protocol.transport)
        return protocol


class _Resolver(AbstractResolver):
    """Looks names up in threads that a closing interpreter does not wait for, as it does for those of an executor."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Any]] = loop.create_future()

        def look_up() -> None:
            outcome: Any
            try:
                outcome = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:  # a name that cannot be one raises the latter
                outcome = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, found, outcome)

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return [
            ResolveResult(hostname=host, host=address[0], port=address[1], family=kind, proto=proto, flags=socket.AI_NUMERICHOST)
            for kind, _, proto, _, address in await found
        ]

    async def close(self) -> None:
        """Nothing to release."""


def _settle(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, OSError):
        future.set_exception(outcome)
    elif isinstance(outcome, Exception):
        future.set_exception(OSError(f"not a host name: {outcome}"))
    else:
        future.set_result(outcome)


def _length(told: str | None) -> int | None:
    return int(told) if told is not None and told.isdecimal() else None


async def _body(content: aiohttp.StreamReader, length: int | None, most_bytes: int, url: str) -> bytes:
    if length is not None:
        if length > most_bytes:
            raise too_large(most_bytes, url)
        return await content.read()
    pieces: list[bytes] = []
    left = most_bytes
    while piece := await content.read(_CHUNK):
        left -= len(piece)
        if left < 0:
            raise too_large(most_bytes, url)
        pieces.append(piece)
    return b"".join(pieces)


def _timed_out(error: Exception, seconds: float, limits: Limits, url: str) -> WireError:
    """Which limit was passed; a time-out that comes sooner than its own limit is a broken connection that calls itself one."""
    where = shown_url(url)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        if seconds >= limits.connect * 0.95:
            return WireError("connect", f"no connection to {where} within {limits.connect:g} s")
        return WireError("connect", f"a connection to {where} failed after {seconds:.3f} s: {cut(error)}")
    if isinstance(error, aiohttp.SocketTimeoutError) and seconds >= limits.read * 0.95:
        return WireError("timeout", f"{where} was silent for {limits.read:g} s")
    if seconds >= limits.total * 0.95:
        return WireError("timeout", f"{where} did not finish its answer within {limits.total:g} s")
    return WireError(
        "dropped", f"the connection to {where} was given up after {seconds:.3f} s, sooner than any limit: {cut(error)}"
    )


def _fault(error: Exception, url: str, stale: bool) -> RobustnessError:
    if isinstance(error, RobustnessError):  # --offline forbids it: a connection error too, and of our own making
        return error
    where, reason = shown_url(url), cut(error) or type(error).__name__
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)):
        return certificate_refused(url, getattr(error, "certificate_error", error))
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, RobustnessError):
            return error.os_error
        return WireError("connect", f"cannot connect to {where}: {cut(error.os_error) or reason}")
    if isinstance(error, aiohttp.ClientPayloadError):
        return WireError("dropped", f"{where} ended its answer too soon: {reason}")
    if isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, OSError)):
        return WireError("dropped", f"{where} closed the connection before it answered: {reason}", stale=stale)
    if isinstance(error, (aiohttp.ClientResponseError, HttpProcessingError)):
        return WireError("malformed", f"{where} answered what is not HTTP: {reason}")
    return UsageError(f"a request to {where} cannot be sent: {reason}; check the URL and the headers")
