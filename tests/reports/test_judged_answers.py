"""Written answers: what a check or a judge calls broken is corrected by people's labels; a judge without them decides nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from attacks.search import Input
from reports.review.answers import BROKEN
from reports.review.judged import corrected
from reports.review.sample import KEY, SHEET
from reports.run.store import load_run
from robustness import audit
from robustness.cli import main
from robustness.engine.converse import oracle_for
from robustness.followups.judge import judge_answers
from robustness.victims import PlainVictim, VictimInfo

VICTIM = '''
"""A model that answers in a sentence, and judges of its answers: a good one, one that guesses, one that says nothing."""

import hashlib


def answers(texts):
    sure = [text.rstrip(".")[-1:] in tuple("02468") or ("capital" in text and "France" in text) for text in texts]
    return [f"I think it is {'Paris' if one else 'somewhere else'}." for one in sure]


def _broken(text, answer, expected):
    return "Paris" not in answer


def careful(rows):
    return ["broken" if _broken(row["text"], row["answer"], row["expected"]) else "acceptable" for row in rows]


def guessing(rows):
    return ["broken" if hashlib.md5(row["text"].encode()).digest()[0] % 2 else "acceptable" for row in rows]


answers.robustness_task = "generation"
answers.robustness_identity = "1"
answers.robustness_deterministic = True
for judge in (careful, guessing):
    judge.robustness_access = "labels"
    judge.robustness_deterministic = True
'''
ASKED = ("What is the capital of France?", "Name the capital city of France.", "France has which capital?")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.py").write_text(VICTIM, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    rows = [(f"{asked} Answer number {n}.", "Paris") for n in range(14) for asked in ASKED]
    with Path("asked.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "answer"), *rows])
    audit("python:model:answers", "asked.csv", recipes="natural:keyboard-typo", task="generation", out="runs/it", encoder="none")
    return Path("runs/it")


def sheet(review: Path, says: Callable[[dict[str, str]], str]) -> str:
    """A rater's sheet, filled in by a rule over its row."""
    with (review / SHEET).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (review / "rated.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["item", "label"])
        table.writerows([row["item"], says(row)] for row in rows)
    return str(review / "rated.csv")


def honest(row: dict[str, str]) -> str:
    return "acceptable" if "Paris" in row["text: answer"] else "broken"


def test_a_good_judge_is_corrected_and_decides(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(run), "--sample", "40"]) == 0
    assert "40 answers to perturbed texts" in capsys.readouterr().out
    rated = sheet(Path("runs/it-review"), honest)
    assert "Are these answers acceptable?" in Path("runs/it-review/form.html").read_text("utf-8")
    judge = ["--judge", "python:model:careful"]
    assert main(["review", str(run), "--read", rated, *judge, "--max-broken", "95%", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "passed"
    assert found["judge"]["calibrated"] is True
    assert found["judge"]["low"] <= found["judge"]["raw"]["rate"] <= found["judge"]["high"]
    assert found["check"]["sensitivity"]["rate"] == 1.0
    assert main(["review", str(run), "--read", rated, *judge, "--max-broken", "1%"]) == 1
    assert "FAILED: at most 1 % may be broken; corrected" in capsys.readouterr().out


def test_a_judge_that_guesses_decides_nothing(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(run), "--sample", "40"]) == 0
    rated = sheet(Path("runs/it-review"), honest)
    for most in ("100%", "1%"):
        assert main(["review", str(run), "--read", rated, "--judge", "python:model:guessing", "--max-broken", most]) == 3
    assert "not calibrated" in capsys.readouterr().out


def test_trials_without_an_answer_may_all_be_broken(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    from reports.review.answers import answers_result, draw_answers
    from reports.run.store import load_run

    loaded = load_run(run)
    review = draw_answers(loaded, 40)
    sheet = {item.item: item.gold for item in review.items}
    assert answers_result(loaded, review, [sheet]).verdict(0.95) == "passed"
    spare = [replace(one, example_id=f"{one.example_id}-{n}", status="untested") for one in loaded.outcomes for n in range(9)]
    untested = replace(loaded, outcomes=(*loaded.outcomes, *spare))
    assert answers_result(untested, review, [sheet]).verdict(0.95) == "inconclusive"


def test_without_labels_nothing_is_known(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(run), "--sample", "10"]) == 0
    rated = sheet(Path("runs/it-review"), lambda row: "")
    assert main(["review", str(run), "--read", rated, "--judge", "python:model:careful", "--max-broken", "90%"]) == 3


def test_a_judge_of_other_labels_and_the_victim_itself_are_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(run), "--sample", "10"]) == 0
    rated = sheet(Path("runs/it-review"), honest)
    assert main(["review", str(run), "--read", rated, "--judge", "scripted:keyword"]) == 2
    assert "acceptable" in capsys.readouterr().err
    assert main(["review", str(run), "--read", rated, "--judge", "python:model:answers"]) == 2


class Prompted(PlainVictim):
    """A judge as a prompt file makes one: it brings its instruction, and reads an answer."""

    info = VictimInfo(
        name="prompted",
        kind="test",
        labels=("acceptable", "broken"),
        fields=("instruction", "answer"),
        supplied=(("instruction", "Judge."),),
    )

    def predict(self, inputs: Sequence[Input]) -> Any:
        assert {instruction for instruction, _ in inputs} == {"Judge."}
        return np.array([[1.0, 0.0] if "Paris" in answer else [0.0, 1.0] for _, answer in inputs])


def test_a_judge_brings_its_own_instruction(run: Path) -> None:
    judge = Prompted()
    said = judge_answers(judge, load_run(run), oracle_for(judge))
    assert set(said.values()) == {True, False}


def test_the_key_does_not_tell_a_rater_what_the_check_said(run: Path) -> None:
    main(["review", str(run), "--sample", "20"])
    shown = Path("runs/it-review", SHEET).read_text("utf-8")
    assert "natural" not in shown
    assert {item["gold"] for item in json.loads(Path("runs/it-review", KEY).read_text("ascii"))["items"]} >= {BROKEN}


@pytest.mark.parametrize(("theta", "q1", "q0"), [(0.05, 0.9, 0.85), (0.3, 0.9, 0.85), (0.3, 0.99, 0.6), (0.8, 0.95, 0.95)])
def test_the_interval_covers_with_both_uncertainties(theta: float, q1: float, q0: float) -> None:
    rng, hits, calibrated, naive = Random(1), 0, 0, 0
    for _ in range(300):
        truth = [rng.random() < theta for _ in range(300)]
        judge = [rng.random() < (q1 if broken else 1 - q0) for broken in truth]
        labelled = [(truth[i], judge[i]) for i in rng.sample(range(300), 80)]
        found = corrected(sum(judge), 300, labelled)
        naive += found.raw.low <= theta <= found.raw.high
        if found.calibrated:
            calibrated += 1
            hits += found.low <= theta <= found.high
    assert calibrated > 60
    assert hits >= 0.95 * calibrated
    assert naive < 0.6 * 300 or (q1, q0) == (0.95, 0.95), "what the judge says, uncorrected, misses"


def test_a_raw_share_that_is_all_false_alarms_is_corrected_to_nothing() -> None:
    labelled = [(False, n < 30) for n in range(200)] + [(True, n < 18) for n in range(20)]  # specificity .85, sensitivity .9
    found = corrected(150, 1000, labelled)
    assert found.rate == 0.0
    assert found.low == 0.0
    assert corrected(300, 1000, labelled).rate == pytest.approx(0.2)


def test_how_many_labels_are_needed() -> None:
    few = corrected(90, 300, [(n % 3 == 0, n % 3 == 0 or n % 10 == 1) for n in range(45)])
    assert few.needed is not None
    assert few.needed > 0
    many = corrected(900, 3000, [(n % 3 == 0, n % 3 == 0 or n % 10 == 1) for n in range(1500)])
    assert many.needed == 0
    assert (many.high - many.low) / 2 <= many.width
    assert corrected(3, 10, [(n % 3 == 0, n % 3 == 0) for n in range(45)]).needed is None
