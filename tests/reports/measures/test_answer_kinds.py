"""Where accuracy goes: every example in one kind, clean and under attack, and an answer that is none in neither camp."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.measures.answers.answer_kinds import answer_kinds, attacked_kind, clean_kind
from reports.measures.of_run import measure
from reports.render import render_all
from reports.render.numbers import lost_points
from reports.render.terminal import print_run
from reports.run import Judged, Outcome, Run

Make = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]
NONE = {"type": "UnansweredError", "message": "truncated: cut off", "kind": "truncated"}


def unanswered(make: MakeOutcome, name: str, recipe: str = "deepwordbug", kind: str = "truncated") -> Outcome:
    return replace(make(name, recipe, "skipped"), clean=None, error={**NONE, "kind": kind})


def refusing(one: Outcome) -> Outcome:
    return replace(one, best=Judged("I cannot help with that", score=1.0, kind="refused"))


@pytest.fixture
def mixed(make_run: Make, make_outcome: MakeOutcome) -> Run:
    """Forty examples: 10 wrong, 4 truncated and 2 with an error on the clean text; of the 24 right ones 8 hold."""
    held = [make_outcome(f"held{i}", status="failed") for i in range(8)]
    broken = [make_outcome(f"broken{i}", status="succeeded") for i in range(6)]
    refused = [refusing(make_outcome(f"refused{i}", status="succeeded")) for i in range(3)]
    unparsed = [make_outcome(f"talk{i}", status="failed", unusable={"unparsed": 2, "empty": 1}, distinct=7) for i in range(5)]
    untested = [make_outcome(f"untested{i}", status="untested", unusable={}, distinct=0) for i in range(2)]
    wrong = [make_outcome(f"wrong{i}", status="skipped") for i in range(10)]
    cut = [unanswered(make_outcome, f"cut{i}") for i in range(4)]
    crashed = [make_outcome(f"error{i}", status="error") for i in range(2)]
    return make_run([*held, *broken, *refused, *unparsed, *untested, *wrong, *cut, *crashed])


def test_every_example_is_of_one_kind_clean_and_under_attack(mixed: Run) -> None:
    split = answer_kinds(mixed)
    counted = {one.kind: (one.clean.successes, one.attacked.successes, one.moved.successes) for one in split.kinds}
    assert counted == {
        "right": (24, 8, 0),
        "wrong": (10, 16, 6),
        "refused": (0, 3, 3),
        "unparsed": (0, 5, 5),
        "truncated": (4, 4, 0),
        "empty": (0, 0, 0),
        "error": (2, 2, 0),
        "untested": (0, 2, 2),
    }
    assert {one.clean.n for one in split.kinds} == {one.attacked.n for one in split.kinds} == {40}
    assert sum(one.moved.successes for one in split.kinds) == counted["right"][0] - counted["right"][1]
    assert {one.kind: one.texts for one in split.kinds if one.texts} == {"unparsed": 10, "empty": 5}
    assert split.texts == sum(o.distinct + sum(o.unusable.values()) for o in mixed.outcomes)


def test_the_points_that_an_attack_took_are_told_apart_with_intervals(mixed: Run) -> None:
    summary = json.loads((render_all(mixed)[0].parent / "summary.json").read_text())
    said = lost_points(summary["answers"])
    assert said.startswith("Of 35.0 points lost under attack: wrong 15.0 (5.7–29.8), unparsed 12.5 (4.2–26.8), refused 7.5 (")


def test_a_clean_text_without_an_answer_is_wrong_and_neither_robust_nor_broken(make_run: Make, make_outcome: MakeOutcome) -> None:
    good = [make_outcome(f"e{i}", status="failed") for i in range(30)]
    whole = measure(make_run([*good, *(unanswered(make_outcome, f"cut{i}") for i in range(10))])).overall
    assert (whole.clean_accuracy.successes, whole.clean_accuracy.n, whole.unanswered) == (30, 40, 10)
    assert (whole.robust_accuracy.successes, whole.robust_accuracy.n) == (30, 40)
    assert (whole.attack_success_rate.successes, whole.attack_success_rate.n) == (0, 30)
    assert (whole.not_judged, whole.accuracy_drop.successes) == (0, 0)


def test_a_clean_text_without_an_answer_is_no_error_of_the_run(make_run: Make, make_outcome: MakeOutcome) -> None:
    run = make_run([*(make_outcome(f"e{i}", status="failed") for i in range(60)), unanswered(make_outcome, "cut")])
    found = {rule.rule: rule.verdict for rule in evaluate(run, parse_policy({"gate": {"min_robust_accuracy": 0.5}}, "t")).rules}
    assert found["max_error_rate"] == "pass"


def test_an_example_without_an_answer_has_no_quality(make_run: Make, make_outcome: MakeOutcome) -> None:
    judged = Judged("fine", score=0.1, quality=0.9)
    good = [replace(make_outcome(f"e{i}", status="failed"), clean=judged, best=judged) for i in range(30)]
    plain, cut = make_run(good), make_run([*good, *(unanswered(make_outcome, f"cut{i}") for i in range(30))])
    assert [measure(run).quality.attacked.rate for run in (plain, cut)] == pytest.approx([0.9, 0.45])  # type: ignore[union-attr]
    assert measure(make_run([unanswered(make_outcome, "cut")])).quality is None


@pytest.mark.parametrize(
    ("statuses", "unusable", "kind"),
    [
        (("failed", "succeeded"), ({"empty": 9}, {}), "wrong"),
        (("failed", "error"), ({}, {}), "error"),
        (("error", "failed"), ({}, {"refused": 1}), "refused"),
        (("undecided", "failed"), ({}, {}), "undecided"),
        (("undecided", "succeeded"), ({}, {}), "wrong"),
        (("untested", "failed"), ({}, {}), "right"),
        (("untested", "untested"), ({"empty": 1}, {"filtered": 2}), "filtered"),
        (("untested", "untested"), ({}, {}), "untested"),
    ],
)
def test_the_worst_over_recipes_counts(
    make_outcome: MakeOutcome, statuses: tuple[str, ...], unusable: tuple[dict[str, int], ...], kind: str
) -> None:
    group = [
        make_outcome("e", f"r{i}", status, unusable=counts)
        for i, (status, counts) in enumerate(zip(statuses, unusable, strict=True))
    ]
    assert clean_kind(group) == "right"
    assert attacked_kind(group, "right") == kind


def test_the_split_is_shown_only_where_it_says_more_than_the_accuracies(mixed: Run, make_run: Make, make_counted: Any) -> None:
    for run, there in ((mixed, True), (make_run(make_counted(skipped=4, succeeded=9, failed=3)), False)):
        render_all(run)
        console = Console(record=True, width=120)
        print_run(run, evaluate(run), console)
        shown = [console.export_text(), *((run.path / name).read_text() for name in ("report.md", "report.html"))]
        assert ["unparsed" in text for text in shown] == [there] * 3
        assert ["no answer" in text and "count as wrong" in text for text in shown] == [there] * 3


def test_kinds_that_a_file_makes_up_are_escaped(make_run: Make, make_outcome: MakeOutcome) -> None:
    evil = "<script>x</script>|[a](b)"
    run = make_run([make_outcome("e", status="failed", unusable={evil: 1}), unanswered(make_outcome, "f", kind=evil)])
    render_all(run)
    assert "<script>x" not in (run.path / "report.html").read_text()
    assert "<script>x" not in re.sub(r"`[^`]*`", "", (run.path / "report.md").read_text())  # in code spans it is inert


def test_kinds_survive_the_file(make_outcome: MakeOutcome) -> None:
    for one in (refusing(make_outcome("a")), unanswered(make_outcome, "b")):
        again = Outcome.from_json(one.to_json())
        assert (again, again.no_answer) == (one, one.no_answer)
