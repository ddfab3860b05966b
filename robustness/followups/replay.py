"""Saved failures as a regression suite: no search, only forwards through the victim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attacks.search import UnansweredError
from reports.run import Outcome
from reports.run.cases import inputs_of
from reports.run.replayed import ERROR, MAX_NOT_APPLICABLE, Replay, Replayed, replayed
from robustness.engine.converse import CaseJudge, ask, check_fits, oracle_for
from robustness.errors import UsageError
from robustness.followups.doubted import doubt_in
from robustness.planning.supplied import resupplied, with_supplied
from robustness.tasks.registry import task_named
from robustness.tasks.task import Space

if TYPE_CHECKING:
    from robustness.victims.base import Victim, VictimInfo

COLLECTED = "collected"
"""What stands for a recipe where a text was not found by one."""
Answers = Sequence[Any]


def replay(
    victim: Victim,
    cases: Sequence[Outcome],
    *,
    repeat: int = 1,
    max_broken: int = 0,
    max_not_applicable: float = MAX_NOT_APPLICABLE,
    originals: bool = True,
    batch_tokens: int | None = None,
    timeout: float | None = 300.0,
) -> Replay:
    """Run every case against a victim, clean text and perturbed text, ``repeat`` times.

    Each repetition asks afresh and in a different order, which reveals a victim whose answers depend on chance or on the batch.
    ``originals``: whether the cases have clean texts; without them only the perturbed texts are asked.

    Raises:
        UsageError: labels or fields that do not fit the victim, or a number that cannot be.
    """
    if repeat < 1 or max_broken < 0 or not 0 <= max_not_applicable <= 1:
        raise UsageError(
            f"repeat must be at least 1, max_broken at least 0 and max_not_applicable a share from 0 to 1, "
            f"got {repeat}, {max_broken} and {max_not_applicable}"
        )
    cases = resupplied(cases, victim.info)
    check_fits(victim, cases)
    each = 1 + originals
    inputs = [text for case in cases for text in (inputs_of(case), inputs_of(case, case.perturbed))[-each:]]
    rounds: list[Answers] = []
    for turn in range(repeat):
        step = -1 if turn % 2 else 1
        oracle = oracle_for(victim, batch_tokens=batch_tokens, timeout=timeout, ask=f"again#{turn}" if turn else "")
        rounds.append(ask(oracle, inputs[::step])[::step])
    judges = [CaseJudge(victim.info, case) for case in cases]
    judged = [
        _judged(case, one, [r[each * i : each * (i + 1)] for r in rounds])
        for i, (case, one) in enumerate(zip(cases, judges, strict=True))
    ]
    doubt = doubt_in(victim.info, cases, rounds[0], each)
    return Replay(victim.info.name, tuple(judged), max_broken, repeat, max_not_applicable, doubt)


def _judged(case: Outcome, judge: CaseJudge, turns: Sequence[Answers]) -> Replayed:
    errors = [answer for answers in turns for answer in answers if isinstance(answer, UnansweredError)]
    if errors:
        return Replayed(case, ERROR, error=str(errors[0]))
    clean = [(judge.shown(answers[0]), judge.right(answers[0])) for answers in turns if len(answers) > 1]
    judged = [(a[-1], judge.judged(a[-1], case.perturbed or "", a[0])) for a in turns]
    for answer, found in judged:
        if found.unusable:  # no answer to what is asked: neither fixed nor broken
            return Replayed(case, ERROR, error=f"{found.unusable}: the victim answered {judge.shown(answer)!r}")
    return replayed(case, clean, [(judge.shown(answer), found.reached) for answer, found in judged])


def collected_cases(
    data: Any, victim: VictimInfo, *, original: str | None = None, field: str | None = None, **options: Any
) -> tuple[list[Outcome], list[str]]:
    """Labelled texts that others collected, such as an adversarial test set, as cases of a replay, and notes on the reading.

    Args:
        data: what ``load_examples`` reads.
        victim: the labels and fields that the data must fit.
        original: the column that holds each text before it was perturbed.
        field: the text field that ``original`` is the original of; the last if None.
        options: keyword arguments of ``load_examples``.

    Raises:
        UsageError: a field that the victim does not have; ``DataError`` for data that do not fit it.
    """
    from robustness.data import load_examples

    name = field or victim.fields[-1]
    if name not in victim.fields:
        raise UsageError(f"the victim has no field {name!r}; it has {list(victim.fields)}")
    how: dict[str, Any] = {"labels": victim.labels, "task": victim.task, **options}
    how["space"] = Space(victim.labels, victim.data_fields)
    read = load_examples(data, victim_fields=victim.data_fields, **how)
    if original is not None:
        if original in read.fields:
            raise UsageError(f"--original {original} is the column of the perturbed texts too; name that of the originals")
        read = load_examples(data, **{**how, "text": [*read.fields, original], "victim_fields": ()})
    cases, task, space = [], task_named(victim.task), Space(victim.labels, victim.fields)
    for example in with_supplied(read, victim):
        texts = dict(zip(victim.fields, example.inputs, strict=False))
        clean = {**texts, name: example.inputs[-1]} if original is not None else texts
        right, meta = example.reference, example.meta
        case = Outcome(example.id, COLLECTED, "succeeded", task.show_reference(right, space), name, clean, perturbed=texts[name])
        told = {"gold": task.cell(right, space), "stratum": task.stratum(right, space), "goal": task.goal("", space).name}
        cases.append(replace(case, meta=meta, **told))
    return cases, read.report.messages()
