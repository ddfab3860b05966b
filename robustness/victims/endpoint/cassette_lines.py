"""The lines of a cassette: how they are written, and how an answer is read out of one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reports.files import exact
from robustness.errors import AnswerError, VictimError, VictimTimeoutError
from robustness.victims.endpoint.wire import Reply, WireError

_ANSWERS = (400, 413, 414, 422, 451)
"""Statuses besides 2xx that are an answer to what was asked: asked again, the same would come."""
encoded = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def lines_of(descriptor: int) -> Iterator[bytes]:
    """Every line of an open file, from where it stands."""
    with open(descriptor, "rb", closefd=False) as stream:
        yield from stream


def read_line(line: bytes) -> dict[str, Any]:
    """A line as an object; raises ``ValueError`` where it is torn or is none."""
    if not line.endswith(b"\n"):
        raise ValueError("the line is incomplete")
    found = exact.loads(line.decode("ascii"))
    if not isinstance(found, dict):
        raise ValueError("expected a JSON object")
    return found


def strings_in(value: Any) -> list[str]:
    """Every string in what was asked."""
    found: list[str] = []
    todo = [value]
    for one in todo:  # it grows meanwhile
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, (list, tuple)):
            todo += one
        elif isinstance(one, Mapping):
            todo += one.values()
    return found


def written(value: Any, redact: Callable[[str], str]) -> Any:
    """What was asked, as it may be written and as JSON can hold it."""
    if isinstance(value, str):
        return exact.spelled(redact(value))
    if isinstance(value, Mapping):
        return {key: written(one, redact) for key, one in value.items()}
    return [written(one, redact) for one in value] if isinstance(value, (list, tuple)) else value


_FAILURES = {kind.__name__: kind for kind in (VictimError, VictimTimeoutError, AnswerError)}


def answer_in(line: Mapping[str, Any]) -> Reply | VictimError:
    """The reply in a line, or why there was none; raises what a line of another shape raises."""
    if "failed" in line:
        kind, message = str(line["failed"]["type"]), str(line["failed"]["message"])
        return WireError(line["failed"]["kind"], message) if kind == WireError.__name__ else _FAILURES[kind](message)
    told = line["reply"]
    body = told["text"].encode("utf-8") if "text" in told else base64.b64decode(told["base64"], validate=True)
    return Reply(int(told["status"]), dict(told["headers"]), body)


def is_final(answer: Reply | VictimError) -> bool:
    """Whether the same would come if it were asked again."""
    return isinstance(answer, Reply) and (200 <= answer.status < 300 or answer.status in _ANSWERS)
