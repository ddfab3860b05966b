"""``explanations.jsonl``: what the victim leaned on in each failure, and what each remedy mends and costs, line by line.

The first line is the head, then comes one line for each failure in the order of ``failures.jsonl``, then one for each remedy. The
file is appended to while it is made, so that a run that was killed goes on where it stopped; with its last remedy it is finished.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reports.files import exact
from reports.run import SCHEMA, RunError

EXPLANATIONS = "explanations.jsonl"
LEAVE_ONE_OUT, INTEGRATED_GRADIENTS = "leave-one-out", "integrated-gradients"
METHODS = (LEAVE_ONE_OUT, INTEGRATED_GRADIENTS)
EXPLAINED, HOLDS_NOW, NOT_APPLICABLE, ERROR = "explained", "holds now", "not applicable", "error"
STATES = (EXPLAINED, HOLDS_NOW, NOT_APPLICABLE, ERROR)
MENDED, BROKEN, UNCHANGED, NO_ANSWER = "mended", "broken", "unchanged", "no answer"
EFFECTS = (MENDED, BROKEN, UNCHANGED, NO_ANSWER)
"""Of a remedy on a failing text: right again, still wrong, the same text, or no usable answer. Only the first mends."""
Weight = tuple[int, int, float | None]
"""(start, end, weight) of a word of a text, offsets in code points; None where the victim had no usable answer without it."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the explanations are of. ``victim``: its identity. ``failures``: SHA-256 of ``failures.jsonl``.

    ``most``: words of a text that are left out one by one; in a longer text neighbours go together. ``again``: fresh answers
    that a mended failure needs, all of them right. ``clean``: examples that the run found right on the clean text. ``notes``:
    what cannot be had.
    """

    method: str
    victim: Mapping[str, Any]
    failures: str
    count: int
    clean: int
    remedies: tuple[str, ...]
    most: int
    again: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """One failure. ``before`` and ``after``: the words of the original and of the perturbed text, each with its weight.

    A weight is how much of the score of the answer given hangs on the word: positive, the answer leaned on it. ``basis``:
    ``scores``, or ``flips`` where every score was 0 or 1, so that a weight only says whether the answer turned. ``remedies``:
    what each did, of ``EFFECTS``. ``left``: by how much integrated gradients miss the difference that they explain.
    """

    example_id: str
    recipe: str
    state: str
    before: tuple[Weight, ...] = ()
    after: tuple[Weight, ...] = ()
    basis: str = ""
    asked: int = 0
    remedies: Mapping[str, str] = field(default_factory=dict)
    left: tuple[float, float] | None = None
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What joins it to its outcome."""
        return self.recipe, self.example_id


@dataclass(frozen=True, slots=True)
class Cost:
    """What a remedy does to clean texts: of ``right`` examples right without it, ``changed`` have another text with it.

    Of those the victim gets ``lost`` wrong, and gives ``unanswered`` no usable answer, which is lost too. ``right`` is 0 where
    nobody asked, because the remedy mends nothing.
    """

    name: str
    does: str
    right: int
    changed: int
    lost: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Explanations:
    """The file, read."""

    head: Head
    cases: tuple[Explained, ...] = ()
    costs: tuple[Cost, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return len(self.cases) == self.head.count and len(self.costs) == len(self.head.remedies)


_KINDS: Mapping[type, str] = {Head: "head", Explained: "failure", Cost: "remedy"}


def line_of(record: Head | Explained | Cost) -> str:
    """One line, ASCII only, keys in a fixed order."""
    flat = {name: getattr(record, name) for name in record.__slots__}
    found = {"schema": SCHEMA, "kind": _KINDS[type(record)], **flat}
    return json.dumps(exact.spelled(found), ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n"


def read_explanations(path: Path) -> Explanations | None:
    """The file, read; None where there is none.

    What a kill left of a last line is passed over. Raises ``RunError`` naming the line that is none of this file.
    """
    if not path.is_file():
        return None
    head: Head | None = None
    cases: list[Explained] = []
    costs: list[Cost] = []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    for number, line in enumerate(whole.split(b"\n") if whole else [], start=1):
        try:
            record = _record(exact.loads(line.decode("ascii")))
            if isinstance(record, Head) is not (number == 1):
                raise ValueError("the head comes first, and once")
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise RunError(f"{path}, line {number}: no explanation ({problem}); run `robustness explain` again") from None
        if isinstance(record, Head):
            head = record
        elif isinstance(record, Explained):
            cases.append(record)
        else:
            costs.append(record)
    return None if head is None else Explanations(head, tuple(cases), tuple(costs))


def _record(raw: dict[str, Any]) -> Head | Explained | Cost:
    if raw.pop("schema") != SCHEMA:
        raise ValueError("another schema")
    kind = raw.pop("kind")
    if kind == "head":
        return Head(**{**raw, "remedies": tuple(map(str, raw["remedies"])), "notes": tuple(map(str, raw["notes"]))})
    if kind == "remedy":
        return Cost(**raw)
    if kind != "failure":
        raise ValueError(f"another kind of line, {str(kind)[:40]!r}")
    if raw["state"] not in STATES or not set(raw["remedies"].values()) <= set(EFFECTS):
        raise ValueError("an unknown state or effect")
    sides = {side: tuple(map(_weight, raw[side])) for side in ("before", "after")}
    left = raw["left"] and (float(raw["left"][0]), float(raw["left"][1]))
    return Explained(**{**raw, **sides, "left": left})


def _weight(raw: Any) -> Weight:
    start, end, weight = raw
    if not (type(start) is type(end) is int and 0 <= start < end):
        raise ValueError(f"no word at {start!r} to {end!r}")
    return start, end, None if weight is None else float(weight)
