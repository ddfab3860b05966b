"""What every transport promises, on real sockets: limits that hold, one request a call, connections that are used again."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from robustness.errors import RefusedError, RobustnessError, UsageError
from robustness.isolation.offline import OfflineError, offline, permit
from robustness.victims.endpoint.transports import transport_factory
from robustness.victims.endpoint.transports.aiohttp_transport import _timed_out
from robustness.victims.endpoint.wire import Call, Limits, Reply, Transport, WireError

DEFAULT = Limits()
SHORT = Limits(total=0.6, connect=5, read=5)
Send = Callable[..., Any]


@pytest.fixture(params=["aiohttp", "threads"])
def make(request: pytest.FixtureRequest) -> Callable[..., Transport]:
    def transport(**options: Any) -> Transport:
        return transport_factory(request.param, **options)()

    return transport


def each(transport: Transport, calls: Sequence[Call], limits: Limits, **how: Any) -> list[Reply | RobustnessError]:
    """One call after the other over one transport."""

    async def run() -> list[Reply | RobustnessError]:
        answers: list[Reply | RobustnessError] = []
        for call in calls:
            try:
                answers.append(await transport.send(call, limits, **how))
            except RobustnessError as error:
                answers.append(error)
        await transport.close()
        return answers

    return asyncio.run(run())


def one(transport: Transport, url: str, limits: Limits = DEFAULT, headers: dict[str, str] | None = None) -> Any:
    return each(transport, [Call("POST", url, b"{}", headers or {})], limits)[0]


@pytest.mark.parametrize("path", ["drip/body", "drip/head", "hang"])
def test_the_total_deadline_holds_against_a_server_that_drips(make: Send, server: Any, path: str) -> None:
    started = time.monotonic()
    error = one(make(), server.url(path), SHORT)
    assert isinstance(error, WireError)
    assert error.kind == "timeout"
    assert 0.5 < time.monotonic() - started < 1.5


def test_no_thread_is_left_with_a_call_that_was_given_up(server: Any) -> None:
    for path in ("drip/body", "hang"):
        one(transport_factory("threads")(), server.url(path), SHORT)
    for _ in range(40):
        left = [thread for thread in threading.enumerate() if thread.name == "endpoint call"]
        if not left:
            return
        time.sleep(0.05)
    pytest.fail(f"{left} still read from sockets that nobody waits for")


def test_silence_is_limited_apart_from_the_total(make: Send, server: Any) -> None:
    started = time.monotonic()
    error = one(make(), server.url("hang"), Limits(total=30, read=0.3))
    assert (error.kind, time.monotonic() - started < 2) == ("timeout", True)
    assert "silent" in str(error)


def test_connecting_is_limited(make: Send) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(address)
        started = time.monotonic()
        error = one(make(), f"http://127.0.0.1:{address[1]}/", Limits(total=30, connect=0.4))
        for sock in waiting:
            sock.close()
    assert isinstance(error, WireError)
    assert (error.kind, time.monotonic() - started < 2) == ("connect", True)


def test_nobody_there(make: Send) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert one(make(), f"http://127.0.0.1:{port}/").kind == "connect"
    assert one(make(), "http://no-such-host.invalid/").kind == "connect"


@pytest.mark.parametrize("path", ["large/length", "large/chunked", "packed/60000000"])
def test_most_bytes_hold_also_after_decompression(make: Send, server: Any, path: str) -> None:
    assert one(make(), server.url(path)).kind == "too-large"  # by now the server has made what it sends
    tracemalloc.start()
    error = one(make(), server.url(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.kind == "too-large"
    assert peak < 40e6, "a body that unpacks to much was unpacked whole"
    assert one(make(), server.url("packed/1000")).body == bytes(1000)


def test_no_redirection_is_followed(make: Send, server: Any) -> None:
    for status in (301, 302, 307, 308):
        assert one(make(), server.url(f"redirect/{status}")).kind == "redirected"
    assert server.counts["/ok"] == 0


@pytest.mark.parametrize(
    ("path", "kind"), [("mid-body", "dropped"), ("drop", "dropped"), ("not-http", "malformed"), ("coding/br", "malformed")]
)
def test_faults_have_their_kind(make: Send, server: Any, path: str, kind: str) -> None:
    assert one(make(), server.url(path)).kind == kind


def test_a_get_is_sent_once_too(make: Send, server: Any) -> None:
    """HTTP libraries repeat what is idempotent by themselves; no ledger would know."""
    transport = make()
    calls = [Call("GET", server.url(path), b"") for path in ("ok", "drop")]
    each(transport, calls, SHORT)
    assert server.counts == {"/ok": 1, "/drop": 1}


def test_connections_are_kept_and_used_again(make: Send, server: Any) -> None:
    answers = each(make(), [Call("POST", server.url("ok"), b"{}")] * 6, SHORT)
    assert [answer.status for answer in answers if isinstance(answer, Reply)] == [200] * 6
    assert server.connections == 1


def test_a_stale_connection_is_told_from_one_that_failed(make: Send, server: Any) -> None:
    calls = [Call("POST", server.url("stale"), b"{}")] * 2
    first, second = each(make(), calls, SHORT)
    assert isinstance(first, Reply)
    assert isinstance(second, WireError)
    assert (second.kind, second.stale) == ("dropped", True)
    assert not one(make(), server.url("drop")).stale
    assert all(isinstance(answer, Reply) for answer in each(make(), calls, SHORT, fresh=True))


def test_many_at_once(make: Send, server: Any) -> None:
    async def run() -> list[Reply]:
        transport = make()
        answers = await asyncio.gather(
            *(transport.send(Call("POST", server.url("slow/300"), b"{}"), Limits()) for _ in range(32))
        )
        await transport.close()
        return answers

    started = time.monotonic()
    assert {answer.status for answer in asyncio.run(run())} == {200}
    assert time.monotonic() - started < 3
    assert server.most_at_once == 32


def test_both_send_the_same_headers(make: Send, server: Any) -> None:
    one(make(), server.url("ok"), headers={"authorization": "Bearer k", "content-type": "application/json"})
    sent = server.seen[0].headers
    assert sent.pop("host").startswith("127.0.0.1:")
    assert sent == {
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "user-agent": "robustness-suite",
        "authorization": "Bearer k",
        "content-type": "application/json",
        "content-length": "2",
    }


def test_proxies_are_ignored_unless_asked_for(
    make: Send, server: Any, hostile_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile_server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        assert one(make(), server.url("ok")).status == 200
        assert (server.total, proxy.total) == (1, 0)
        assert one(make(proxies=True), server.url("ok")).status == 200
        assert (server.total, proxy.total) == (1, 1)
        assert proxy.seen[0].proxied


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1:80", "http://", "http://h:99999/", "http://h/a b"])
def test_a_url_that_is_none_is_said_so(make: Send, url: str) -> None:
    assert isinstance(one(make(), url), UsageError)


def test_a_header_cannot_smuggle_another(make: Send, server: Any) -> None:
    assert isinstance(one(make(), server.url("ok"), headers={"authorization": "Bearer k\r\nx-evil: 1"}), UsageError)
    assert server.total == 0


def test_offline_leaves_this_machine_reachable_and_nothing_else(make: Send, server: Any) -> None:
    with offline():
        assert one(make(), server.url("ok")).status == 200
        assert isinstance(one(make(), "http://192.0.2.1/"), OfflineError)
        assert isinstance(one(make(), "http://example.org/"), OfflineError)


def _other_address() -> str | None:
    """An address of this machine that is not loopback; no packet is sent to learn it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def test_offline_allows_the_host_that_was_named(make: Send, hostile_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = _other_address()
    if address is None or address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: look_up({"victim.test": address}.get(host, host), *rest))
    with hostile_server(host=address) as server, offline():
        assert isinstance(one(make(), server.url("ok")), OfflineError)
        permit("victim.test")
        assert one(make(), f"http://victim.test:{server.port}/ok").status == 200
        assert isinstance(one(make(), "http://192.0.2.77/"), OfflineError)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, to make a certificate")
def test_a_certificate_is_checked(make: Send, hostile_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    extension = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *extension], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with hostile_server(context) as server:
        refused = one(make(), server.url("ok"))
        assert isinstance(refused, RefusedError)
        assert "SSL_CERT_FILE" in str(refused)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        transport = make()
        answers = each(transport, [Call("POST", server.url("ok"), b"{}")] * 2, Limits())
        assert [answer.status for answer in answers if isinstance(answer, Reply)] == [200, 200]
        started = time.monotonic()
        assert one(make(), server.url("drip/body"), SHORT).kind == "timeout"
        assert time.monotonic() - started < 1.5


def test_a_time_out_sooner_than_its_limit_is_a_broken_connection() -> None:
    """A poisoned pool hands out time-outs of a millisecond: aio-libs/aiohttp#12953."""
    import aiohttp

    late, limits = aiohttp.SocketTimeoutError("timeout on reading"), Limits(total=120, read=60)
    assert _timed_out(late, 60.0, limits, "http://h/").kind == "timeout"
    assert _timed_out(late, 0.001, limits, "http://h/").kind == "dropped"
    assert _timed_out(TimeoutError(), 0.001, limits, "http://h/").kind == "dropped"
    assert _timed_out(aiohttp.ConnectionTimeoutError(), 0.001, limits, "http://h/").kind == "connect"


def test_closing_gives_up_what_is_under_way(make: Send, server: Any) -> None:
    async def run() -> None:
        transport = make()
        waiting = asyncio.ensure_future(transport.send(Call("POST", server.url("hang"), b"{}"), Limits()))
        await asyncio.sleep(0.2)
        await transport.close()
        await transport.close()
        with pytest.raises(WireError):
            await asyncio.wait_for(waiting, 2)

    asyncio.run(run())
