"""A lucky answer of a victim that varies is no break: successes are asked again, and only confirmed ones count."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from attacks.search import Candidate, Confirm, Prediction, Query, Trial, Unusable
from reports.run import Outcome
from reports.run.store import RunWriter
from robustness.auditing import audit
from robustness.engine.backends import VictimBackend
from robustness.engine.repeats import measure_repeats
from robustness.planning.preflight import check_victim
from robustness.tasks.classification import against
from robustness.victims.scripted import ScriptedVictim

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


def test_a_clean_answer_that_was_lucky_makes_no_broken_example(tmp_path: Path) -> None:
    """Each answer is wrong at 40 %: what was right by luck is found broken, and shown to be neither that nor robust."""
    found = measured(noisy(0.4), tmp_path)
    whole = found["overall"]
    assert whole["found"] > 15
    assert whole["attack_success_rate"]["successes"] <= 1, "at most one in twenty"
    assert whole["not_judged"] > 0
    assert whole["robust_accuracy"]["unknown"] == whole["not_judged"], "its interval allows for either"


def test_a_deterministic_victim_is_not_asked_again(tmp_path: Path) -> None:
    asked: list[str] = []
    inner = noisy(0)

    def steady(texts: Sequence[str]) -> list[list[float]]:
        asked.extend(texts)
        return [[0.9, 0.1] if row[0] > 0.5 else [0.1, 0.9] for row in inner(texts)]

    found = measured(steady, tmp_path)
    repeats = found["manifest"]["repeats"]
    assert repeats.pop("flip_interval") == pytest.approx([0.0, 0.168433], abs=1e-6)
    assert repeats == {"texts": 20, "flips": 0, "moved": 0, "misplaced": 0, "how": "alike", "confirm": 0}
    assert "noise" not in found["manifest"]["comparability"]
    assert found["manifest"]["usage"]["fresh"]["asked"] == 0


def test_a_victim_that_says_it_never_varies_and_does_is_treated_as_varying() -> None:
    rng = Random(3)
    lying = ScriptedVictim("lying", lambda inputs: [(p, 1 - p) for _ in inputs for p in [rng.random()]], deterministic=True)
    repeats, flags = check_victim(VictimBackend(lying), [(f"text {i}",) for i in range(40)])
    assert (repeats.texts, repeats.how, repeats.confirm(5)) == (20, "varies", 5)
    assert repeats.flips > 3
    assert "nondeterministic" in {flag.code for flag in flags}


def test_an_answer_that_is_none_the_second_time_is_a_flip() -> None:
    calls = [0]

    def now_and_then(inputs: Sequence[Any]) -> list[Any]:
        calls[0] += 1
        return [Unusable("empty", "nothing came") if calls[0] % 3 == 0 else (0.1, 0.9) for _ in inputs]

    repeats = measure_repeats(VictimBackend(ScriptedVictim("gappy", now_and_then, deterministic=False)), [("a",), ("b",)])
    assert (repeats.texts, repeats.flips, repeats.how) == (2, 1, "varies")


NOW = {"rate": 0.02}


def wavering(texts: Sequence[str]) -> list[list[float]]:
    """Varies while ``NOW`` says so; one and the same victim all the time."""
    rows = noisy(NOW["rate"])(texts)
    return rows if NOW["rate"] else [[0.9, 0.1] if row[0] > 0.5 else [0.1, 0.9] for row in rows]


def test_a_resumed_run_goes_on_confirming_though_the_victim_answered_alike_this_time(tmp_path: Path) -> None:
    kept: dict[str, Any] = {"recipes": "natural:word-order", "out": tmp_path / "run", "encoder": "none"}
    kept |= {"victim_options": {"labels": LABELS}}
    NOW["rate"] = 0.02
    first = audit(wavering, ROWS, **kept)
    assert first.manifest.comparability["noise"]["confirm"] == 5
    lines = [json.loads(line) for line in (tmp_path / "run" / "outcomes.jsonl").read_text().splitlines()]
    lines[0] |= {"status": "error", "error": {"type": "VictimError", "message": "down"}}
    (tmp_path / "run").rename(tmp_path / "old")
    with RunWriter.create(tmp_path / "run", replace(first.manifest, finished=False, outcomes={}, usage={})) as writer:
        writer.append_many(Outcome.from_json(json.dumps(line)) for line in lines)
    NOW["rate"] = 0.0
    again = audit(wavering, ROWS, resume=True, **kept)
    assert again.manifest.comparability_id == first.manifest.comparability_id
    assert again.manifest.repeats["confirm"] == 5


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


def drive(trial: Trial, answers: dict[str, int], fresh: list[int], control: int = 0) -> None:
    """Answer a search's questions; ``fresh``: labels of the fresh asks of perturbed texts; ``control``: of the original."""
    attempt = trial.attempt([Candidate("lucky"), Candidate("real")], prefer="first")
    request = next(attempt)
    while True:
        if isinstance(request, Confirm):
            original = request.input == ("clean",)
            labels = [control if original else fresh.pop(0) for _ in range(request.times)]
            reply: list[Prediction] = [Prediction(label, (0.5, 0.5)) for label in labels]
        else:
            assert isinstance(request, Query)
            reply = [Prediction(answers[i[0]], (0.5, 0.5)) for i in request.inputs]
        try:
            request = attempt.send(reply)
        except StopIteration:
            return


def trial_of(confirm: int) -> Trial:
    return Trial(inputs=("clean",), gold=0, judge=against(0), clean=Prediction(0, (1.0, 0.0)), rng=Random(0), confirm=confirm)


@pytest.mark.parametrize(("fresh", "winner", "lucky"), [([0, 0, 0, 1, 1, 1, 1, 1], "real", 1), ([1, 1, 1, 1, 0], "lucky", 0)])
def test_most_fresh_answers_decide(fresh: list[int], winner: str, lucky: int) -> None:
    trial = trial_of(5)
    drive(trial, {"lucky": 1, "real": 1}, list(fresh))
    assert trial.winner is not None
    assert (trial.winner[0].text, trial.tally.unconfirmed, trial.queries) == (winner, lucky, 3)
    assert (trial.tally.fresh_asked, trial.tally.control_asked, trial.tally.control_reached) == (5, 10, 0)


def test_a_text_that_fails_as_often_as_its_original_is_neither_broken_nor_robust() -> None:
    trial = trial_of(5)
    drive(trial, {"lucky": 1, "real": 1}, [1] * 10, control=1)
    assert (trial.won, trial.tally.undecided, trial.tally.unconfirmed) == (False, 2, 0)
    assert trial.best.text == "clean", "no search climbs on it"


def test_a_text_read_alike_is_neither_a_try_nor_a_break() -> None:
    trial = Trial(inputs=("clean",), gold=0, judge=against(0), clean=Prediction(0, (1.0, 0.0), b"same"), rng=Random(0))
    attempt = trial.attempt([Candidate("clean "), Candidate("other")])
    next(attempt)
    with pytest.raises(StopIteration):
        attempt.send([Prediction(1, (0.0, 1.0), b"same"), Prediction(0, (0.9, 0.1), b"else")])
    assert (trial.won, trial.tally.distinct, trial.tally.indistinguishable) == (False, 1, 1)
