"""What goes over the wire: a call, its limits, the reply, and how a transport fails. Nothing here knows any API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from robustness.errors import VictimError


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one call may take, in seconds, and how much may come back.

    ``total``: from the first byte sent to the last received, so that a server that drips cannot hold it. ``connect``: until the
    connection stands. ``read``: the longest silence; an endpoint that does not stream is silent until it is done, so by default
    this is no shorter than the total. ``most_bytes``: of the body, after decompression.
    """

    total: float = 120.0
    connect: float = 5.0
    read: float = 120.0
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
    _decoded: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    def json(self) -> Any:
        """The body as JSON, decoded once however often it is read; raises ``ValueError`` where it is none."""
        if not self._decoded:
            self._decoded.append(json.loads(self.body))
        return self._decoded[0]

    def share_json(self, other: Reply) -> None:
        """Take over what was decoded of another reply with the very same body."""
        if self.body is other.body and not self._decoded:
            self._decoded.extend(other._decoded)


class WireError(VictimError):
    """No reply came. ``kind``: ``connect``, ``timeout``, ``dropped``, ``too-large``, ``redirected`` or ``malformed``.

    ``stale``: the connection had served before and was closed by the server before a byte of this reply came, as a server does
    with an idle one; the same call on a fresh connection is no repetition that the server could tell.
    """

    def __init__(self, kind: str, message: str, *, stale: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.stale = stale


class Transport(Protocol):
    """Sends calls, many at once, from one event loop; it neither retries nor follows redirects."""

    async def send(self, call: Call, limits: Limits, *, fresh: bool = False) -> Reply:
        """The reply of any status; raises ``WireError`` where none came within the limits.

        ``fresh``: on a new connection. What can never work (a URL that is none, a certificate that does not hold) raises another
        ``RobustnessError``.
        """

    async def close(self) -> None:
        """Close every connection."""
