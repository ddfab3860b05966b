"""What a run says of breaks that may be none: recipes that do not fit the data, added text alone, opposite polarity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attacks.recipes import build
from reports.run import EditRecord, Judged, Outcome
from robustness.cli import main
from robustness.planning.meaning import MeaningChecks

PAIRS = "premise,hypothesis,label\n" + "".join(
    f"A man in coat {n} walks {'slowly' if n % 2 else 'fast'}.,A man does not walk {n}.,{'positive' if n % 2 else 'negative'}\n"
    for n in range(8)
)
VICTIM = """
def ask(pairs):
    return [[0.2, 0.8] if "slowly" in premise else [0.8, 0.2] for premise, hypothesis in pairs]

ask.labels = ["negative", "positive"]
ask.fields = ["premise", "hypothesis"]
"""


@pytest.fixture
def flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("pairs.csv").write_text(PAIRS)
    Path("pair_victim.py").write_text(VICTIM)
    Path("texts.csv").write_text("text,label\na dull film,negative\na great film,positive\n")

    def run(recipes: str, *more: str, pairs: bool = True) -> list[dict[str, Any]]:
        data = ["--data", "pairs.csv", "--text", "premise,hypothesis"] if pairs else ["--data", "texts.csv"]
        victim = "python:pair_victim.py:ask" if pairs else "scripted:keyword"
        code = main(["audit", "--victim", victim, *data, "--recipes", recipes, "--encoder", "none", "--out", "run", "-q", *more])
        assert code in (0, 1, 3)
        found: list[dict[str, Any]] = json.loads(Path("run/run.json").read_text())["flags"]
        return [flag for flag in found if flag["code"] in ("left-out", "unfit")]

    return run


def test_a_suite_on_pairs_says_what_it_left_out(flags: Any) -> None:
    messages = [flag["message"] for flag in flags("standard", "--budget", "60")]
    assert any("checklist: left out" in m and "neutral-insertion" in m and "entailment" in m for m in messages)
    lines = [json.loads(line) for line in Path("run/outcomes.jsonl").read_text().splitlines()]
    techniques = {edit["technique"] for line in lines for edit in line["edits"]}
    assert techniques.isdisjoint({"neutral-insertion", "hedge", "opener"})


def test_whole_recipes_left_out_are_named(flags: Any) -> None:
    (flag,) = flags("natural")
    assert flag["severity"] == "note"
    assert "natural:neutral-insertion" in flag["message"]


def test_a_recipe_named_though_it_does_not_fit_is_a_warning(flags: Any) -> None:
    (flag,) = flags("natural:neutral-insertion")
    assert (flag["code"], flag["severity"]) == ("unfit", "warning")
    assert "does not claim to preserve entailment" in flag["message"]


def test_the_user_may_say_what_the_labels_need(flags: Any) -> None:
    assert flags("natural", "--preserve", "topic") == []


def test_one_text_needs_what_every_recipe_preserves(flags: Any) -> None:
    assert flags("natural,checklist", pairs=False) == []


def test_a_word_outside_the_vocabulary_is_refused_before_anything_is_loaded(
    flags: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["audit", "--victim", "hf:./missing", "--data", "texts.csv", "--preserve", "meaning"]
    assert main(given) == 2
    assert "must be some of wording, entailment, sentiment, topic, got 'meaning'" in capsys.readouterr().err


def outcome(text: str, perturbed: str, *edits: tuple[str, str, str], recipe: str = "pwws", example: str = "1") -> Outcome:
    made = tuple(EditRecord(0, len(b), 0, len(a), b, a, technique) for b, a, technique in edits)
    answer = Judged("negative")
    return Outcome(example, recipe, "succeeded", "positive", "text", {"text": text}, answer, answer, perturbed, made)


def test_examples_broken_by_added_text_alone_are_counted_apart() -> None:
    checks = MeaningChecks([build("checklist"), build("deepwordbug")])
    added = ("", "It was dry. ", "neutral-insertion")
    checks.read(outcome("a film", "It was dry. a film", added, recipe="checklist", example="1"))
    checks.read(outcome("a film", "It was dry. a film", added, recipe="checklist", example="2"))
    checks.read(outcome("a film", "a flim", ("film", "flim", "character-swap"), recipe="deepwordbug", example="2"))
    (flag,) = checks.flags()
    assert (flag.code, flag.value) == ("insertion-only", 0.5)
    assert flag.message.endswith("1 of the 2 broken")


def test_successes_of_opposite_polarity_are_counted_beside_paper() -> None:
    checks = MeaningChecks([build("pwws"), build("deepwordbug")])
    checks.read(outcome("it loses its menace", "it recovers its menace", ("loses", "recovers", "synonym")))
    checks.read(outcome("a fine movie", "a fine film", ("movie", "film", "synonym"), example="2"))
    checks.read(outcome("never again", "nveer again", ("never", "nveer", "character-swap"), recipe="deepwordbug", example="3"))
    (flag,) = checks.flags()
    assert (flag.code, flag.severity, flag.value) == ("polarity", "note", 0.5)
    assert flag.message.startswith("pwws: ")
    assert flag.message.endswith("(1 of 2)")
