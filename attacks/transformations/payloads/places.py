"""Where an injected text stands in the document that an attacker may write."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_END = re.compile(r"(?<=[.!?:;])\s+|\n+")
Put = Callable[[str, str], str]


def _start(document: str, payload: str) -> str:
    return f"{payload} {document.lstrip()}".rstrip()


def _end(document: str, payload: str) -> str:
    return f"{document.rstrip()} {payload}".lstrip()


def _middle(document: str, payload: str) -> str:
    """Between the two sentences nearest to the middle; at the end of a document of one."""
    ends = [match.start() for match in _END.finditer(document) if match.end() < len(document)]
    if not ends:
        return _end(document, payload)
    at = min(ends, key=lambda end: abs(end - len(document) // 2))
    return f"{document[:at]} {payload} {document[at:].lstrip()}".lstrip()


def _line(document: str, payload: str) -> str:
    return f"{document.rstrip()}\n\n{payload}\n".lstrip("\n")


def _quote(document: str, payload: str) -> str:
    quoted = "\n".join(f"> {line}" for line in payload.split("\n"))
    return f"{document.rstrip()}\n\n{quoted}\n".lstrip("\n")


def _comment(document: str, payload: str) -> str:
    return f"{document.rstrip()}\n<!-- {payload} -->\n".lstrip("\n")


PLACES: Mapping[str, Put] = {
    "start": _start,
    "middle": _middle,
    "end": _end,
    "own-line": _line,
    "quoted": _quote,
    "comment": _comment,
}
PLAINEST = "end"
"""The place that the others are measured by when a success is brought down to what it needs."""
