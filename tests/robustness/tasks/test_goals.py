"""What counted as broken goes with a failure: a kept answer is judged as such wherever failures are judged again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reports.measures.transfer import ALL, cells
from reports.review.sample import draw
from reports.run import Outcome
from reports.run.cases import read_cases
from reports.run.store import load_run
from robustness.auditing import audit
from robustness.cli import main
from robustness.engine.converse import oracle_for
from robustness.errors import UsageError
from robustness.followups.judge import judge_review
from robustness.followups.minimise import minimise
from robustness.followups.replay import replay
from robustness.tasks.classification import AnswerWith, Classification, KeepAnswer, Misclassify
from robustness.tasks.task import Space
from robustness.victims import load_victim
from robustness.victims.base import Victim
from robustness.victims.scripted import ScriptedVictim

LABELS = ("negative", "positive")
TEXTS = [
    ("a very padded and dull affair .", "negative"),
    ("boomers and their kids will have a good time .", "positive"),
    ("a warm and funny film .", "positive"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Failures of the demo victim, real weights: some keep their label with one word left, some lose it to a typo."""
    out = tmp_path_factory.mktemp("goals") / "run"
    audit("demo", TEXTS, recipes="input-reduction,deepwordbug", encoder="none", offline=True, out=out)
    return out


@pytest.fixture(scope="module")
def demo() -> Victim:
    return load_victim("demo", offline=True)


@pytest.fixture(scope="module")
def wary(demo: Victim) -> ScriptedVictim:
    """The demo victim, but of a single word it says the opposite."""

    def answer(inputs: Sequence[tuple[str, ...]]) -> list[tuple[float, ...]]:
        said = [tuple(float(p) for p in row) for row in demo.predict(inputs)]
        return [row[::-1] if len(re.findall(r"\w+", i[0])) == 1 else row for i, row in zip(inputs, said, strict=True)]

    return ScriptedVictim("wary", answer)


def of(cases: Sequence[Outcome], recipe: str) -> list[Outcome]:
    found = [case for case in cases if case.recipe == recipe]
    assert found, f"the fixture holds no failure of {recipe}"
    return found


def test_a_failure_names_its_goal_only_where_it_is_its_own(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "failures.jsonl").read_text().splitlines()]
    assert {(line["recipe"], line.get("goal")) for line in lines} == {("input-reduction", "keep-answer"), ("deepwordbug", None)}
    assert {(o.recipe, o.goal) for o in load_run(run).outcomes} == {(c.recipe, c.goal) for c in read_cases(run)}


def test_the_victim_it_was_found_on_is_still_broken(run: Path, demo: Victim) -> None:
    cases = read_cases(run)
    assert {one.state for one in replay(demo, cases).cases} == {"still broken"}
    assert main(["replay", str(run), "--victim", "demo", "-q", "--offline"]) == 1


def test_a_victim_that_no_longer_stays_sure_is_fixed(run: Path, wary: ScriptedVictim) -> None:
    cases = of(read_cases(run), "input-reduction")
    assert {one.state for one in replay(wary, cases).cases} == {"fixed"}
    assert {one.state for one in minimise(wary, cases, oracle_for(wary))} == {"fixed"}
    whole = cells("run", replay(wary, cases), "wary")[0]
    assert (whole.recipe, whole.broken.successes, whole.broken.n) == (ALL, 0, len(cases))


def test_without_the_goal_a_file_means_that_the_label_changes(run: Path, demo: Victim, tmp_path: Path) -> None:
    older = tmp_path / "failures.jsonl"
    lines = [json.loads(line) for line in (run / "failures.jsonl").read_text().splitlines()]
    older.write_text("".join(json.dumps({k: v for k, v in line.items() if k != "goal"}) + "\n" for line in lines))
    cases = read_cases(older)
    assert {case.goal for case in cases} == {"misclassify"}
    assert {one.state for one in replay(demo, of(cases, "input-reduction")).cases} == {"fixed"}
    assert {one.state for one in replay(demo, of(cases, "deepwordbug")).cases} == {"still broken"}


def test_minimising_leaves_a_kept_answer_whole(run: Path, demo: Victim) -> None:
    cases = of(read_cases(run), "input-reduction")
    for case, found in zip(cases, minimise(demo, cases, oracle_for(demo)), strict=True):
        assert (found.state, found.perturbed, found.answer, found.exact) == ("minimal", case.perturbed, case.reference, False)
        assert len(found.edits) == found.was


def test_an_answer_asked_for_is_broken_by_no_other(run: Path, demo: Victim) -> None:
    (case, *_) = of(read_cases(run), "deepwordbug")
    other = next(label for label in LABELS if label != case.reference)
    wanted = [replace(case, goal=f"answer-with:{label}", example_id=label) for label in (other, case.reference)]
    assert [one.state for one in replay(demo, wanted).cases] == ["still broken", "fixed"]
    assert [one.state for one in minimise(demo, wanted, oracle_for(demo))] == ["minimal", "fixed"]


def test_a_goal_that_labels_do_not_decide_is_refused(run: Path, demo: Victim) -> None:
    cases = [replace(case, goal="SurerThanBefore") for case in read_cases(run)]
    with pytest.raises(UsageError, match="SurerThanBefore"):
        replay(demo, cases)
    with pytest.raises(UsageError, match="SurerThanBefore"):
        minimise(demo, cases, oracle_for(demo))


def test_label_preservation_is_asked_only_where_the_text_should_keep_it(run: Path) -> None:
    loaded = load_run(run)
    drawn = draw(loaded, 50)
    assert {recipe for recipe, _ in drawn.population} == {item.recipe for item in drawn.items} == {"deepwordbug"}
    judge = load_victim("scripted:keyword")
    sheet = {item.item: item.gold for item in drawn.items}
    score = judge_review(judge, loaded, drawn, [sheet], oracle_for(judge), floor=0.5, confidence=0.95)
    assert score.apparent.n == len(of(read_cases(run), "deepwordbug"))


def test_goals_by_name() -> None:
    space = Space(LABELS)
    found = [Classification().goal(name, space) for name in ("", "misclassify", "keep-answer", "answer-with:positive")]
    assert found == [Misclassify(), Misclassify(), KeepAnswer(), AnswerWith(1, "positive")]
    assert [Classification().goal(goal.name, space) for goal in found] == found
    for wrong, said in (
        ("answer-with", "has no goal 'answer-with'"),
        ("answer-with:warm", "negative, positive"),
        ("win", "answer-with:LABEL"),
    ):
        with pytest.raises(UsageError, match=said):
            Classification().goal(wrong, space)
