"""Rows of what a victim returned: one for each input, whatever container they came in."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from robustness.errors import AnswerError
from robustness.tasks.reading.named_answers import ONE_TEXT, refuse_reordered, table_rows


def rows_of(raw: Any, count: int) -> list[Any]:
    """The rows of ``raw``, which must be ``count``; raises ``AnswerError`` for any other shape."""
    rows = as_list(raw)
    if len(rows) != count:
        raise AnswerError(
            f"the victim was asked about {count} inputs and returned {len(rows)} rows; it must return one row per input"
        )
    return rows


def as_list(raw: Any) -> list[Any]:
    """A list of the rows in an array, frame, generator or list; raises ``AnswerError`` where there are none."""
    if type(raw) is list:  # as nearly always: none of what follows
        return raw
    table = table_rows(raw)
    if table is not None:
        return table
    refuse_reordered(raw)
    for method in ("tolist", "to_list"):
        if hasattr(raw, method):
            raw = getattr(raw, method)()
            break
    one = f" ({ONE_TEXT})" if raw is not None else ""
    if raw is None or isinstance(raw, (str, bytes, Mapping, Set)):
        raise AnswerError(f"the victim returned {shown(raw)}; expected a list or array with one row per input{one}")
    try:
        return list(raw)
    except TypeError:
        raise AnswerError(f"the victim returned {shown(raw)}; expected a list or array with one row per input{one}") from None


def shown(value: Any) -> str:
    """A value and its type, cut to one line."""
    text = repr(value)
    return f"{text[:80]}{'…' if len(text) > 80 else ''} ({type(value).__name__})"
