"""Says which technique made which edit, from the chain of texts that TextAttack keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from attacks.search import Candidate
from attacks.words import Edit, diff

Span = tuple[int, int, str]
"""Where a technique left its mark in a text: start, end, technique."""


@dataclass(frozen=True, slots=True)
class Traced(Candidate):
    """A candidate that knows the steps it was made in: a text and the technique that made it, first to last."""

    steps: tuple[tuple[str, str], ...] = ()

    def edits(self, original: str) -> tuple[Edit, ...]:
        """The differences from ``original``, each with the technique that made it."""
        spans = _marks(original, self.steps)
        return tuple(replace(e, technique=_maker(e, spans) or self.technique) for e in diff(original, self.text))


def technique_of(text: Any) -> str:
    """The transformation that made one of TextAttack's texts, in hyphenated lower case; empty for one that nobody made."""
    made = text.attack_attrs.get("last_transformation")
    return "" if made is None else name_of(made)


def name_of(transformation: Any) -> str:
    """The class of one of TextAttack's transformations, in hyphenated lower case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(transformation).__name__).lower()


def chain(text: Any) -> list[Any]:
    """The texts that led to one of TextAttack's texts, first to last, itself included."""
    found = []
    while text is not None:
        found.append(text)
        text = text.attack_attrs.get("previous_attacked_text")
    return found[::-1]


def _marks(original: str, steps: Sequence[tuple[str, str]]) -> list[Span]:
    spans: list[Span] = []
    before = original
    for after, technique in steps:
        edits = diff(before, after)
        spans = [(_moved(start, edits), _moved(end, edits), by) for start, end, by in spans]
        spans += [(e.new_start, e.new_end, technique) for e in edits]
        before = after
    return spans


def _moved(position: int, edits: Sequence[Edit]) -> int:
    return position + sum(len(e.after) - len(e.before) for e in edits if e.end <= position)


def _maker(edit: Edit, spans: Sequence[Span]) -> str:
    touching = [by for start, end, by in spans if start <= edit.new_end and edit.new_start <= end]
    return touching[-1] if touching else ""
