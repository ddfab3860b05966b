"""Suffixes climb the goal's score word by word; gradients get there with fewer queries than draws."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from attacks.search import BudgetExhaustedError, Flips, Prediction, Trial
from attacks.strategies.payloads.suffix import START, GradientSuffix, RandomSuffix, vocabulary
from robustness.tasks.classification import against

TEXT = "The film was fine."
POOL = vocabulary()
LIKED = frozenset(POOL[::60])
"""Words that the victim falls for; four of them turn its answer."""


def answer(text: str) -> Prediction:
    belief = min(1.0, 0.1 + 0.11 * sum(word in LIKED for word in text.split()))
    return Prediction(int(belief > 0.5), (1 - belief, belief))


def proposals(request: Flips) -> list[list[tuple[str, float]]]:
    return [[(word, 1.0) for word in sorted(LIKED)][: request.n] for _ in request.spans]


def driven(
    attack: Any, *, seed: int = 0, budget: int | None = None, of: Callable[[str], Prediction] = answer
) -> tuple[Trial, list[Flips]]:
    trial = Trial(inputs=(TEXT,), judge=against(0), clean=of(TEXT), rng=Random(seed), budget=budget)
    gradients: list[Flips] = []
    search: Any = attack.search(trial)
    reply: Any = None
    try:
        while True:
            request = search.send(reply)
            if isinstance(request, Flips):
                gradients.append(request)
                reply = [proposals(request)]
            else:
                reply = [of(text) for (text,) in request.inputs]
    except (StopIteration, BudgetExhaustedError):
        return trial, gradients


def test_the_gradient_is_asked_at_the_places_of_the_suffix_and_one_word_is_exchanged_a_step() -> None:
    trial, gradients = driven(GradientSuffix(length=5, width=4))
    assert trial.won
    (text,) = gradients[0].inputs[0]
    assert text == f"{TEXT} {' '.join([START] * 5)}"
    assert [text[start:end] for start, end in gradients[0].spans] == [START] * 5
    assert trial.winner is not None
    assert trial.winner[0].text.startswith(f"{TEXT} ")
    assert sum(word in LIKED for word in trial.winner[0].text.split()) == 4


def test_draws_alone_get_there_too_with_more_queries() -> None:
    drawn = [driven(RandomSuffix(), seed=seed)[0] for seed in range(6)]
    led = [driven(GradientSuffix(), seed=seed)[0] for seed in range(6)]
    assert all(trial.won for trial in drawn + led)
    assert sum(trial.queries for trial in led) < 0.7 * sum(trial.queries for trial in drawn)


def test_a_step_that_brings_nothing_nearer_leaves_the_suffix_as_it_was() -> None:
    trial, gradients = driven(GradientSuffix(steps=3), of=lambda _: Prediction(0, (0.9, 0.1)))
    assert not trial.won
    assert len({request.inputs for request in gradients}) == 1


def test_the_same_seed_draws_the_same_suffixes_and_the_budget_is_kept() -> None:
    one, two = (driven(RandomSuffix(), seed=5, budget=30)[0] for _ in range(2))
    assert one.queries == two.queries <= 30
    assert one.best.text == two.best.text


@pytest.mark.parametrize("attack", [GradientSuffix, RandomSuffix])
def test_wrong_parameters_are_refused(attack: Any) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        attack(length=0)
