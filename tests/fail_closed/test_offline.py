"""``--offline``: no way of Python's to the network is left open, in this process or in a child of it."""

from __future__ import annotations

import _socket
import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from robustness.isolation.offline import OfflineError, offline, own_child

AWAY = ("192.0.2.7", 9)
KEPT = socket.getaddrinfo


def _udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _tcp() -> socket.socket:
    return socket.socket()


def _asked_by_asyncio() -> None:
    asyncio.run(asyncio.open_connection("example.invalid", 80))


def _datagrams_by_asyncio() -> None:
    async def send() -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=AWAY)

    asyncio.run(send())


def _program_by_asyncio() -> None:
    async def start() -> None:
        await asyncio.create_subprocess_exec("true")

    asyncio.run(start())


WAYS: dict[str, Callable[[], object]] = {
    "connect": lambda: _tcp().connect(AWAY),
    "connect_ex": lambda: _tcp().connect_ex(AWAY),
    "connect of the class below": lambda: _socket.socket().connect(AWAY),
    "sendto": lambda: _udp().sendto(b"x", AWAY),
    "sendto with flags": lambda: _udp().sendto(b"x", 0, AWAY),
    "sendto over IPv6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("2001:db8::1", 9)),
    "sendmsg": lambda: _udp().sendmsg([b"x"], [], 0, AWAY),
    "create_connection": lambda: socket.create_connection(("example.invalid", 80)),
    "a name, refused before it is looked up": lambda: _tcp().connect(("example.invalid", 80)),
    "a name to send to": lambda: _udp().sendto(b"x", ("example.invalid", 80)),
    "getaddrinfo": lambda: socket.getaddrinfo("example.invalid", 80),
    "getaddrinfo kept from before": lambda: KEPT("example.invalid", 80),
    "gethostbyname": lambda: socket.gethostbyname("example.invalid"),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex("example.invalid"),
    "gethostbyaddr": lambda: socket.gethostbyaddr("192.0.2.7"),
    "getnameinfo": lambda: socket.getnameinfo(AWAY, 0),
    "asyncio": _asked_by_asyncio,
    "asyncio's datagrams": _datagrams_by_asyncio,
    "asyncio's programs": _program_by_asyncio,
    "subprocess": lambda: subprocess.run(["true"], check=False),
    "os.system": lambda: os.system("true"),
    "os.posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "os.spawnv": lambda: os.spawnv(os.P_WAIT, "/bin/true", ["true"]) or pytest.fail("it ran"),
    "popen": lambda: os.popen("true"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_every_way_out_is_closed(way: str) -> None:
    if way == "os.spawnv":  # it forks before the program is refused, and the fork ends with 127
        with offline():
            assert os.spawnv(os.P_WAIT, "/bin/true", ["true"]) == 127
        return
    with offline(), pytest.raises(OfflineError, match="--offline forbids"):
        WAYS[way]()


def test_this_machine_stays_open() -> None:
    """Loopback, Unix sockets and names that need no server."""
    with offline(), _udp() as one, _udp() as two:
        one.bind(("127.0.0.1", 0))
        two.sendto(b"x", one.getsockname())
        assert one.recv(1) == b"x"
        left, right = socket.socketpair()
        left.close()
        right.close()
        assert socket.getaddrinfo("localhost", 80)
        assert socket.getaddrinfo(None, 80)
        assert socket.getaddrinfo("127.0.0.1", 80)


REACHING = """
import socket
def reach():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.7", 9))
    except ConnectionError as error:
        return type(error).__name__
    return "sent"
"""


@pytest.mark.parametrize("how", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_children_of_multiprocessing_inherit_it(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reaching.py").write_text(REACHING)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", ModuleSpec("reaching", None), raising=False)
    import reaching  # type: ignore[import-not-found]

    with offline(), ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(how)) as pool:
        assert pool.submit(reaching.reach).result(timeout=60) == "OfflineError"


def test_the_package_may_run_its_own_programs() -> None:
    with offline():
        with own_child():
            assert subprocess.run(["true"], check=False).returncode == 0
        with pytest.raises(OfflineError):
            subprocess.run(["true"], check=False)


def test_everything_is_open_again_afterwards() -> None:
    with offline(), offline():
        pass
    assert subprocess.run(["true"], check=False).returncode == 0
    assert os.system("true") == 0
