"""``robustness augment``: rows whose label still holds, in the data's own columns, that no later audit mistakes for new."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import robustness
from reports.run import Outcome, Run
from reports.run.store import load_run
from robustness.cli import main
from robustness.errors import UsageError
from robustness.followups.augment import Choice, augment

WORDS = (("great", "5"), ("dull", "1"))
ROWS = [(f"a {word} film about the number {n}", stars, f"genre {n % 3}") for n in range(16) for word, stars in WORDS]
READ = ["--text", "review", "--label", "stars", "--label-map", "1=negative,5=positive"]
AUDIT = ["audit", "--victim", "scripted:keyword", "--encoder", "none", "-q"]
BREAKING, HOLDING = ["--recipes", "deepwordbug"], ["--recipes", "checklist"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("my data.csv", ["review", "stars", "genre"], ROWS)


def write(name: str, head: list[str], rows: Sequence[tuple[str, ...]]) -> None:
    with Path(name).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])


def read(name: str) -> list[dict[str, str]]:
    with Path(name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_what_is_trained_on_and_what_is_audited_later_never_mix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*AUDIT, *BREAKING, "--data", "my data.csv", *READ, "--out", "run"]) == 0
    assert main(["augment", "run", "--out", "hard.csv", "--split", "0.5", "--clean"]) == 0
    assert "robustness audit --data hard-heldout.csv --trained-on hard.csv" in capsys.readouterr().out
    hard, kept = read("hard.csv"), read("hard-heldout.csv")
    assert (list(hard[0]), list(kept[0])) == (["review", "stars", "source_id", "recipe"], ["id", "review", "stars", "genre"])
    assert {row["stars"] for row in hard} < {row["stars"] for row in kept} == {"1", "5"}  # as the data spell them
    assert not {row["source_id"] for row in hard} & {row["id"] for row in kept}
    assert len(kept) == 16
    clean = {row["source_id"]: row for row in hard if row["recipe"] == "clean"}
    stars = {text: label for text, label, _ in ROWS}
    assert len(clean) * 2 == len(hard) > 0
    assert all(stars[clean[row["source_id"]]["review"]] == row["stars"] for row in hard)

    gate = ["--min-robust-accuracy", "1%", "--min-examples", "4", "--json"]
    for data, trained, expected in (
        ("hard-heldout.csv", "hard.csv", []),
        ("my data.csv", "hard.csv.sources.json", [len(clean) / 32]),
        ("my data.csv", "hard-heldout.csv", [0.5]),  # any file of examples
    ):
        code = main([*AUDIT, *HOLDING, "--data", data, *READ, "--trained-on", trained, *gate, "--out", data + trained])
        capsys.readouterr()
        flags = [flag for flag in load_run(data + trained).manifest.flags if flag["code"] == "trained-on"]
        assert [flag["value"] for flag in flags] == expected
        assert code == (3 if expected else 0)  # no gate passes on what was trained on
    assert main([*AUDIT, *BREAKING, "--data", "my data.csv", *READ, "--trained-on", "run/run.json"]) == 2


@pytest.fixture
def run() -> Run:
    return robustness.audit(
        "scripted:keyword", "my data.csv", recipes="deepwordbug", encoder="none", text="review", label="stars", out="made",
        label_map={"1": "negative", "5": "positive"},
    )  # fmt: skip


def with_outcomes(run: Run, *changes: Mapping[str, Any], task: str = "", **manifest: Any) -> Run:
    """The run with its first failures changed, and its manifest."""
    first = [one for one in run.outcomes if one.status == "succeeded"][: len(changes)]
    outcomes: list[Outcome] = [replace(one, **change) for one, change in zip(first, changes, strict=True)]
    old = {key: value for key, value in run.manifest.recipes[0].items() if key != "preserves"}  # as older versions wrote it
    names = [{**old, "name": name} for name in dict.fromkeys(one.recipe for one in outcomes)]
    made = replace(run.manifest, recipes=tuple(names), task=task or run.manifest.task, **manifest)
    return Run(run.path, made, tuple(outcomes))


def test_only_failures_whose_label_their_recipe_claims_to_preserve_are_taken(run: Run) -> None:
    text = "a great film about the number 7"
    one = {"texts": {"text": text}, "reference": "positive"}
    changed = with_outcomes(
        run,
        {**one, "perturbed": "a graet film about the number 7"},
        {**one, "recipe": "input-reduction", "perturbed": "film"},
        {**one, "recipe": "of-another-package", "perturbed": "a fine film"},
        {**one, "recipe": "textfooler", "perturbed": "a terrible film about the number 7"},
    )
    found = augment(changed, Choice())
    assert [(row.recipe, row.texts, row.reference) for row in found.rows] == [
        ("deepwordbug", ("a graet film about the number 7",), "5")
    ]
    reasons = " | ".join(found.left_out)
    assert "input-reduction: it" in reasons
    assert "of-another-package: what it preserves is not known" in reasons
    assert "opposite polarity" in reasons
    with pytest.raises(UsageError, match="no failure can be trained on: 1 left out: input-reduction"):
        augment(changed, Choice(recipes=("input-reduction",)))


def test_the_same_text_comes_once_and_no_more_of_an_example_than_asked_for(run: Run) -> None:
    one = {"example_id": "x", "texts": {"text": "a dull film"}, "reference": "negative"}
    changed = with_outcomes(
        run,
        {**one, "perturbed": "a dlul fiml", "words_changed": 2},
        {**one, "recipe": "textbugger", "perturbed": "a dlul film", "words_changed": 1},
        {**one, "recipe": "pruthi", "perturbed": "a dlul film", "words_changed": 1},
        {**one, "recipe": "viper", "perturbed": "a dull film", "words_changed": 1},
    )
    assert [row.texts[0] for row in augment(changed, Choice()).rows] == ["a dlul film", "a dlul fiml"]
    few = augment(changed, Choice(per_example=1, clean=True))
    assert [(row.recipe, row.texts[0]) for row in few.rows] == [("clean", "a dull film"), ("textbugger", "a dlul film")]
    assert few.left_out["more than 1 of an example"] == 1


def test_entities_move_with_the_edits_and_answers_must_still_stand_in_the_text(run: Run) -> None:
    victim = {**run.manifest.victim, "labels": ["PER"], "fields": ["text"]}
    ner = {"texts": {"text": "so Anna met Bert"}, "reference": "", "gold": [[3, 7, "PER"], [12, 16, "PER"]]}
    changed = with_outcomes(
        run, {**ner, "perturbed": "sooo Anna met Bert"}, {**ner, "perturbed": "so Anna met"}, task="ner", victim=victim
    )
    found = augment(changed, Choice(clean=True))
    assert [(row.texts[0], row.reference) for row in found.rows] == [
        ("so Anna met Bert", [[3, 7, "PER"], [12, 16, "PER"]]),
        ("sooo Anna met Bert", [[5, 9, "PER"], [14, 18, "PER"]]),
    ]
    assert found.left_out == {"an entity is gone from the text": 1}

    fields = {"victim": {**victim, "labels": [], "fields": ["question", "context"]}}
    data = {**run.manifest.data, "columns": {"text": ["q", "c"], "label": "answers"}}
    qa = {"texts": {"question": "Where?", "context": "She lives in Oslo"}, "field": "context", "gold": ["Oslo"]}
    changed = with_outcomes(
        run, {**qa, "perturbed": "She lvies in Oslo"}, {**qa, "perturbed": "She lives in Osol"}, task="qa", data=data, **fields
    )
    found = augment(changed, Choice())
    assert (found.columns, [row.texts for row in found.rows]) == (("q", "c"), [("Where?", "She lvies in Oslo")])
    assert found.left_out == {"what is right does not fit the text any more": 1}

    for task in ("generation", "injection", "extraction", "panel"):
        with pytest.raises(UsageError, match="no answer to learn"):
            augment(with_outcomes(run, {}, task=task), Choice())


def test_pairs_need_entailment_and_groups_stay_on_one_side(run: Run) -> None:
    victim = {**run.manifest.victim, "fields": ["premise", "hypothesis"]}
    pair = {"texts": {"premise": "It rains.", "hypothesis": "It is wet."}, "field": "hypothesis", "reference": "positive"}
    changed = with_outcomes(
        run, {**pair, "perturbed": "It is wte."}, {**pair, "recipe": "checklist", "perturbed": "It is wet. Bob."}, victim=victim
    )
    found = augment(changed, Choice())
    assert [row.texts for row in found.rows] == [("It rains.", "It is wte.")]
    assert found.columns == ("premise", "hypothesis")  # the run's data say columns of one text, which cannot be meant
    assert "does not claim to preserve entailment" in next(iter(found.left_out))

    grouped = replace(run.manifest, data={**run.manifest.data, "group": "genre"})
    found = augment(Run(run.path, grouped, run.outcomes), Choice(split=0.6))
    sides = ({outcome.meta["genre"] for outcome in run.outcomes if outcome.example_id in ids} for ids in (
        {name for name, _ in found.sources}, {row.example_id for row in found.held_out}))  # fmt: skip
    one, other = sides
    assert one
    assert other
    assert not one & other


def test_it_refuses_what_would_spoil_an_audit_or_a_file(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["augment", "made", "--out", "hard.jsonl"]
    assert main([*words, "--json"]) == 0
    told = capsys.readouterr()
    assert "proves nothing of a model that learnt from it" in told.err
    assert json.loads(told.out)["hard"] == len(Path("hard.jsonl").read_text().splitlines())
    assert main(words) == 2
    assert "exists already" in capsys.readouterr().err
    for extra, said in (
        (["--out", "hard.txt"], ".csv, .tsv, .jsonl"),
        (["--out", "a.csv", "--held-out", "b.csv"], "add --split"),
        (["--out", "a.csv", "--split", "0.5", "--held-out", "a.csv"], "the same file"),
        (["--out", "a.csv", "--split", "1"], "between 0 and 1"),
        (["--out", "a.csv", "--recipes", "pwws"], "it has: deepwordbug"),
    ):
        assert main(["augment", "made", *extra]) == 2
        assert said in capsys.readouterr().err
    Path("my data.csv").rename("my test.csv")
    assert main([*AUDIT, *BREAKING, "--data", "my test.csv", *READ, "--limit", "6", "--out", "tested"]) == 0
    assert main(["augment", "tested", "--out", "t.tsv"]) == 2
    assert "--allow-test-rows" in capsys.readouterr().err
    assert not Path("t.tsv").exists()
    assert main(["augment", "tested", "--out", "t.tsv", "--allow-test-rows"]) == 0
    assert Path("t.tsv").read_text().startswith("review\tstars\tsource_id\trecipe\n")
    assert main([*AUDIT, *HOLDING, "--data", "my test.csv", *READ, "--limit", "6", "--out", "held"]) == 0
    assert main(["augment", "held", "--out", "none.csv", "--split", "0.5"]) == 2
    assert "there is none" in capsys.readouterr().err
