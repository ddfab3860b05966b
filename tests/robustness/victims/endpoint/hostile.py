"""A loopback server that does to a client everything that servers do: each path is a way to misbehave. Real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache
from types import TracebackType
from typing import Self

DONE = {
    "choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3},
}


@dataclass(frozen=True)
class Request:
    """``nth``: how often this path has been asked, from 1; ``before``: requests that this connection had served."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    nth: int
    before: int
    proxied: bool = False

    def word(self, place: int, default: str = "") -> str:
        words = self.path.strip("/").split("/")
        return words[place] if place < len(words) else default


@dataclass
class Hostile:
    """Counts what it got, by path. ``context``: serve https. ``host``: the address to serve on."""

    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    counts: Counter[str] = field(default_factory=Counter)
    seen: list[Request] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def url(self, path: str) -> str:
        return f"{'https' if self.context else 'http'}://{'localhost' if self.context else self.host}:{self.port}/{path}"

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(self._accept, self.host, 0, ssl=self.context, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._over.wait()
        server.close()
        for _ in range(3):  # what has just been accepted becomes a task one or two turns later
            await asyncio.sleep(0.01)
            for task in self._open:
                task.cancel()
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()
        await asyncio.sleep(0.01)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self._writers.append(writer)
        self.connections += 1
        served = 0
        try:
            while (request := await self._read(reader, served)) is not None:
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                try:
                    behave = _WAYS[request.word(0)]
                    if not await behave(request, writer):
                        break
                finally:
                    self.at_once -= 1
                await writer.drain()
                served += 1
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            with suppress(Exception):
                writer.close()

    async def _read(self, reader: asyncio.StreamReader, served: int) -> Request | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return None
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        proxied = path.startswith("http://")
        path = "/" + path.split("/", 3)[3] if proxied else path
        self.counts[path] += 1
        self.times.append(time.monotonic())
        request = Request(method, path, headers, body, self.counts[path], served, proxied)
        self.seen.append(request)
        return request


def reply(writer: asyncio.StreamWriter, status: int, body: bytes | dict[str, object], **headers: str) -> bool:
    """A whole answer; header names with underscores for dashes."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    lines = {"content-type": "application/json", "content-length": str(len(data))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + data)
    return True


def ok(writer: asyncio.StreamWriter, **headers: str) -> bool:
    return reply(writer, 200, dict(DONE), **headers)


def error(code: str, message: str = "no", kind: str = "") -> dict[str, object]:
    return {"error": {"message": message, "code": code, "type": kind}}


async def _ok(_: Request, writer: asyncio.StreamWriter) -> bool:
    return ok(writer)


async def _status(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``status/503/2``: twice this status, then an answer; without a number, always."""
    if request.nth > int(request.word(2, "1000000")):
        return ok(writer)
    return reply(writer, int(request.word(1)), error("x", f"status {request.word(1)}"))


async def _throttle(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``throttle/FORM/SECONDS/TIMES``."""
    form, seconds, times = request.word(1), float(request.word(2)), int(request.word(3, "1000000"))
    if request.nth > times:
        return ok(writer)
    forms = {
        "seconds": {"retry_after": f"{seconds:g}"},
        "ms": {"retry_after_ms": f"{seconds * 1000:g}"},
        "date": {"retry_after": formatdate(time.time() + seconds, usegmt=True)},
        "none": {},
    }
    return reply(writer, 429, error("rate_limit_exceeded", "quota exceeded, slow down"), **forms[form])


async def _scarce(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``scarce/FORM/RESET``: every second answer says nothing is left until then; ``anthropic``: a date in so many seconds."""
    form, reset = request.word(1), request.word(2)
    left = "0" if request.nth % 2 == 0 else "1"
    date = (datetime.now(UTC) + timedelta(seconds=float(reset) if form == "anthropic" else 0)).isoformat()
    names = {
        "requests": {"x_ratelimit_remaining_requests": left, "x_ratelimit_reset_requests": reset},
        "tokens": {"x_ratelimit_remaining_tokens": "0" if left == "0" else "1000", "x_ratelimit_reset_tokens": reset},
        "anthropic": {"anthropic_ratelimit_requests_remaining": left, "anthropic_ratelimit_requests_reset": date},
    }
    return ok(writer, **names[form])


async def _capacity(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``capacity/N``: answers 429 to whatever comes while N are being served."""
    _CAPACITY[request.path] += 1
    try:
        if _CAPACITY[request.path] > int(request.word(1)):
            return reply(writer, 429, error("rate_limit_exceeded"), retry_after_ms="20")
        await asyncio.sleep(0.02)
        return ok(writer)
    finally:
        _CAPACITY[request.path] -= 1


_CAPACITY: Counter[str] = Counter()


async def _broke(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``broke/STATUS/CODE``."""
    await asyncio.sleep(0.02)
    return reply(writer, int(request.word(1)), error(request.word(2), "You exceeded your current quota"))


async def _mid_body(request: Request, writer: asyncio.StreamWriter) -> bool:
    if request.nth > int(request.word(1, "1000000")):
        return ok(writer)
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"choices"')
    await writer.drain()
    return False


async def _drop(request: Request, writer: asyncio.StreamWriter) -> bool:
    return request.nth > int(request.word(1, "1000000")) and ok(writer)


async def _hang(request: Request, _: asyncio.StreamWriter) -> bool:
    await asyncio.sleep(3600)
    return False


async def _drip(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``drip/head`` or ``drip/body``: one byte a second, never done."""
    writer.write(b"HTTP/1.1 200 OK\r\nx-" if request.word(1) == "head" else b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(1)


async def _large(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``large/length`` or ``large/chunked``: ten megabytes."""
    if request.word(1) == "length":
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n")
    else:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(100):
        writer.write(b"a" * 100_000 if request.word(1) == "length" else b"186a0\r\n" + b"a" * 100_000 + b"\r\n")
        await writer.drain()
    writer.write(b"" if request.word(1) == "length" else b"0\r\n\r\n")
    return True


async def _packed(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``packed/BYTES``: so many bytes, in a gzip body that is a thousandth of it."""
    return reply(writer, 200, _bomb(int(request.word(1))), content_encoding="gzip")


@lru_cache
def _bomb(size: int) -> bytes:
    return gzip.compress(bytes(size), compresslevel=1)


async def _odd_coding(request: Request, writer: asyncio.StreamWriter) -> bool:
    return reply(writer, 200, b"\x01\x02\x03", content_encoding=request.word(1))


async def _redirect(request: Request, writer: asyncio.StreamWriter) -> bool:
    return reply(writer, int(request.word(1, "307")), b"", location=f"http://{request.headers['host']}/ok")


async def _not_http(_: Request, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    await writer.drain()
    return False


async def _malformed_json(_: Request, writer: asyncio.StreamWriter) -> bool:
    return reply(writer, 200, b'{"choices": [')


async def _wrong_type(_: Request, writer: asyncio.StreamWriter) -> bool:
    return reply(writer, 200, b"<html><script>alert(1)</script></html>", content_type="text/html")


async def _leak(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``leak/STATUS``: says back every header and the path, in the body, the reason and a header."""
    said = f"bad key {request.headers.get('authorization')} {request.headers.get('x-api-key')} at {request.path}"
    if request.word(1).startswith("garbage"):
        writer.write(f"HTTP/1.1 {said}\r\n\r\n".encode())
        await writer.drain()
        return False
    return reply(writer, int(request.word(1).partition("?")[0]), error("x", said), x_said=said)


async def _overbill(_: Request, writer: asyncio.StreamWriter) -> bool:
    return reply(writer, 200, {**DONE, "usage": {"prompt_tokens": 10**6, "completion_tokens": 10**6}})


async def _stale(request: Request, writer: asyncio.StreamWriter) -> bool:
    """A connection serves once; it is closed when the next request comes."""
    return request.before == 0 and ok(writer)


async def _filtered(_: Request, writer: asyncio.StreamWriter) -> bool:
    return reply(writer, 400, error("content_filter", "The response was filtered"))


async def _billed(_: Request, writer: asyncio.StreamWriter) -> bool:
    """An error that is billed for all that."""
    return reply(writer, 400, {**error("content_filter"), "usage": {"prompt_tokens": 7, "completion_tokens": 2}})


async def _slow(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``slow/MILLISECONDS``."""
    await asyncio.sleep(int(request.word(1)) / 1000)
    return ok(writer)


async def _odd(request: Request, writer: asyncio.StreamWriter) -> bool:
    """``odd/WAY/TIMES``: serves some, and refuses the key from then on."""
    if request.nth > int(request.word(2)):
        return reply(writer, int(request.word(1)), error("invalid_api_key"))
    return ok(writer)


_WAYS: dict[str, Callable[[Request, asyncio.StreamWriter], Awaitable[bool]]] = {
    "ok": _ok,
    "status": _status,
    "throttle": _throttle,
    "scarce": _scarce,
    "capacity": _capacity,
    "broke": _broke,
    "mid-body": _mid_body,
    "drop": _drop,
    "hang": _hang,
    "drip": _drip,
    "large": _large,
    "packed": _packed,
    "coding": _odd_coding,
    "redirect": _redirect,
    "not-http": _not_http,
    "malformed-json": _malformed_json,
    "wrong-type": _wrong_type,
    "leak": _leak,
    "overbill": _overbill,
    "stale": _stale,
    "filtered": _filtered,
    "billed": _billed,
    "slow": _slow,
    "until": _odd,
}
