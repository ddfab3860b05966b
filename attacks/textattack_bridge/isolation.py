"""Keeps TextAttack's components from the network: what is missing is refused before a run, never fetched in the middle of one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


class DownloadError(RuntimeError):
    """A component tried to reach the network; not an ``OSError``, which download code would retry for a minute."""


@contextmanager
def no_network() -> Iterator[None]:
    """While this lasts, looking up or connecting to any host raises. A victim is never asked meanwhile."""
    resolve, connect = socket.getaddrinfo, socket.socket.connect
    socket.getaddrinfo = _refuse
    socket.socket.connect = _refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        socket.getaddrinfo = resolve
        socket.socket.connect = connect  # type: ignore[method-assign]


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise DownloadError("a TextAttack component tried to reach the network for a resource that the bridge does not know of")
