"""What the engine asks of models beside the victim's answers: gradients that crash, similarity that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from attacks.search import Attack, Candidate, Citation, Input, Recipe, Search, Trial, gradients
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import Engine, Oracles
from robustness.engine.gradients import GradientBackend
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.tasks.classification import Classification, Misclassify
from robustness.tasks.task import Space
from robustness.victims import load_victim
from robustness.victims.base import PlainVictim, TokenGradients, VictimInfo


def ended(attack: Attack, oracles: Oracles, text: str, **more: Any) -> Outcome:
    plan = Plan(
        recipes=(Recipe("r", attack, Citation("none"), "word", "scores"),),
        task=Classification(),
        goal=Misclassify(),
        space=Space(("negative", "positive"), ("text",)),
        **more,
    )
    (outcome,) = Engine(oracles).outcomes(plan, [Example("1", (text,), 1, {})], {})
    return outcome


class _Broken(PlainVictim):
    """A victim whose answers are fine and whose gradients crash."""

    raised: BaseException = ZeroDivisionError("no gradient here")
    info = VictimInfo("broken", "python", ("negative", "positive"), gradients=True)

    def predict(self, inputs: Sequence[Input]) -> list[tuple[float, float]]:
        return [(0.2, 0.8) for _ in inputs]

    def token_gradients(self, inputs: Sequence[Input], labels: Sequence[int]) -> list[TokenGradients]:
        raise self.raised


@pytest.mark.parametrize("raised", [ZeroDivisionError("no gradient here"), SystemExit(0), GeneratorExit()], ids=repr)
def test_gradients_that_crash_are_an_error_of_the_trial(raised: BaseException) -> None:
    """``SystemExit`` too: a victim that calls ``sys.exit(0)`` would end the run with the code of one that passed."""

    class Follows:
        def search(self, trial: Trial) -> Search[None]:
            yield from gradients(trial)

    victim: Any = _Broken()
    victim.raised = raised
    oracles = Oracles({"victim": Oracle(VictimBackend(victim)), "gradients": Oracle(GradientBackend(victim))})
    outcome = ended(Follows(), oracles, "a good film")
    assert outcome.status == "error"
    assert outcome.error is not None
    assert f"the victim's gradients raised {type(raised).__name__}" in outcome.error["message"]


def test_similarity_is_measured_from_the_encoders_vectors() -> None:
    class Turned:
        """Two texts at an angle whose cosine is 0.6."""

        row_quantum, length_quantum, mixed_lengths, padding_cost = 0, 1, (0, 0), 1.0

        def lengths(self, items: Sequence[str]) -> list[int]:
            return [len(item) for item in items]

        def compute(self, items: Sequence[str]) -> list[Any]:
            return [np.array([1.0, 0.0] if item == "good film" else [0.6, 0.8], np.float32) for item in items]

    class Once:
        def search(self, trial: Trial) -> Search[None]:
            yield from trial.attempt([Candidate("bad film")])

    victim = load_victim("scripted:keyword")
    oracles = Oracles({"victim": Oracle(VictimBackend(victim)), "encoder": Oracle(Turned())})
    outcome = ended(Once(), oracles, "good film", measure_similarity=True)
    assert outcome.status == "succeeded"
    assert outcome.similarity == pytest.approx(0.6)
