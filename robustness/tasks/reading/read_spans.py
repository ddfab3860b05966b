"""Labelled spans as data and victims spell them, checked against the text that they stand in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

from robustness.tasks.answers import Span
from robustness.tasks.reading.rows import shown

SHAPES = '[start, end, label] or {"start": 0, "end": 4, "label": "PER"}'
LABEL_KEYS = ("label", "entity_group", "entity", "type")
LIST_KEYS = ("entities", "spans", "ents")


def read_spans(raw: Any, text: str, labels: Sequence[str], advice: str = "") -> tuple[Span, ...]:
    """Spans in order of place, without the blanks at their edges; ``labels``: those that there are, empty where any will do.

    ``advice``: what to do about an unknown label.

    Raises:
        ValueError: what was expected and what came: another shape, offsets outside the text, an unknown label, an overlap.
    """
    found = sorted((_span(item, text, labels, advice) for item in items_of(raw)), key=lambda one: (one.start, one.end, one.label))
    for one, other in pairwise(found):
        if other.start < one.end:
            raise ValueError(
                f"the spans {_told(one, text)} and {_told(other, text)} overlap; expected flat entities: keep one of them, "
                "such as the longer"
            )
    return tuple(found)


def read_confidences(raw: Any, count: int) -> tuple[float, ...] | None:
    """How sure a victim is of each span, in order of place; None unless it says so, between 0 and 1, for every one of them."""
    try:
        scored = sorted((item["start"], float(item["score"])) for item in items_of(raw) if _is_share(item["score"]))
    except (TypeError, KeyError, ValueError):
        return None
    return tuple(score for _, score in scored) if len(scored) == count > 0 else None


def _is_share(value: Any) -> bool:
    return isinstance(value, Real) and 0.0 <= float(value) <= 1.0


def items_of(raw: Any) -> list[Any]:
    """The items of a row of spans, whatever holds them; raises ``ValueError`` for what is no such row."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            raise ValueError(f"expected a JSON list of {SHAPES}, got {shown(raw)}") from None
    if isinstance(raw, Mapping):
        raw = next((raw[key] for key in LIST_KEYS if key in raw), raw)
    raw = getattr(raw, "ents", raw)  # a document of spaCy
    if isinstance(raw, (str, bytes, Mapping)) or not isinstance(raw, Iterable):
        raise ValueError(f"expected a list of {SHAPES}, got {shown(raw)}")
    return list(raw)


def _span(item: Any, text: str, labels: Sequence[str], advice: str) -> Span:
    start, end, label = parts_of(item)
    for place in (start, end):
        if isinstance(place, bool) or not isinstance(place, Integral):
            raise ValueError(f"expected whole numbers as start and end, got {shown(item)}")
    if not 0 <= start < end <= len(text):
        raise ValueError(
            f"the span {start}:{end} does not lie in the text, which has {len(text)} characters; expected 0 <= start < end <= "
            f"{len(text)}, counted in code points"
        )
    if not isinstance(label, str) or not label:
        raise ValueError(f"expected the name of a label with each span, got {shown(item)}")
    if labels and label not in labels:
        near = get_close_matches(label, labels, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"expected one of the labels {', '.join(labels)}, got {label!r}{hint}{advice}")
    inner = text[start:end]
    if not inner.strip():
        raise ValueError(f"the span {start}:{end} contains only whitespace")
    return Span(int(start) + len(inner) - len(inner.lstrip()), int(end) - len(inner) + len(inner.rstrip()), label)


def parts_of(item: Any) -> tuple[Any, Any, Any]:
    """Start, end and label of one item, not checked yet; raises ``ValueError`` for another shape."""
    if isinstance(item, Mapping):
        if "entity" in item and "index" in item and "entity_group" not in item:
            raise ValueError(
                "expected whole entities, got the pieces of words that a transformers pipeline gives by default; make it with "
                'aggregation_strategy="simple" or "first"'
            )
        label = next((item[key] for key in LABEL_KEYS if key in item), None)
        return item.get("start"), item.get("end"), label
    if all(hasattr(item, name) for name in ("start_char", "end_char", "label_")):  # a span of spaCy
        return item.start_char, item.end_char, item.label_
    if isinstance(item, (list, tuple)) and len(item) == 3:
        return item[0], item[1], item[2]
    raise ValueError(f"expected {SHAPES}, got {shown(item)}")


def _told(span: Span, text: str) -> str:
    inner = text[span.start : span.end]
    return f"{span.start}:{span.end} {inner[:30]!r}"
