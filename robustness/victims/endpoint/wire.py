"""What goes over the wire: a call, its limits, the reply, and how a transport fails. Nothing here knows any API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from robustness.errors import VictimError


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one call may take, in seconds, and how much may come back.

    ``total``: from the first byte sent to the last received, so that a server that drips cannot hold it. ``connect``: until the
    connection stands. ``read``: the longest silence. ``most_bytes``: of the body, after decompression.
    """

    total: float = 120.0
    connect: float = 5.0
    read: float = 60.0
    most_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. ``headers`` may hold keys: they are sent, and written nowhere."""

    method: str
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whatever its status. ``headers``: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class WireError(VictimError):
    """No reply came. ``kind``: ``connect``, ``timeout``, ``dropped``, ``too-large``, ``redirected`` or ``malformed``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Transport(Protocol):
    """Sends calls, many at once, from one event loop; it neither retries nor follows redirects."""

    async def send(self, call: Call, limits: Limits) -> Reply:
        """The reply of any status; raises ``WireError`` where none came within the limits."""

    async def close(self) -> None:
        """Close every connection."""
