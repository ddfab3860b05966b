"""Saved failures as a regression suite: no search, only forwards through the victim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attacks.search import Prediction, UnansweredError
from reports.cases import inputs_of
from reports.replayed import ERROR, Replay, Replayed, judge
from reports.run import Outcome
from robustness.asking import ask, check_fits, oracle_for
from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.victims.base import Victim

Answers = Sequence[Prediction | UnansweredError]


def replay(
    victim: Victim,
    cases: Sequence[Outcome],
    *,
    repeat: int = 1,
    max_broken: int = 0,
    batch_tokens: int = 2048,
    timeout: float | None = 300.0,
) -> Replay:
    """Put every case to a victim, clean text and perturbed text, ``repeat`` times.

    Each repetition asks anew and in another order, so that a victim whose answers depend on chance or on the batch shows.

    Raises:
        UsageError: labels or fields that do not fit the victim, or a number that cannot be.
    """
    if repeat < 1 or max_broken < 0:
        raise UsageError(f"repeat must be at least 1 and max_broken at least 0, got {repeat} and {max_broken}")
    check_fits(victim, cases)
    inputs = [text for case in cases for text in (inputs_of(case), inputs_of(case, case.perturbed))]
    rounds: list[Answers] = []
    for turn in range(repeat):
        step = -1 if turn % 2 else 1
        oracle = oracle_for(victim, batch_tokens=batch_tokens, timeout=timeout)
        rounds.append(ask(oracle, inputs[::step])[::step])
    labels = victim.info.labels
    judged = [_judged(case, [r[2 * i : 2 * i + 2] for r in rounds], labels) for i, case in enumerate(cases)]
    return Replay(victim.info.name, tuple(judged), max_broken, repeat)


def _judged(case: Outcome, pairs: Sequence[Answers], labels: tuple[str, ...]) -> Replayed:
    errors = [answer for pair in pairs for answer in pair if isinstance(answer, UnansweredError)]
    if errors:
        return Replayed(case, ERROR, error=str(errors[0]))
    said = [[labels[answer.label] for answer in pair if isinstance(answer, Prediction)] for pair in pairs]
    return judge(case, [clean for clean, _ in said], [after for _, after in said])
