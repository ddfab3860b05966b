"""``--offline``: any use of the network beyond this machine becomes an error."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from robustness.errors import RobustnessError

ENVIRONMENT = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")


class OfflineError(RobustnessError, ConnectionError):
    """Something tried to use the network while ``--offline`` forbids it."""


@contextmanager
def offline(enabled: bool = True) -> Iterator[None]:
    """Within this context, sockets connect to this machine only, and model hubs are told to stay local."""
    if not enabled:
        yield
        return
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(self: socket.socket, address: Any) -> None:
        _refuse_remote(self, address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        _refuse_remote(self, address)
        return connect_ex(self, address)

    os.environ.update(dict.fromkeys(ENVIRONMENT, "1"))
    socket.socket.connect = guarded  # type: ignore[method-assign,assignment]
    socket.socket.connect_ex = guarded_ex  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
        _restore(before)


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _refuse_remote(sock: socket.socket, address: Any) -> None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or _is_local(str(address[0])):
        return
    raise OfflineError(
        f"--offline forbids the network, and something tried to reach {address[0]}; run without --offline to allow it"
    )


def _is_local(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False
