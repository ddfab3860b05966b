"""What others may read: annotations, the job summary and SARIF name errors by type and count and quote nobody.

An error's message is a victim's, and may quote the text that caused it. A flag therefore says in ``message`` what anybody
may read, and keeps what may quote in ``detail``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from reports.run import Outcome, Run

_RAISED = re.compile(r"\w+: the [\w\' -]{1,40}? raised (?P<kind>[A-Za-z_]\w*):", re.ASCII)
_OWN = re.compile(r"(?P<kind>[A-Z]\w*Error): ", re.ASCII)
_NO_ANSWER = re.compile(r"(?P<kind>empty|truncated|filtered|refused|unparsed|lost): ", re.ASCII)
_MOST = 5


def error_type(error: Mapping[str, str] | None) -> str:
    """The type of an outcome's error: of the exception that a victim raised, or why what it returned is not an answer."""
    kind, message = (error or {}).get("type", "error"), (error or {}).get("message", "")
    if kind != "UnansweredError":
        return kind
    found = _RAISED.match(message) or _OWN.match(message) or _NO_ANSWER.match(message)
    return found["kind"] if found else kind


def error_types(outcomes: Iterable[Outcome]) -> str:
    """The errors of some outcomes as ``3 ValueError, 1 VictimTimeoutError``; empty where there is none."""
    return counted(Counter(error_type(outcome.error) for outcome in outcomes if outcome.status == "error"))


def counted(types: Counter[str]) -> str:
    """Types with their counts, most common first."""
    told = [f"{count} {kind}" for kind, count in types.most_common(_MOST)]
    rest = sum(types.values()) - sum(count for _, count in types.most_common(_MOST))
    return ", ".join([*told, *([f"{rest} of other types"] if rest else [])])


def public_message(flag: Mapping[str, Any], run: Run) -> str:
    """What a flag says to anybody; of errors, types and counts, also in a run whose flags were written otherwise."""
    if flag["code"] != "errors":
        return str(flag.get("message", ""))
    return f"some trials ended in an error and say nothing about robustness: {error_types(run.outcomes)}"


def full_message(flag: Mapping[str, Any]) -> str:
    """What a flag says to those who may read the data."""
    detail = str(flag.get("detail") or "")
    return str(flag.get("message") or flag["code"]) + (f"; {detail}" if detail else "")
