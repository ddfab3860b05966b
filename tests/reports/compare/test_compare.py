"""Comparing two runs: the tables by hand, the verdicts, and that nothing which cannot be judged passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.compare.changes import Change, measures
from reports.compare.changes import judged as pair_up
from reports.compare.comparable import unlike
from reports.compare.compare import Comparison, compare
from reports.compare.verdicts import EXIT_CODES
from reports.gate.policy import CompareRules
from reports.measures.paired import Pairs, mcnemar, tango
from reports.run import Manifest, Outcome, Run, RunError
from reports.run.store import load_run

MakeRun = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]
Statuses = str
"""One letter an example: h held (failed), e exhausted, b broken, s skipped, x error."""
LETTERS = {"h": "failed", "e": "exhausted", "b": "succeeded", "s": "skipped", "x": "error"}


@pytest.fixture
def run_of(make_run: MakeRun, make_outcome: MakeOutcome) -> Callable[..., Run]:
    """``run_of(deepwordbug="hhbs", pwws="hbbs")``: a run from one letter per example and recipe; a dot is no outcome."""

    def make(changes: dict[str, Any] | None = None, **recipes: Statuses) -> Run:
        outcomes = [
            make_outcome(f"e{i:04d}", recipe, LETTERS[letter], meta={"source": "imdb" if i % 2 else "rotten"})
            for recipe, letters in recipes.items()
            for i, letter in enumerate(letters)
            if letter != "."
        ]
        return make_run(outcomes, recipes=tuple(recipes), **(changes or {}))

    return make


def change(found: Comparison, title: str) -> Change:
    (one,) = (c for c in (*found.measures, *found.slices) if c.title == title)
    return one


def test_pairs_by_hand(run_of: Callable[..., Run]) -> None:
    base = run_of(deepwordbug="hhhe" + "bbss", pwws="hhbh" + "hhss")
    candidate = run_of(deepwordbug="hbhh" + "hbhs", pwws="hhhh" + "hhhs")
    found = compare(base, candidate)
    # robust in the base: e0 e1 e3; in the candidate: e0 e2 e3 e4 e6
    assert change(found, "robust accuracy").pairs == Pairs(both=2, broken=1, fixed=3, neither=2)
    assert change(found, "clean accuracy").pairs == Pairs(both=6, broken=0, fixed=1, neither=1)
    assert change(found, "recipe deepwordbug").pairs == Pairs(both=3, broken=1, fixed=2, neither=2)
    assert change(found, "recipe pwws").pairs == Pairs(both=5, broken=0, fixed=2, neither=1)
    assert change(found, "slice source=rotten").pairs == Pairs(both=1, broken=0, fixed=3, neither=0)
    assert [c.example_id for c in found.newly_broken] == ["e0001"]
    assert [(c.example_id, c.how, c.recipes) for c in found.newly_fixed] == [
        ("e0002", "broken", ("pwws",)),
        ("e0004", "broken", ("deepwordbug",)),
        ("e0006", "wrong", ()),
    ]
    assert found.newly_broken[0].to_dict()["perturbed"] == "a g0od film"
    assert found.newly_fixed[2].to_dict()["perturbed"] is None


def test_statistics_stand_beside_the_table(run_of: Callable[..., Run]) -> None:
    found = compare(run_of(deepwordbug="h" * 30 + "b" * 70), run_of(deepwordbug="h" * 18 + "b" * 12 + "h" * 3 + "b" * 67))
    robust = change(found, "robust accuracy")
    assert robust.pairs == Pairs(18, 12, 3, 67)
    assert (robust.change, robust.low, robust.high) == (-0.09, *tango(12, 3, 100))
    assert robust.p == mcnemar(12, 3)
    assert robust.p_holm == 2 * mcnemar(12, 3)  # asked beside the clean accuracy, which did not move
    assert robust.visible is not None
    assert [c.title for c in found.measures] == ["robust accuracy", "clean accuracy"]


def test_a_cascade_is_compared_stage_by_stage(run_of: Callable[..., Run]) -> None:
    cascade = {"cascade": True}
    base = run_of(cascade, deepwordbug="hhbs", pwws="hb..", textfooler="h...")
    candidate = run_of(cascade, deepwordbug="bhhs", pwws=".hh.", textfooler=".hb.")
    found = compare(base, candidate)
    titles = ["robust accuracy", "clean accuracy", "after deepwordbug", "after pwws"]
    assert [c.title for c in found.measures] == titles
    assert change(found, "after deepwordbug").pairs == Pairs(both=1, broken=1, fixed=1, neither=1)
    assert change(found, "after pwws").pairs == Pairs(both=0, broken=1, fixed=2, neither=1)
    assert change(found, "robust accuracy").pairs == Pairs(both=0, broken=1, fixed=1, neither=2)


@pytest.mark.parametrize(
    ("base", "candidate", "margin", "verdict"),
    [
        ("h" * 200 + "b" * 200, "h" * 200 + "b" * 200, 0.02, "no evidence"),
        ("h" * 50 + "b" * 50, "h" * 50 + "b" * 50, 0.02, "inconclusive"),  # 100 equal pairs leave 3.7 points possible
        ("h" * 50 + "b" * 50, "h" * 50 + "b" * 50, 0.04, "no evidence"),
        ("h" * 200 + "b" * 200, "h" * 160 + "b" * 240, 0.02, "regressed"),
        ("h" * 200 + "b" * 200, "h" * 240 + "b" * 160, 0.02, "improved"),
        ("h" * 200 + "b" * 200, "h" * 193 + "b" * 207, 0.05, "no evidence"),  # worse beyond chance, yet inside the margin
        ("h" * 200 + "b" * 200, "h" * 193 + "b" * 207, 0.0, "regressed"),
        ("h" * 200 + "b" * 200, "h" * 193 + "b" * 207, 0.02, "inconclusive"),  # worse, though whether by more is open
        ("h" * 200 + "b" * 200, "h" * 200 + "b" * 180 + "s" * 20, 0.02, "regressed"),  # clean accuracy alone
    ],
)
def test_verdicts(base: str, candidate: str, margin: float, verdict: str, run_of: Callable[..., Run]) -> None:
    found = compare(run_of(deepwordbug=base), run_of(deepwordbug=candidate), CompareRules(max_regression=margin))
    assert found.verdict == verdict
    assert found.exit_code == EXIT_CODES[verdict]
    assert found.reasons


def test_one_recipe_can_regress_alone(run_of: Callable[..., Run]) -> None:
    weak = "b" * 380 + "h" * 20
    found = compare(
        run_of(strong=weak, mild="h" * 400), run_of(strong=weak, mild="b" * 40 + "h" * 360), CompareRules(max_regression=0.02)
    )
    assert change(found, "robust accuracy").change == 0
    assert found.verdict == "regressed"
    assert found.reasons[0].startswith("recipe mild is worse: −10.0 (")


def test_slices_that_cancel_out_are_noted_and_decide_if_asked(run_of: Callable[..., Run]) -> None:
    """Every second example belongs to one source: one gains what the other loses."""
    found = compare(base := run_of(one="hb" * 200), candidate := run_of(one="bh" * 40 + "hb" * 160))
    assert change(found, "robust accuracy").pairs == Pairs(160, 40, 40, 160)
    assert found.verdict == "inconclusive"
    assert found.notes[0].startswith("significantly worse, though slices do not decide unless asked to: source=rotten −20.0 (")
    asked = compare(base, candidate, CompareRules(slices_decide=True))
    assert asked.verdict == "regressed"
    assert asked.reasons[0].startswith("slice source=rotten is worse: −20.0 (")
    assert not any("slices do not decide" in note for note in asked.notes)
    alone, together = change(found, "slice source=rotten"), change(asked, "slice source=rotten")
    assert (alone.p_holm, together.p_holm) == (3 * alone.p, 5 * alone.p)  # one label and two sources; two measures more


def test_holm_keeps_many_recipes_from_crying_wolf(run_of: Callable[..., Run]) -> None:
    # six broken and none fixed: p = 0.031 alone; asked beside six other questions it is no evidence
    still, moved = "b" * 6 + "h" * 394, "h" * 400
    names = [f"r{i}" for i in range(6)]
    base = run_of(**dict.fromkeys(names, moved), hard="b" * 400)
    candidate = run_of(**{n: still if n == "r3" else moved for n in names}, hard="b" * 400)
    found = compare(base, candidate, CompareRules(max_regression=0.01))
    assert change(found, "recipe r3").p == 0.03125
    assert change(found, "recipe r3").p_holm == 0.03125 * 9
    assert found.verdict == "no evidence"


def test_errors_in_either_run_leave_the_pair_out(run_of: Callable[..., Run]) -> None:
    base = run_of(deepwordbug="x" + "h" * 99 + "b" * 200, pwws="b" + "h" * 299)
    candidate = run_of(deepwordbug="h" * 100 + "b" * 200, pwws="hx" + "h" * 298)
    found = compare(base, candidate)
    assert (found.pairs, found.excluded) == (298, 2)
    assert change(found, "robust accuracy").pairs == Pairs(both=98, broken=0, fixed=0, neither=200)
    assert found.verdict == "no evidence"
    assert compare(base, candidate, CompareRules(max_error_rate=0.001)).verdict == "inconclusive"


def test_many_errors_are_never_robustness(run_of: Callable[..., Run]) -> None:
    """A candidate that errs wherever it would break looks flawless on what is left."""
    found = compare(run_of(deepwordbug="h" * 500), run_of(deepwordbug="h" * 400 + "x" * 100))
    assert found.verdict == "inconclusive"
    assert "100 of 500 examples have an error" in found.reasons[0]
    assert compare(run_of(deepwordbug="x" * 9), run_of(deepwordbug="x" * 9)).verdict == "inconclusive"


HELD = "h" * 400


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"comparability": {"data": "d2"}}, "data: d1 in the base, d2 in the candidate"),
        ({"comparability": {"data": "d1", "recipes": ["deepwordbug"], "budget": 50}}, "budget: 500 in the base, 50 in"),
        ({"comparability": {}}, "the record of what must match: kept in the base, missing in the candidate"),
        ({"sequential": {"drawn": 400, "looks": 9}}, "all 400 examples in the base, 400 of 400 examples in the candidate"),
    ],
)
def test_other_questions_are_not_compared(changes: dict[str, Any], said: str, run_of: Callable[..., Run]) -> None:
    """Different data under the same name, another budget, no record, a run that chose its own size."""
    found = compare(run_of(deepwordbug=HELD), run_of(changes, deepwordbug=HELD))
    assert (found.verdict, found.exit_code, found.measures) == ("not comparable", 3, ())
    assert any(said in reason for reason in found.reasons), found.reasons


def test_what_differs_is_named_inside_recipes(run_of: Callable[..., Run]) -> None:
    def with_recipes(*recipes: dict[str, Any]) -> Run:
        return run_of({"comparability": {"data": "d1", "recipes": list(recipes)}}, deepwordbug=HELD)

    bug, pwws = {"name": "bug", "parameters": {"max": "0.3"}}, {"name": "pwws", "parameters": {}}
    looser = {"name": "bug", "parameters": {"max": "0.5"}}
    found = compare(with_recipes(bug, pwws), with_recipes(looser))
    assert found.reasons == (
        "recipes.bug.parameters.max: 0.3 in the base, 0.5 in the candidate",
        "recipes.pwws: there in the base, (absent) in the candidate",
    )
    turned = compare(with_recipes(bug, pwws), with_recipes(pwws, bug))
    assert turned.reasons == ('recipes, their order: ["bug", "pwws"] in the base, ["pwws", "bug"] in the candidate',)


def test_an_edited_record_is_not_compared(run_of: Callable[..., Run]) -> None:
    base, candidate = run_of(deepwordbug=HELD), run_of({"comparability": {"data": "d2"}}, deepwordbug=HELD)
    file = candidate.path / "run.json"
    raw = json.loads(file.read_text())
    raw["comparability"] = dict(base.manifest.comparability)
    file.write_text(json.dumps(raw))
    found = compare(base, load_run(candidate.path))
    assert found.verdict == "not comparable"
    assert "edited after the run" in found.reasons[0]


def test_the_same_ids_must_hold_the_same_texts(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    base = make_run([make_outcome(f"e{i}", status="failed") for i in range(300)])
    other = make_run([make_outcome(f"e{i}", status="failed", texts={"text": f"film {i}"}) for i in range(300)])
    fewer = make_run([make_outcome(f"e{i}", status="failed") for i in range(299)])
    assert "text or label of 300 examples, such as e0" in compare(base, other).reasons[0]
    assert "1, such as e299 in the base, none in the candidate" in compare(base, fewer).reasons[0]


@pytest.mark.parametrize("broken_side", ["base", "candidate"])
@pytest.mark.parametrize(
    ("letters", "changes", "said"),
    [
        (HELD, {"finished": False}, "the run is not finished"),
        ("h" * 300, {"examples": 400, "finished": False}, "100 trials have no outcome"),
        ("", {"examples": 400, "finished": False}, "the run has no outcomes"),
        ("s" * 400, {}, "nothing was attacked"),
    ],
)
def test_unsound_runs_never_pass(
    broken_side: str, letters: str, changes: dict[str, Any], said: str, run_of: Callable[..., Run]
) -> None:
    sound, unsound = run_of(deepwordbug=HELD), run_of(changes, deepwordbug=letters)
    found = compare(unsound, sound) if broken_side == "base" else compare(sound, unsound)
    assert found.verdict == "inconclusive"
    assert any(f"the {broken_side} run:" in reason and said in reason for reason in found.reasons)


def test_attacks_that_tried_nothing_never_pass(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    tried = make_run([make_outcome(f"e{i}", status="failed") for i in range(300)])
    idle = make_run([make_outcome(f"e{i}", status="failed", attempted=0, no_ops=0) for i in range(300)])
    found = compare(tried, idle)
    assert found.verdict == "inconclusive"
    assert "no candidate was found" in found.reasons[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: (p / "outcomes.jsonl").write_text((p / "outcomes.jsonl").read_text().replace('"failed"', '"succeeded"', 1)),
        lambda p: (p / "outcomes.jsonl").write_bytes((p / "outcomes.jsonl").read_bytes()[:-40]),
        lambda p: (p / "outcomes.jsonl").unlink(),
        lambda p: (p / "run.json").write_text((p / "run.json").read_text().replace('"schema": 2', '"schema": 0')),
        lambda p: (p / "run.json").unlink(),
    ],
    ids=["edited", "truncated", "no outcomes", "older schema", "no manifest"],
)
def test_damaged_runs_are_refused(damage: Callable[[Path], Any], run_of: Callable[..., Run]) -> None:
    run = run_of(deepwordbug=HELD)
    damage(run.path)
    with pytest.raises(RunError):
        load_run(run.path)


letters = st.text("hebs", min_size=12, max_size=12)


@given(letters, letters, letters, letters)
@settings(max_examples=30, deadline=None)
def test_turning_the_runs_round_turns_every_change(a1: str, a2: str, b1: str, b2: str) -> None:
    base, candidate = _in_memory(one=a1, two=a2), _in_memory(one=b1, two=b2)
    there = measures(pair_up(base, candidate), 0.02)
    back = measures(pair_up(candidate, base), 0.02)
    for x, y in zip(there, back, strict=True):
        assert (x.pairs.broken, x.pairs.fixed) == (y.pairs.fixed, y.pairs.broken)
        assert x.change is not None
        assert y.change is not None
        assert (x.change, x.low, x.high) == pytest.approx((-y.change, -y.high, -y.low), abs=1e-9)
        assert (x.p, x.p_holm, x.visible) == pytest.approx((y.p, y.p_holm, y.visible))


@given(letters)
@settings(max_examples=20, deadline=None)
def test_a_run_against_itself_has_not_changed(statuses: str) -> None:
    run = _in_memory(one=statuses)
    assert all(c.change == 0 and c.p == 1 for c in measures(pair_up(run, run), 0.02))


def _in_memory(**recipes: str) -> Run:
    outcomes = tuple(
        Outcome(f"e{i}", recipe, LETTERS[letter], "positive", "text", {"text": "a"})
        for recipe, letters in recipes.items()
        for i, letter in enumerate(letters)
    )
    values: dict[str, Any] = {"created": "", "versions": {}, "seed": 0, "profile": "strict", "budget": 5, "cascade": False}
    named = tuple({"name": name} for name in recipes)
    return Run(Path(), Manifest(**values, examples=12, victim={}, data={}, recipes=named, finished=True), outcomes)


@pytest.mark.parametrize("bad", [{"max_regression": 2.0}, {"confidence": 95.0}, {"max_error_rate": -0.1}])
def test_impossible_settings_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        CompareRules(**bad)


def test_notes_name_the_same_victim_and_other_versions(run_of: Callable[..., Run]) -> None:
    base = run_of(deepwordbug="h" * 300)
    candidate = run_of({"versions": {"python": "3.12.1", "robustness-suite": "0.1.0"}}, deepwordbug="h" * 300)
    notes = compare(base, candidate).notes
    assert notes == (
        "both runs audited the same victim, byte for byte",
        "python was 3.11.9 in the base and 3.12.1 in the candidate",
    )


def test_a_larger_budget_that_finds_less_is_said(make_run: MakeRun, make_counted: Callable[..., list[Outcome]]) -> None:
    def notes(small: int, large: int) -> str:
        sides = ((50, small), (500, large))
        base, candidate = (
            make_run(make_counted(succeeded=n, failed=10 - n), budget=b, comparability={"budget": b}) for b, n in sides
        )
        return " ".join(compare(base, candidate).notes)

    assert "larger budget broke fewer" in notes(9, 4)
    assert notes(4, 9) == ""


def floor(flips: int, confirm: int = 5) -> dict[str, Any]:
    return {"repeats": {"texts": 20, "flips": flips, "moved": flips, "misplaced": 0, "how": "varies", "confirm": confirm}}


def test_runs_whose_noise_floors_cannot_be_one_are_not_comparable(run_of: Callable[..., Run]) -> None:
    base = run_of(floor(0), pwws="hh" * 20)
    assert compare(base, run_of(floor(3), pwws="hh" * 20)).verdict != "not comparable", "three flips may be chance"
    found = compare(base, run_of(floor(8), pwws="hh" * 20))
    assert found.verdict == "not comparable"
    assert [d.base for d in found.differences] == ["0 of 20 clean texts"]


@settings(deadline=None)  # the first call imports scipy
@given(st.integers(1, 25), st.integers(1, 25), st.data())
def test_two_flip_rates_are_compared_by_fishers_exact_test(of: int, of_other: int, data: st.DataObject) -> None:
    from scipy.stats import fisher_exact

    one, other = data.draw(st.integers(0, of)), data.draw(st.integers(0, of_other))
    expected = fisher_exact([[one, of - one], [other, of_other - other]]).pvalue
    assert unlike(one, of, other, of_other) == pytest.approx(expected, abs=1e-9)


def test_an_example_left_open_by_fresh_answers_is_in_no_figure(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    def of(status: str) -> Run:
        return make_run([make_outcome("e1", "pwws", status), *(make_outcome(f"h{i}", "pwws", "failed") for i in range(9))])

    found = compare(of("failed"), of("undecided"))
    assert change(found, "robust accuracy").pairs == Pairs(both=9, broken=0, fixed=0, neither=0)
