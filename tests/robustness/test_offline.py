"""``--offline`` refuses every remote connection and leaves this machine's own alone."""

from __future__ import annotations

import os
import socket
import sys
import threading

import pytest

from robustness.isolation.offline import ENVIRONMENT, OfflineError, offline, permit


def test_remote_connections_are_refused_and_allowed_again_after() -> None:
    before = socket.socket.connect
    with offline():
        with socket.socket() as one, pytest.raises(OfflineError, match=r"192\.0\.2\.7"):
            one.connect(("192.0.2.7", 80))
        with socket.socket() as two, pytest.raises(OfflineError):
            two.connect_ex(("2001:db8::1", 80))
        assert all(os.environ[name] == "1" for name in ENVIRONMENT)
    assert socket.socket.connect is before


def test_loopback_still_works() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        with offline(), socket.socket() as client:
            client.connect(server.getsockname())
        thread.join()


def test_nothing_changes_when_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    before = socket.socket.connect
    with offline(False):
        assert socket.socket.connect is before
        assert not any(name in os.environ for name in ENVIRONMENT)


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT[0], "0")
    monkeypatch.delenv(ENVIRONMENT[1], raising=False)
    with offline():
        pass
    assert os.environ[ENVIRONMENT[0]] == "0"
    assert ENVIRONMENT[1] not in os.environ


def test_the_named_victims_host_may_be_reached_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is looked up, its addresses are connected to; another host, and its own name once the run is over, are refused."""
    looked_up: list[str] = []

    def resolver(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        looked_up.append(host)
        sys.audit("socket.getaddrinfo", host, 443, 0, 0, 0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with offline():
        permit("api.example")
        socket.getaddrinfo("API.example", 443)
        with socket.socket() as one:
            one.settimeout(0.01)
            with pytest.raises(OSError, match=r".*") as caught:  # there is nobody at that address, which was tried
                one.connect(("192.0.2.7", 443))
            assert not isinstance(caught.value, OfflineError)
            for host in ("192.0.2.8", "other.example"):
                with pytest.raises(OfflineError):
                    one.connect((host, 443))
        with pytest.raises(OfflineError):
            socket.getaddrinfo("other.example", 443)
    with offline(), pytest.raises(OfflineError):
        socket.getaddrinfo("api.example", 443)
