"""Who may read: one browser, which came with the token, on this machine, from this server's own pages.

Any program on this machine can reach a port of 127.0.0.1, and any web page in the same browser can send requests there. So
a request must name this server as its host (a foreign name that resolves to 127.0.0.1 does not), must not be sent by another
site, and must bring the cookie. The cookie is given once, for the token of the address that the terminal printed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from threading import Lock

READS = ("GET", "HEAD")
_OWN_SITES = ("same-origin", "none")
"""Values of ``Sec-Fetch-Site`` of requests that this server's pages, or the user, send."""


class Guard:
    """The door of one server. ``authority``: host and port as a request must name them, ``127.0.0.1:PORT``."""

    def __init__(self, authority: str) -> None:
        self.authority = authority
        self.token = secrets.token_urlsafe(32)
        self.cookie = f"robustness-view-{authority.rpartition(':')[2]}"
        """Its name; cookies of one host are shared by all its ports."""
        self._session = secrets.token_urlsafe(32)
        self._spent = False
        self._lock = Lock()

    @property
    def url(self) -> str:
        """The address to open, once."""
        return f"http://{self.authority}/?token={self.token}"

    def admit(self, token: str) -> str | None:
        """The value of the cookie for the token; None for a wrong one, or one that was used before."""
        with self._lock:
            if self._spent or not _same(token, self.token):
                return None
            self._spent = True
        return self._session

    def foreign(self, headers: Mapping[str, str], *, first: bool) -> str:
        """Why a request is refused whatever it brings; empty where nothing speaks against it.

        ``first``: it brings the token, and may come from wherever the user opened the address.
        """
        if headers.get("Host") != self.authority:
            return f"This server answers to the name {self.authority} only."
        if headers.get("Origin", f"http://{self.authority}") != f"http://{self.authority}":
            return "Another site sent this request."
        if not first and headers.get("Sec-Fetch-Site", "none") not in _OWN_SITES:
            return "Another site sent this request; open the address from the terminal, or a bookmark."
        return ""

    def knows(self, cookie: str | None) -> bool:
        """Whether this is the browser that came with the token."""
        return self._spent and _same(cookie or "", self._session)


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8"))
