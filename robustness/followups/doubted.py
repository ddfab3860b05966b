"""Doubts about a replay: a victim that says one thing of every text, copies its text or refuses it has not fixed anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attacks.search import UnansweredError, Unusable
from robustness.planning.doubts import FEWEST, MOST, repeats
from robustness.planning.self_checks import CODES
from robustness.tasks.answers import Completion
from robustness.tasks.reading.refusals import refuses
from robustness.tasks.registry import task_named
from robustness.tasks.task import Space

if TYPE_CHECKING:
    from reports.run import Outcome
    from robustness.victims.base import VictimInfo


def doubt_in(info: VictimInfo, cases: Sequence[Outcome], answers: Sequence[Any], each: int) -> str:
    """Why answers to cases, ``each`` of them to one, prove nothing of the victim; nothing where they may.

    A victim of labels only that gives one label to cases of one label cannot be told from one that fixed them all: an audit,
    whose data hold other labels, can.
    """
    last = [n * each + each - 1 for n in range(len(cases))]
    perturbed = [(case, answers[n]) for case, n in zip(cases, last, strict=True)]
    clean = [(case, answers[n - 1]) for case, n in zip(cases, last, strict=True) if each > 1]
    usable = [(case, answer) for case, answer in (*clean, *perturbed) if not isinstance(answer, (UnansweredError, Unusable))]
    asked = [(case.texts, answer, case.goal) for case, answer in clean]
    asked += [({**case.texts, case.field: case.perturbed or ""}, answer, case.goal) for case, answer in perturbed]
    written = [(texts, answer.text, goal) for texts, answer, goal in asked if isinstance(answer, Completion)]
    return _constant(info, usable) or _written(written)


def _constant(info: VictimInfo, pairs: Sequence[tuple[Outcome, Any]]) -> str:
    task, space = task_named(info.task), Space(info.labels, info.fields)
    shown = {(one.text, one.scores) for one in (task.show(answer, space) for _, answer in pairs)}
    examples, references = {case.example_id for case, _ in pairs}, {case.reference for case, _ in pairs}
    if len(shown) != 1 or len(examples) < 2:
        return ""
    ((text, scores),) = shown
    # one right answer for a handful of cases may well be given to all of them; one row of scores may not
    if scores is None and (task.classes or (references != {""} and len(examples) < FEWEST)):
        return ""
    return f"{CODES['constant']}: {text!r} on all {len(examples)} examples"


def _written(said: Sequence[tuple[Mapping[str, str], str, str]]) -> str:
    copies = sum(repeats(text, texts) for texts, text, _ in said)
    refused = sum(refuses(text) and goal != "complies" for _, text, goal in said)
    if len(said) < 2:
        return ""
    if copies > MOST * len(said):
        return f"{CODES['echo']}: {copies} of {len(said)} answers"
    return f"{CODES['refusing']}: {refused} of {len(said)} answers" if refused > MOST * len(said) else ""
