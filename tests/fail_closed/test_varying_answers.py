"""A lucky answer of a victim that varies is no break: successes are asked again, and only confirmed ones count."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from attacks.search import Candidate, Confirm, Prediction, Query, Trial
from robustness.auditing import audit
from robustness.tasks.classification import against

LABELS = ["negative", "positive"]
ROWS = [(f"{'good' if i % 2 else 'bad'} film number {i}, seen on a rainy day", LABELS[i % 2]) for i in range(60)]
Ask = Callable[[Sequence[str]], list[list[float]]]


def noisy(flip_rate: float) -> Ask:
    """No text ever breaks it; each single answer is wrong at this rate."""
    rng = Random(0)

    def ask(texts: Sequence[str]) -> list[list[float]]:
        rows = []
        for text in texts:
            right = int("good" in text)
            wrong = rng.random() < flip_rate
            belief = 0.6 + rng.random() * 0.3
            label = 1 - right if wrong else right
            rows.append([belief, 1 - belief] if label == 0 else [1 - belief, belief])
        return rows

    return ask


def measured(ask: Any, tmp_path: Path, **more: Any) -> dict[str, Any]:
    run = audit(
        ask, ROWS, recipes="natural:word-order", out=tmp_path / "run", victim_options={"labels": LABELS}, encoder="none", **more
    )
    assert run.path == tmp_path / "run"
    loaded: dict[str, Any] = json.loads((tmp_path / "run" / "summary.json").read_text())
    return loaded | {"manifest": json.loads((tmp_path / "run" / "run.json").read_text())}


def test_a_flip_rate_of_two_percent_breaks_nothing(tmp_path: Path) -> None:
    found = measured(noisy(0.023), tmp_path, seed=1)
    whole = found["overall"]
    assert whole["found"] > whole["attack_success_rate"]["successes"] == 0
    assert whole["robust_accuracy"]["rate"] > 0.9
    assert found["manifest"]["repeats"]["how"] == "varies"
    assert "unconfirmed" in {flag["code"] for flag in found["flags"]}


def test_a_deterministic_victim_is_not_asked_again(tmp_path: Path) -> None:
    asked: list[str] = []
    inner = noisy(0)

    def steady(texts: Sequence[str]) -> list[list[float]]:
        asked.extend(texts)
        return [[0.9, 0.1] if row[0] > 0.5 else [0.1, 0.9] for row in inner(texts)]

    found = measured(steady, tmp_path)
    assert found["manifest"]["repeats"] == {"texts": 20, "flips": 0, "moved": 0, "misplaced": 0, "how": "alike", "confirm": 0}
    assert found["manifest"]["usage"]["fresh"]["asked"] == 0


def test_twenty_equal_labels_are_not_proof(tmp_path: Path) -> None:
    inner = noisy(0)
    run = audit(
        lambda texts: [LABELS[row[1] > 0.5] for row in inner(texts)],
        ROWS,
        recipes="natural:word-order",
        out=tmp_path / "run",
        victim_options={"labels": LABELS, "access": "labels"},
        encoder="none",
        confirm=7,
    )
    assert (run.manifest.repeats["how"], run.manifest.repeats["confirm"]) == ("unknown", 7)


def drive(trial: Trial, answers: dict[str, int], fresh: list[int]) -> None:
    """Answer a search's questions; ``fresh`` are the labels of the asks past the cache, in order."""
    attempt = trial.attempt([Candidate("lucky"), Candidate("real")], prefer="first")
    request = next(attempt)
    while True:
        if isinstance(request, Confirm):
            reply: list[Prediction] = [Prediction(fresh.pop(0), (0.5, 0.5)) for _ in range(request.times)]
        else:
            assert isinstance(request, Query)
            reply = [Prediction(answers[i[0]], (0.5, 0.5)) for i in request.inputs]
        try:
            request = attempt.send(reply)
        except StopIteration:
            return


@pytest.mark.parametrize(("fresh", "winner", "lucky"), [([0, 0, 1, 1, 1, 1], "real", 1), ([1, 1, 0], "lucky", 0)])
def test_most_fresh_answers_decide(fresh: list[int], winner: str, lucky: int) -> None:
    trial = Trial(inputs=("clean",), gold=0, judge=against(0), clean=Prediction(0, (1.0, 0.0)), rng=Random(0), confirm=3)
    drive(trial, {"lucky": 1, "real": 1}, list(fresh))
    assert trial.winner is not None
    assert (trial.winner[0].text, trial.tally.unconfirmed, trial.queries) == (winner, lucky, 3)


def test_a_text_read_alike_is_neither_a_try_nor_a_break() -> None:
    trial = Trial(inputs=("clean",), gold=0, judge=against(0), clean=Prediction(0, (1.0, 0.0), b"same"), rng=Random(0))
    attempt = trial.attempt([Candidate("clean "), Candidate("other")])
    next(attempt)
    with pytest.raises(StopIteration):
        attempt.send([Prediction(1, (0.0, 1.0), b"same"), Prediction(0, (0.9, 0.1), b"else")])
    assert (trial.won, trial.tally.distinct, trial.tally.indistinguishable) == (False, 1, 1)
