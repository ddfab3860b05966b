from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.measures.intervals import Proportion
from reports.measures.metrics import RecipeMetrics, fate, overall, recipe_metrics
from reports.measures.of_run import measure
from reports.run import Judged, Manifest, Outcome, Run, Rung

MakeRun = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]
MakeCounted = Callable[..., list[Outcome]]


def only(run: Run) -> RecipeMetrics:
    (found,) = measure(run).recipes
    return found


def rate_of(value: Proportion | None) -> float:
    assert value is not None
    assert value.rate is not None
    return value.rate


def test_the_protocol_identity(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted(skipped=43, succeeded=128, failed=29))
    recipe, whole = only(run), measure(run).overall
    assert rate_of(recipe.clean_accuracy) == pytest.approx(0.785)
    assert rate_of(recipe.accuracy_under_attack) == pytest.approx(0.145)
    assert round(100 * rate_of(recipe.attack_success_rate), 1) == 81.5
    assert rate_of(recipe.accuracy_drop) == pytest.approx(0.64)
    assert (whole.clean_accuracy, whole.robust_accuracy) == (recipe.clean_accuracy, recipe.accuracy_under_attack)


def test_errors_are_in_no_denominator(make_run: MakeRun, make_counted: MakeCounted) -> None:
    without = only(make_run(make_counted(skipped=1, succeeded=3, failed=4, exhausted=2)))
    with_errors = only(make_run(make_counted(skipped=1, succeeded=3, failed=4, exhausted=2, error=5)))
    assert with_errors.statuses["error"] == 5
    assert with_errors.n == 15
    assert with_errors.judged == without.judged == 10
    for name in ("attack_success_rate", "accuracy_under_attack"):
        before, after = getattr(without, name), getattr(with_errors, name)
        assert (after.rate, after.n, after.unknown) == (before.rate, before.n, 5)
        assert after.low < before.low < before.high < after.high, "the interval allows for either end"


def test_exhausted_counts_as_survived(make_run: MakeRun, make_counted: MakeCounted) -> None:
    recipe = only(make_run(make_counted(succeeded=1, exhausted=3)))
    assert rate_of(recipe.attack_success_rate) == 0.25
    assert rate_of(recipe.accuracy_under_attack) == 0.75


counts = st.fixed_dictionaries({s: st.integers(0, 40) for s in ("succeeded", "failed", "skipped", "exhausted", "error")})


@given(counts)
@settings(max_examples=60, deadline=None)
def test_drop_is_clean_minus_under_attack(count: dict[str, int]) -> None:
    statuses = [status for status, n in count.items() for _ in range(n)]
    clean = {"skipped": Judged("y"), "error": None}
    outcomes = [Outcome(str(i), "r", s, "x", "text", {}, clean.get(s, Judged("x"))) for i, s in enumerate(statuses)]
    found = recipe_metrics(bare_run(outcomes), "r", outcomes)
    if not found.judged:
        assert found.accuracy_drop is not None
        assert found.accuracy_drop.rate is None
        return
    assert rate_of(found.accuracy_drop) == pytest.approx(rate_of(found.clean_accuracy) - rate_of(found.accuracy_under_attack))
    assert sum(found.statuses.values()) == found.n == len(statuses)


def bare_run(
    outcomes: list[Outcome], recipes: tuple[str, ...] = ("r",), *, cascade: bool = False, examples: int | None = None
) -> Run:
    from pathlib import Path

    n = len({o.example_id for o in outcomes}) if examples is None else examples
    named = tuple({"name": name} for name in recipes)
    return Run(Path("nowhere"), Manifest("now", {}, 0, "strict", None, cascade, n, {}, {}, named, finished=True), tuple(outcomes))


@given(st.lists(st.lists(st.sampled_from(("succeeded", "failed", "exhausted", "error")), min_size=3, max_size=3), max_size=25))
@settings(max_examples=80, deadline=None)
def test_robust_accuracy_is_never_above_that_of_any_recipe(rows: list[list[str]]) -> None:
    outcomes = [Outcome(str(i), f"r{j}", s, "x", "text", {}) for i, row in enumerate(rows) for j, s in enumerate(row)]
    run = bare_run(outcomes, ("r0", "r1", "r2"))
    whole = overall(run, outcomes, len(rows))
    assert whole.judged + whole.not_judged == len(rows)
    clean_rows = [row for row in rows if "error" not in row]
    survivors = sum("succeeded" not in row for row in clean_rows)
    assert whole.robust_accuracy.successes == survivors
    if len(clean_rows) == len(rows) and rows:
        assert all(rate_of(whole.robust_accuracy) <= rate_of(r.accuracy_under_attack) for r in measure(run).recipes)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("failed", "exhausted"), "robust"),
        (("failed", "succeeded"), "broken"),
        (("error", "succeeded"), "broken"),
        (("error", "failed"), "not judged"),
        (("failed",), "not judged"),
        (("succeeded",), "broken"),
        (("skipped",), "wrong"),
        (("skipped", "skipped"), "wrong"),
        (("error", "error"), "not judged"),
    ],
)
def test_the_fate_of_an_example(statuses: tuple[str, ...], expected: str) -> None:
    assert fate(statuses, recipes=2) == expected


def cascade(rows: dict[str, str]) -> list[Outcome]:
    """Rows such as ``{"e1": "fs"}``: one letter a recipe (s, f, k for skipped, e for error)."""
    names = {"s": "succeeded", "f": "failed", "k": "skipped", "e": "error"}
    return [Outcome(e, f"r{j}", names[c], "x", "text", {}) for e, row in rows.items() for j, c in enumerate(row)]


def test_a_cascade_counts_down(make_run: MakeRun) -> None:
    rows = {"a": "s", "b": "fs", "c": "ffs", "d": "fff", "e": "fff", "f": "k", "g": "efs", "h": "eff"}
    run = bare_run(cascade(rows), ("r0", "r1", "r2"), cascade=True)
    found = measure(run)
    assert [(s.attacked, s.broken, s.errors) for s in found.stages] == [(5, 1, 2), (6, 1, 0), (5, 2, 0)]
    assert [s.robust_accuracy.successes for s in found.stages] == [5, 4, 2]
    assert {s.robust_accuracy.n for s in found.stages} == {7}
    assert found.stages[-1].robust_accuracy == found.overall.robust_accuracy
    assert found.overall.not_judged == 1
    assert [r.complete for r in found.recipes] == [True, False, False]
    assert found.recipes[1].accuracy_under_attack is None
    assert found.recipes[1].attack_success_rate.n == 6


def test_no_stages_without_a_cascade(make_run: MakeRun, make_counted: MakeCounted) -> None:
    assert measure(make_run(make_counted(failed=2))).stages == ()


def test_costs_are_those_of_attacked_trials(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    outcomes = [
        make_outcome("a", queries=10, forwards=4, words_changed=1, words=4, similarity=0.9),
        make_outcome("b", queries=30, forwards=8, words_changed=1, words=2, similarity=None),
        make_outcome("c", status="failed", queries=20, forwards=6, words_changed=9, words=9),
        make_outcome("d", status="skipped", queries=1),
        make_outcome("e", status="error"),
    ]
    recipe = only(make_run(outcomes))
    assert (recipe.queries_mean, recipe.queries_median, recipe.queries_per_success) == (20, 20, 30)
    assert recipe.forwards_mean == 6
    assert recipe.words_changed == pytest.approx(0.375)
    assert recipe.similarity == 0.9


def test_success_within_so_many_queries(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    won = [make_outcome(f"w{q}", queries=q) for q in (10, 50, 51, 400)]
    lost = [make_outcome("l", status="failed", queries=20)]
    recipe = only(make_run([*won, *lost], budget=500))
    assert recipe.success_at == {50: 0.4, 100: 0.6, 500: 0.8, 1000: None}
    assert recipe.budget_curve == ((10, 0.2), (50, 0.4), (51, 0.6), (400, 0.8))
    assert only(make_run([*won, *lost], budget=None)).success_at[1000] == 0.8


def test_a_long_budget_curve_is_thinned_but_keeps_its_end(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    curve = only(make_run([make_outcome(str(q), queries=q) for q in range(1, 1001)])).budget_curve
    assert len(curve) <= 200
    assert curve[-1] == (1000, 1.0)
    assert curve == tuple(sorted(curve))


def ladder(example: str, correct: str, status: str = "failed") -> Outcome:
    """One outcome with a rung for each letter: y right, n wrong, a space for no rung."""
    rungs = tuple(Rung(i, "x" if c == "y" else "z", c == "y", "t") for i, c in enumerate(correct, 1) if c != " ")
    return Outcome(example, "r", status, "x", "text", {}, ladder=rungs)


def test_accuracy_by_severity_counts_skipped_as_wrong() -> None:
    outcomes = [
        ladder("a", "yyn"),
        ladder("b", "ynn"),
        ladder("c", " yy"),
        ladder("d", "", "skipped"),
        ladder("e", "yyy", "error"),
    ]
    found = measure(bare_run(outcomes)).severities
    assert [(s.severity, s.accuracy.successes, s.accuracy.n, s.absent) for s in found] == [
        (1, 2, 3, 1),
        (2, 2, 4, 0),
        (3, 1, 4, 0),
    ]


def test_nothing_at_all_is_measured_as_nothing(make_run: MakeRun) -> None:
    found = measure(make_run())
    assert found.overall.robust_accuracy.rate is None
    assert found.recipes[0].attack_success_rate.rate is None
    assert found.recipes[0].queries_mean is found.recipes[0].similarity is None
    assert not found.labels
    assert not found.slices
    assert not found.severities


def test_a_recipe_of_the_manifest_without_outcomes_is_shown(make_run: MakeRun, make_counted: MakeCounted) -> None:
    run = make_run(make_counted("p", failed=3), recipes=("p", "q"), finished=False)
    assert [r.n for r in measure(run).recipes] == [3, 0]
    assert not measure(run).recipes[1].complete


def test_order_of_outcomes_changes_no_measure(rich_run: Run) -> None:
    backwards = Run(rich_run.path, rich_run.manifest, rich_run.outcomes[::-1])
    assert measure(backwards) == measure(rich_run)
