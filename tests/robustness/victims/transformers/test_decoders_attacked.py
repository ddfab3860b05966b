"""A recipe made for classifiers runs unchanged against a decoder that writes, and against one that chooses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from attacks.recipes import build
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.tasks.registry import task_named
from robustness.tasks.task import Space
from robustness.victims.base import Victim
from robustness.victims.transformers.causal import load_causal

ASKED = [
    ("capital of france?", "paris"),
    ("capital of spain?", "madrid"),
    ("a good film", "positive"),
    ("a dull film", "negative"),
]


def outcomes(
    victim: Victim, asked: Sequence[tuple[str, str]], *, only: int | None = None, batch_tokens: int = 2048
) -> list[Outcome]:
    task, space = task_named(victim.info.task), Space(victim.info.labels, victim.info.fields)
    plan = Plan(recipes=(build("deepwordbug"),), task=task, goal=task.goal("", space), space=space, budget=12)
    examples: list[Any] = [
        Example(str(n), (text,), task.reference(answer, (text,), space), {})
        for n, (text, answer) in enumerate(asked)
        if only in (None, n)
    ]
    engine = Engine(Oracles({"victim": Oracle(VictimBackend(victim), batch_tokens=batch_tokens)}))
    return sorted(engine.outcomes(plan, examples, {}), key=lambda outcome: outcome.example_id)


@pytest.fixture(scope="module")
def writer(decoder: Path) -> Victim:
    return load_causal(str(decoder), offline=True, device="cpu", max_new_tokens=10)


def test_deepwordbug_breaks_what_a_decoder_writes(writer: Victim) -> None:
    found = outcomes(writer, ASKED)
    assert {outcome.status for outcome in found} <= {"succeeded", "failed", "error"}
    broken = [outcome for outcome in found if outcome.status == "succeeded"]
    assert broken
    for outcome in broken:
        assert outcome.clean is not None
        assert outcome.best is not None
        assert outcome.perturbed is not None
        assert outcome.reference in outcome.clean.shown
        assert outcome.reference not in outcome.best.shown
        assert writer.predict([(outcome.perturbed,)])[0]["text"] == outcome.best.shown


def test_outcomes_do_not_depend_on_the_batches(writer: Victim) -> None:
    whole = outcomes(writer, ASKED)
    assert outcomes(writer, ASKED, batch_tokens=1) == whole
    assert [outcomes(writer, ASKED, only=n)[0] for n in range(len(ASKED))] == whole


def test_deepwordbug_breaks_what_a_decoder_chooses(decoder: Path) -> None:
    victim = load_causal(str(decoder), offline=True, device="cpu", prompt="{text}", labels=["negative", "positive"])
    found = outcomes(victim, [*ASKED[2:], ("a good film", "positive")])
    assert "succeeded" in {outcome.status for outcome in found}


def test_an_answer_that_is_cut_off_is_none_and_neither_robust_nor_broken(decoder: Path) -> None:
    victim = load_causal(str(decoder), offline=True, device="cpu", max_new_tokens=2)
    (outcome,) = outcomes(victim, ASKED[1:2])
    assert outcome.status == "skipped"
    assert outcome.error is not None
    assert outcome.error["kind"] == "truncated"
    assert "let it write more" in str(outcome.error)
