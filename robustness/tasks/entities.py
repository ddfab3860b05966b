"""Named entities: labelled spans of a text. Right is a clean answer of fair F1; broken is new damage to what was right."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from attacks.search import Input, Mark
from robustness.errors import AnswerError
from robustness.tasks.answers import Shown, Span, Spans
from robustness.tasks.goals.entities import (
    EntitiesWrong,
    EntityInvented,
    EntityLost,
    EntityRetyped,
    EntitySeen,
    Gold,
    QualityBelow,
    counts,
    f1,
    gold_of,
    moved_spans,
)
from robustness.tasks.reading.read_spans import read_confidences, read_spans
from robustness.tasks.reading.tag_schemes import joined
from robustness.tasks.task import Goal, GoalKind, Measure, Space, Task, share_in

RIGHT_FROM = 0.5
"""Entity F1 from which a clean answer is right: one that is mostly wrong has nothing to lose."""
SHARE = 0.5
TAG_COLUMNS = ("ner_tags", "tags")
UNKNOWN_TYPE = (
    ". The victim finds entities of no other type: give its types the names of the data (spacy:PIPELINE#PERSON=PER, "
    "hf:FOLDER#PERSON=PER), or leave entities of the others out of the data"
)
NOTHING = "no entities"
_PLAIN: dict[str, Goal[Gold, Spans]] = {
    goal.name: goal for goal in (EntitiesWrong(), EntityLost(), EntityInvented(), EntityRetyped())
}


class Entities(Task[Gold, Spans]):
    """The spans of a text that name something, each with its type."""

    name = "ner"
    summary = "named entities: labelled spans of a text"
    references = ("entities", "spans", *TAG_COLUMNS, "labels", "label")
    graded = True
    protects = True
    measures = (Measure("entity_f1", "entity F1", pooled=True),)
    goals = (
        GoalKind("entities-wrong", "an entity that was right is lost, retyped or shifted, or a new wrong one is found"),
        GoalKind("entity-lost", "nothing is found where an entity that was right stands"),
        GoalKind("entity-invented", "an entity is found where there is none"),
        GoalKind("entity-retyped", "an entity that was right is found as another type"),
        GoalKind("quality-below:SHARE", "entity F1 below this share of the clean answer's; 0.5 if bare"),
    )

    def reference(self, cell: object, inputs: Input, space: Space) -> Gold:
        """Gold spans: a JSON list of [start, end, label] or mappings, or one tag for each token of a text joined by spaces."""
        if len(inputs) != 1:
            raise ValueError(f"expected one text to find entities in, got the fields {', '.join(space.fields)}")
        (text,) = inputs
        tags = _tags(cell)
        return read_spans(cell if tags is None else joined(text.split(" "), tags)[1], text, space.labels, UNKNOWN_TYPE)

    def adapted(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row of ``tokens`` and ``ner_tags`` or ``tags`` as a text, its tokens joined by spaces, beside the tags."""
        tokens = _listed(row.get("tokens"))
        if tokens is None or "text" in row or not any(_listed(row.get(name)) is not None for name in TAG_COLUMNS):
            return row
        return {"text": " ".join(map(str, tokens)), **{name: value for name, value in row.items() if name != "tokens"}}

    def answer(self, row: Any, inputs: Input, space: Space) -> Spans:
        """A list of (start, end, label), of mappings as a transformers pipeline gives them, or of spans of spaCy."""
        if not isinstance(row, (str, bytes, type(None))):
            row = _as_list(row)
        try:
            found = read_spans(row, inputs[-1], space.labels)
        except ValueError as problem:
            raise AnswerError(f"the victim's entities cannot be read: {problem}; an empty list stands for no entity") from None
        return Spans(found, scores=read_confidences(row, len(found)))

    def goal(self, spec: str, space: Space) -> Goal[Gold, Spans]:
        """One of ``goals``; ``entities-wrong`` if empty."""
        if spec in ("", *_PLAIN):
            return _PLAIN[spec or EntitiesWrong.name]
        if spec.partition(":")[0] == "quality-below":
            return QualityBelow(share_in(spec, "quality-below", SHARE))
        raise self.unknown_goal(spec)

    def right(self, answer: Spans, seen: EntitySeen) -> bool:
        """Whether entity F1 is fair on the clean text."""
        return f1(*counts(answer.found, gold_of(seen))) >= RIGHT_FROM

    def show(self, answer: Spans, space: Space) -> Shown:
        """The spans by place and type, to be marked in the text."""
        return Shown(_line(answer.found), spans=answer.found, answer=_cells(answer.found))

    def shown_in(self, answer: Spans, text: str, space: Space) -> Shown:
        """The spans by type and words."""
        return Shown(_quoted(answer.found, text), spans=answer.found, answer=_cells(answer.found))

    def reference_in(self, reference: Gold | None, text: str, space: Space) -> str:
        """The gold spans by type and words."""
        return "" if reference is None else _quoted(reference, text)

    def show_reference(self, reference: Gold | None, space: Space) -> str:
        """The gold spans, by place and type."""
        return "" if reference is None else _line(reference)

    def cell(self, reference: Gold | None, space: Space) -> Any:
        """The gold spans as lists."""
        return None if reference is None else _cells(reference)

    def measure(self, answer: Spans, seen: EntitySeen) -> Mapping[str, Any]:
        """Counts of entities of all types, and of each type under ``entity_f1:TYPE``."""
        by_type: dict[str, tuple[list[Span], list[Span]]] = defaultdict(lambda: ([], []))
        expected = moved_spans(gold_of(seen), seen)
        for side, spans in enumerate((answer.found, expected)):
            for one in spans:
                by_type[one.label][side].append(one)
        parts = {f"entity_f1:{label}": counts(*both) for label, both in sorted(by_type.items())}
        return {"entity_f1": counts(answer.found, expected), **parts}

    def marks(self, reference: Gold | None, inputs: Input) -> tuple[Mark, ...]:
        """The gold entities."""
        return tuple(Mark(len(inputs) - 1, one.start, one.end, one.label) for one in reference or ())

    def stratum(self, reference: Gold | None, space: Space) -> str | None:
        """Texts with entities and those without."""
        return None if reference is None else "entities" if reference else NOTHING

    def gist(self, answer: Spans) -> Hashable:
        """The spans, however sure the victim is of them."""
        return answer.found


def _quoted(spans: Sequence[Span], text: str) -> str:
    return "; ".join(f"{one.label} {text[one.start : one.end]}" for one in spans) or _line(spans)


def _line(spans: Sequence[Span]) -> str:
    return ", ".join(f"{one.label} {one.start}–{one.end}" for one in spans) or NOTHING


def _cells(spans: Sequence[Span]) -> list[list[Any]]:
    return [[one.start, one.end, one.label] for one in spans]


def _as_list(row: Any) -> Any:
    """An array, frame column or tuple as a list of plain values."""
    return row.tolist() if hasattr(row, "tolist") else row


def _listed(cell: object) -> list[Any] | None:
    """The list that a cell holds or spells; None where it holds something else."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except ValueError:
            return None
    cell = _as_list(cell)
    return list(cell) if isinstance(cell, (list, tuple)) else None


def _tags(cell: object) -> list[str] | None:
    """The tags of a cell that holds one for each token; None where it holds spans.

    Raises:
        ValueError: numbers, whose names the data set keeps elsewhere.
    """
    items = _listed(cell)
    if not items:
        return None
    if all(isinstance(item, int) for item in items):
        raise ValueError(
            f"expected tags by name, such as B-PER, got the numbers {items[:6]}; write their names into the column, "
            "in a data set of `datasets` with features[COLUMN].feature.int2str"
        )
    return [str(item) for item in items] if all(isinstance(item, str) for item in items) else None
