"""Certifies every example by one method, through the same oracles as an audit, and writes what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import UnansweredError
from reports.run.certificates import REWRITES, UNCERTIFIED, Certificate
from robustness.certify.frame import Asked, Found, Frame, Method
from robustness.certify.journal import Journal
from robustness.engine.engine import Job, Oracles, Result, drive
from robustness.errors import SpentError

IN_FLIGHT, FEW_IN_FLIGHT = 128, 8
"""Examples under way at once. Few where each asks for many texts together: that fills batches, and a kill loses little."""


@dataclass(frozen=True, slots=True)
class Certified:
    """What was found of each example, in order. ``spent``: why the rest are errors where a cap ended it, "" where none did."""

    found: tuple[Found, ...]
    spent: str = ""


def certify(
    oracles: Oracles,
    frame: Frame,
    method: Method,
    examples: Sequence[Asked],
    *,
    journal: Journal | None = None,
    in_flight: int | None = None,
    heard: Callable[[int, int], None] = lambda done, all_: None,
) -> Certified:
    """Certify every example that the journal does not hold; what was found depends on seed, victim and example alone.

    ``heard``: told how many examples ended, of how many.

    Raises:
        UsageError: the method can say nothing of such a victim or task. ``RefusedError``: the victim will answer nothing more.
    """
    method.check(frame)
    in_flight = in_flight or (IN_FLIGHT if method.kind == REWRITES else FEW_IN_FLIGHT)
    done = dict(journal.done) if journal else {}
    ended = {example.id: done[example.id] for example in examples if example.id in done}
    spent = ""
    try:
        for one in _ended(oracles, frame, method, [e for e in examples if e.id not in ended], in_flight):
            ended[one.certificate.example_id] = one
            if journal is not None:
                journal.add(one)
            heard(len(ended), len(examples))
    except SpentError as error:
        spent = str(error)
    return Certified(tuple(ended.get(e.id) or _error(e, spent or "it was never asked") for e in examples), spent)


def _ended(oracles: Oracles, frame: Frame, method: Method, examples: list[Asked], in_flight: int) -> Iterator[Found]:
    return drive(oracles, (_job(frame, method, example) for example in examples), in_flight=in_flight)


def _job(frame: Frame, method: Method, example: Asked) -> Job[Found]:
    try:
        found = yield from method.certificate(frame, example)
    except UnansweredError as error:
        found = _error(example, str(error))
    yield Result(found)


def _error(example: Asked, why: str) -> Found:
    return Found(Certificate(example.id, UNCERTIFIED, why=why, error=True, group=example.group))


def settings_of(
    frame: Frame, method: Method, examples: Sequence[Asked], victim: str, shared: Mapping[str, Any], beside: Mapping[str, Any]
) -> dict[str, Any]:
    """The first line of a block; ``shared``: what else two certificates must share to be compared; ``beside``: the rest."""
    from reports.run.store import comparability_id

    own = {
        "name": method.name,
        "kind": method.kind,
        "task": frame.task.name,
        "goal": frame.goal.name,
        "seed": frame.seed,
        "varies": frame.varies,
        **method.record(examples, frame.at),
        **shared,
    }
    return {"certificate_id": comparability_id(own), "victim": victim, **own, **beside}


def in_groups(examples: Sequence[Any], group: str | None) -> list[Asked]:
    """Examples of a data set as they are certified."""
    return [
        Asked(one.id, one.inputs, one.reference, None if group is None else str(one.meta.get(group)), one.meta)
        for one in examples
    ]
