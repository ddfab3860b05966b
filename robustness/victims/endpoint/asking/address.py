"""Where an endpoint is, and with which headers it is asked: URLs in their usual forms, keys from the environment only."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from robustness.errors import UsageError

KEY = "OPENAI_API_KEY"
NO_KEY = "none"
"""In place of the name of a variable: the server wants no key."""
Api = Literal["chat", "completions", "responses"]
_PATHS: Mapping[Api, str] = {"chat": "/chat/completions", "completions": "/completions", "responses": "/responses"}
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_USUAL = re.compile(r"[A-Z_][A-Z0-9_]{0,60}")
"""How variables are named; what is named otherwise may be the key itself, given by mistake."""
_SECRET = re.compile(r"key|token|secret|sig(?:nature)?$|password", re.IGNORECASE)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SENT_ANYWAY = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go. ``shown``: the URL without its query, in which some put keys; ``host``: without port, lower case."""

    url: str
    model: str
    host: str

    @property
    def shown(self) -> str:
        """Host and path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}"

    @property
    def local(self) -> bool:
        """Whether it is this machine."""
        return is_loopback(self.host)

    @property
    def secure(self) -> bool:
        """Whether nobody between can read what is sent."""
        return self.local or self.url.startswith("https://")


def api_of(url: str) -> Api | None:
    """The API whose whole address a URL is; None for one that is the base of several."""
    path = urlsplit(url).path.rstrip("/")
    return next((api for api in ("chat", "completions", "responses") if path.endswith(_PATHS[api])), None)


def address_of(rest: str, api: Api, spec: str) -> Address:
    """The address in ``URL#MODEL``.

    A URL without a path gets ``/v1``, one with a path is taken as it is, and one that ends with the API's own path is whole, its
    query included: Azure's, say.

    Raises:
        UsageError: no model, no http or https, a user or a password in it, or the address of another API.
    """
    url, _, model = rest.partition("#")
    check_url(url, spec)
    if not model.strip():
        raise UsageError(f"expected {spec}, such as openai:http://127.0.0.1:8080#qwen3, got no model in {url!r}")
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    whole = api_of(url)
    if whole not in (None, api):
        raise UsageError(f"{parts.path} is the address of {whole}, and {api} was asked for; give the URL without its end")
    if whole is None:
        path = (path or "/v1") + _PATHS[api]
    return Address(urlunsplit((parts.scheme, parts.netloc, path, parts.query, "")), model.strip(), str(parts.hostname).lower())


def check_url(url: str, spec: str) -> None:
    """Raise ``UsageError`` for a URL that cannot be asked, or that holds a secret."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as problem:
        raise UsageError(f"expected {spec}, got a URL that cannot be read: {problem}") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "the URL of an endpoint holds a user or a password; put the key into an environment variable (--key-env)"
        )
    secret = next((name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _SECRET.search(name)), None)
    if secret is not None:
        raise UsageError(f"the URL of an endpoint holds {secret}=…, which would be written to files; send it with --header")
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"expected {spec} with a URL that begins with http:// or https://, got {url!r}")


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def headers_of(
    address: Address, *, key_env: str | None = None, header: Sequence[str] | None = None, allow_plain_http: bool = False
) -> dict[str, str]:
    """The headers of each request: the key, and what ``--header`` names. They hold secrets: sent, and written nowhere.

    The key is the value of ``key_env``, ``OPENAI_API_KEY`` where none is named; a server on this machine is sent one only where
    a variable is named. Azure takes it as ``api-key``.

    Raises:
        UsageError: a variable that is not set, a header that is no ``NAME=VARIABLE``, or a secret that would go out unencrypted.
    """
    from reports.files.secrets import keep_secret

    found = {}
    for one in header or ():
        name, variable = _header(one)
        found[name] = from_environment(variable, f"--header {name}")
        keep_secret(variable)
    named = key_env or ("" if address.local or _authorises(found) else KEY)
    if named and named != NO_KEY:
        keep_secret(named)
        key = from_environment(named, "--key-env" if key_env else f"{address.host}", key=not key_env)
        found |= {"api-key": key} if address.host.endswith(".azure.com") else {"Authorization": f"Bearer {key}"}
    refuse_plain(address, bool(found), allow_plain_http)
    return found


def header_names(header: Sequence[str] | None) -> list[str]:
    """The names of the headers that ``--header`` sets; raises ``UsageError`` as ``headers_of`` does."""
    return [_header(one)[0] for one in header or ()]


def refuse_plain(address: Address, secret: bool, allowed: bool) -> None:
    """Raise ``UsageError`` where a secret would go over a network unencrypted and the user did not say that it may."""
    if secret and not address.secure and not allowed:
        raise UsageError(
            f"a key would be sent to {address.host} unencrypted; use https, --key-env none if the server wants no key, "
            "or --allow-plain-http"
        )


def filled(text: str, wanted_by: str) -> tuple[str, tuple[str, ...]]:
    """A text with each ``$NAME`` or ``${NAME}`` replaced from the environment, and the names; raises ``UsageError``."""
    names = tuple(at[1] or at[2] for at in _VARIABLE.finditer(text))
    return _VARIABLE.sub(lambda at: from_environment(at[1] or at[2], wanted_by), text), names


def from_environment(name: str, wanted_by: str, *, key: bool = False) -> str:
    """The value of a variable that may stand in a header; raises ``UsageError`` that never quotes it."""
    value = os.environ.get(name, "").strip()
    if not value:
        way = f"set it, name another variable with --key-env, or --key-env {NO_KEY}" if key else "set it"
        shown = name if _USUAL.fullmatch(name) else "that was named (not quoted here, for it may be a key)"
        raise UsageError(f"{wanted_by} wants the environment variable {shown}, which is not set or empty; {way}")
    if not value.isascii() or not value.isprintable():
        raise UsageError(f"the environment variable of {wanted_by} holds what no HTTP header can; expected printable ASCII")
    return value


def _header(text: str) -> tuple[str, str]:
    name, equals, variable = text.partition("=")
    name, variable = name.strip(), variable.strip()
    variable = _plain_name(variable)
    if not equals or not _HEADER.fullmatch(name) or not re.fullmatch(r"\w+", variable):
        raise UsageError(
            "--header expects NAME=VARIABLE, such as api-key=AZURE_KEY, and reads the value from that environment variable, "
            "never from the command line; what was given is not quoted here, for it may be a key"
        )
    check_header(name, "--header")
    return name, variable


def check_header(name: str, where: str) -> None:
    """Raise ``UsageError`` for what is no header's name, or one that HTTP itself sets."""
    if not _HEADER.fullmatch(name) or name.lower() in _SENT_ANYWAY:
        raise UsageError(f"{where} {name!r} cannot be set; expected the name of a header that HTTP does not set by itself")


def _plain_name(variable: str) -> str:
    whole = _VARIABLE.fullmatch(variable)
    return (whole[1] or whole[2]) if whole else variable


def _authorises(headers: Mapping[str, str]) -> bool:
    return any(name.lower() in ("authorization", "api-key", "x-api-key") for name in headers)
