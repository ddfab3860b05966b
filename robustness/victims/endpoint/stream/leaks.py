"""Servers say keys back. What a call held of secrets is taken out of whatever it brought, before anybody can keep or print it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit

from robustness.errors import cut
from robustness.victims.endpoint.wire import Call, Reply

TAKEN_OUT = "[taken out]"
_SECRET_NAME = re.compile(r"auth|key|token|secret|cookie|credential|passw|signature|session", re.IGNORECASE)
_OPEN_NAMES = frozenset({"content-type", "accept", "accept-encoding", "user-agent"})
_SHORTEST = 8


class Cleaner:
    """Takes the keys of a call out of its reply; dialects send one mapping of headers with every call, so keys are found once."""

    def __init__(self) -> None:
        self._last: tuple[object, str] = (None, "")
        self._keys: tuple[tuple[bytes, str], ...] = ()

    def cleaned(self, reply: Reply, call: Call) -> Reply:
        """The reply without the keys of its call; the same object where it holds none, as nearly always."""
        if self._last[0] is not call.headers or self._last[1] != call.url:
            self._last = (call.headers, call.url)
            self._keys = tuple((key.encode("utf-8", "replace"), key) for key in _keys(call))
        said = "\n".join(reply.headers.values()) if self._keys else ""
        for key, text in self._keys:
            if key in reply.body or text in said:
                headers = {name: value.replace(text, TAKEN_OUT) for name, value in reply.headers.items()}
                reply = Reply(reply.status, headers, reply.body.replace(key, TAKEN_OUT.encode()))
        return reply


def without_secrets(text: str, call: Call) -> str:
    """An error's text without any value of the call's headers and of its URL's query, secret by its name or not."""
    for secret in _spellings([value for name, value in call.headers.items() if name.lower() not in _OPEN_NAMES], call.url, ""):
        text = text.replace(secret, TAKEN_OUT)
    return text


def excerpt(reply: Reply, call: Call, most: int = 300) -> str:
    """The beginning of a body for an error's text.

    The whole body is searched for secrets before it is cut, because one that is cut in two would not be recognised.
    """
    return " ".join(cut(without_secrets(reply.body.decode("utf-8", "replace"), call), most).split())


def _keys(call: Call) -> list[str]:
    """Only what is secret by its name: these are taken out of answers, where an everyday word must stay."""
    return _spellings(
        [value for name, value in call.headers.items() if _SECRET_NAME.search(name)], call.url, _SECRET_NAME.pattern
    )


def _spellings(values: list[str], url: str, query_names: str) -> list[str]:
    """Values and their parts, with those of the URL, and how each reads in a URL; the longest first."""
    parts = urlsplit(url)
    found = [*values, *(value for name, value in parse_qsl(parts.query) if re.search(query_names, name, re.IGNORECASE))]
    found += [part for part in (parts.username, parts.password) if part]
    words = {word for value in found for word in (value, *value.split()) if len(word) >= _SHORTEST}
    return sorted({*words, *(quote(word, safe="") for word in words)}, key=len, reverse=True)
