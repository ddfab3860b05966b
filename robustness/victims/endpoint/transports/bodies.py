"""What both transports do alike: the headers that go out, and a body unpacked under a limit."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from robustness.errors import RefusedError, UsageError
from robustness.victims.endpoint.wire import Call, Reply, WireError

_DEFAULT_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Content-Type": "application/json",
    "User-Agent": "robustness-suite",
}
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def headers_of(call: Call) -> dict[str, str]:
    """What goes out: the call's own headers, and ours where it names none."""
    named = {name.lower() for name in call.headers}
    return {**{name: value for name, value in _DEFAULT_HEADERS.items() if name.lower() not in named}, **call.headers}


def shown_url(url: str) -> str:
    """A URL as errors may show it: without a user, a password and a query, any of which may hold a key."""
    parts = urlsplit(url)
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return f"{parts.scheme}://{host}{parts.path}"


def check_url(url: str) -> None:
    """Raises ``UsageError`` unless this is an absolute http or https URL with a host and a port that exists."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or any(character <= " " for character in url):
        raise UsageError("expected a URL such as http://127.0.0.1:8000/v1, with a host and no spaces; check the victim's URL")


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this URL, as a URL."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxy = getproxies().get(parts.scheme)
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def certificate_refused(url: str, reason: object) -> RefusedError:
    """What to say of a server whose certificate does not hold; asking again would not help."""
    return RefusedError(
        f"the certificate of {shown_url(url)} could not be verified: {reason}; "
        "for an authority of your own, name its file in the variable SSL_CERT_FILE"
    )


def finished(status: int, headers: Mapping[str, str], body: bytes, most_bytes: int, url: str) -> Reply:
    """The reply with its body unpacked; ``headers`` in lower case."""
    if 300 <= status < 400:
        where = headers.get("location", "")
        to = f" to {shown_url(where)}" if "://" in where else ""
        raise WireError(
            "redirected",
            f"{shown_url(url)} answered {status}, a redirection{to}; none is followed, because the key would go along: "
            "give the final URL",
        )
    coding = headers.get("content-encoding", "")
    if coding and coding.lower() != "identity" and body:
        body = _unpacked(body, coding.lower(), most_bytes, url)
    return Reply(status, headers, body)


def too_large(most_bytes: int, url: str) -> WireError:
    """What to say of a body that passes the limit."""
    return WireError("too-large", f"{shown_url(url)} answered more than {most_bytes:,} bytes; nothing of it was kept")


def _unpacked(body: bytes, coding: str, most_bytes: int, url: str) -> bytes:
    """Unpacked in one go up to the limit: a small body that unpacks to gigabytes never exists in memory."""
    if coding not in _WINDOW_BITS:
        raise WireError(
            "malformed", f"{shown_url(url)} answered in the content encoding {coding[:40]!r}, which was not asked for"
        )
    pieces: list[bytes] = []
    left = most_bytes + 1
    try:
        while body and left > 0:  # one gzip body may hold several members
            unpacker = zlib.decompressobj(-15 if coding == "deflate" and not _has_zlib_header(body) else _WINDOW_BITS[coding])
            pieces.append(unpacker.decompress(body, left))
            left -= len(pieces[-1])
            if left > 0 and not unpacker.eof:
                raise WireError("dropped", f"{shown_url(url)} answered a compressed body that ends too soon")
            body = unpacker.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise WireError("malformed", f"{shown_url(url)} answered a body that is not {coding}: {error}") from None
    if left <= 0:
        raise too_large(most_bytes, url)
    return b"".join(pieces)


def _has_zlib_header(body: bytes) -> bool:
    """Some servers send bare deflate where the standard wants a zlib header."""
    return len(body) >= 2 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
