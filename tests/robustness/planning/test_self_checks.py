"""Doubts about the evaluation: each is raised by what it names, and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from attacks.search import Input
from reports.run import Judged, Outcome
from robustness.engine.backends import VictimBackend
from robustness.engine.repeats import measure_repeats
from robustness.errors import VictimError
from robustness.planning import self_checks
from robustness.planning.preflight import check_victim
from robustness.tasks.reading.check_answers import AnswerOddities
from robustness.victims import load_victim

GOOD = Outcome(
    "x", "r", "failed", "positive", "text", {"text": "a film"}, clean=Judged("positive"),
    attempted=5, proposed=10, rejected=2, queries=6,
)  # fmt: skip


def codes(outcomes: Sequence[Outcome]) -> set[str]:
    seen = self_checks.OutcomeChecks()
    for outcome in outcomes:
        seen.read(outcome)
    return {flag.code for flag in seen.flags()}


def several(count: int, **changes: Any) -> list[Outcome]:
    """Outcomes of a victim that is right nine times in ten, half of them on each label."""
    made = []
    for i in range(count):
        label = ("positive", "negative")[i % 2]
        said = ("negative", "positive")[i % 2] if i % 10 == 0 else label
        made.append(replace(GOOD, example_id=f"x{i}", reference=label, stratum=label, clean=Judged(said), **changes))
    return made


def test_a_sound_evaluation_raises_no_doubt() -> None:
    assert codes(several(50)) == set()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"attempted": 0}, "zero-candidates"),
        ({"proposed": 100, "rejected": 99}, "rejected"),
        ({"no_ops": 2}, "no-op"),
        ({"status": "exhausted"}, "exhausted"),
        ({"status": "error", "error": {"type": "X", "message": "boom"}}, "errors"),
    ],
)
def test_each_doubt_is_raised_by_its_cause(changes: dict[str, Any], code: str) -> None:
    assert codes(several(50, **changes)) == {code}


def test_skipped_trials_are_not_zero_candidate_trials() -> None:
    assert codes(several(50, status="skipped", attempted=0)) == set()


def test_accuracy_near_chance_is_doubted() -> None:
    half = [replace(o, clean=Judged("positive")) for o in several(60)]
    assert codes(half) == {"near-chance"}


def test_a_victim_that_moves_is_caught() -> None:
    noisy, steady = (VictimBackend(load_victim(f"scripted:{name}")) for name in ("noisy", "keyword"))
    inputs: list[Input] = [(f"a great film number {i}",) for i in range(6)]
    assert [flag.code for flag in measure_repeats(noisy, inputs).flags()] == ["nondeterministic"]
    assert measure_repeats(steady, inputs).flags() == []


def test_answers_that_are_odd_are_named_with_an_example() -> None:
    oddities = AnswerOddities(rows=10, not_summing=4, examples={"not_summing": "[3, -1]"})
    (flag,) = self_checks.answers("scores", oddities, oddities)
    assert flag.code == "not-probabilities"
    assert "[3, -1]" in flag.message
    assert flag.value == pytest.approx(0.4)


def test_preflight_refuses_a_victim_that_answers_nothing() -> None:
    with pytest.raises(VictimError, match="none of 3 clean examples"):
        check_victim(VictimBackend(load_victim("scripted:nan-scores")), [("a",), ("b",), ("c",)])


def test_preflight_lets_a_victim_pass_that_answers_some() -> None:
    assert check_victim(VictimBackend(load_victim("scripted:raising:b")), [("a",), ("b",), ("c",)])[1] == []


def test_every_code_is_explained() -> None:
    assert all(text and text[0].islower() for text in self_checks.CODES.values())


def test_what_is_said_of_clean_accuracy_near_chance_is_true() -> None:
    seen = self_checks.OutcomeChecks()
    for i, label in enumerate(("positive", "positive", "positive", "negative")):
        seen.read(replace(GOOD, example_id=f"x{i}", reference=label, stratum=label, clean=Judged(label)))
    (flag,) = seen.flags()
    assert flag.message.endswith(
        "is not shown to be better than always answering the most common label: 100.0% against 75.0% on 4 examples"
    )


def test_a_victim_that_fails_on_batches_is_told_of_batches_of_one() -> None:
    (flag,) = self_checks.unreliable(3)
    assert "--batch-tokens 1" in flag.message
