"""The engine: outcomes depend on seed, recipe and example only; every end of a trial is an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from attacks.search import Candidate, Citation, Embed, Prediction, Recipe, Search, Trial
from attacks.words import Words
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan, seed_of
from robustness.errors import VictimError
from robustness.tasks.classification import Classification, Misclassify
from robustness.tasks.task import Space

Input = tuple[str, ...]


@dataclass
class Counter:
    """Says ``yes`` in proportion to the letters e it reads; fails where told."""

    row_quantum: int = 0
    length_quantum: int = 1
    mixed_lengths: tuple[int, int] = (0, 0)
    padding_cost: float = 1.0
    fails: str = "\0"
    seen: list[Input] = field(default_factory=list)

    def lengths(self, items: Sequence[Input]) -> list[int]:
        return [len(item[0]) for item in items]

    def compute(self, items: Sequence[Input]) -> list[Prediction]:
        if any(self.fails in item[0] for item in items):
            raise VictimError("unreadable")
        self.seen += items
        share = [item[0].count("e") / max(1, len(item[0])) for item in items]
        return [Prediction(int(s > 0.1), (1 - s, s)) for s in share]


@dataclass(frozen=True)
class RandomWords:
    """Replaces random words by random letters until it wins."""

    tries: int = 30

    def search(self, trial: Trial) -> Search[None]:
        words = Words(trial.text)
        for _ in range(self.tries):
            index = trial.rng.randrange(len(words))
            words = words.replace(index, "".join(trial.rng.choices("abcde", k=4)), "random")
            yield from trial.probe([str(words) + "?"])
            yield from trial.attempt([Candidate(str(words), "random", words)])
            if trial.won:
                return


@dataclass(frozen=True)
class Raises:
    """Has a bug."""

    def search(self, trial: Trial) -> Search[None]:
        yield from trial.probe(["once"])
        raise ZeroDivisionError("a bug")


@dataclass(frozen=True)
class NeedsEncoder:
    """Asks an oracle that the run lacks."""

    def search(self, trial: Trial) -> Search[None]:
        yield Embed((trial.text,))


@dataclass(frozen=True)
class Idle:
    """Tries nothing."""

    def search(self, trial: Trial) -> Search[None]:
        yield from ()


@dataclass(frozen=True)
class ProbesOnly:
    """Sees a flip while probing and claims nothing."""

    def search(self, trial: Trial) -> Search[None]:
        yield from trial.probe(["e e e e e", "a"])


def recipe(attack: object, name: str = "r") -> Recipe:
    return Recipe(name, attack, Citation("none"), "word", "scores")  # type: ignore[arg-type]


def examples(count: int) -> list[Example]:
    rng = Random(3)
    texts = [
        " ".join("".join(rng.choices("abcdfg", k=rng.randint(2, 7))) for _ in range(rng.randint(1, 9))) for _ in range(count)
    ]
    return [Example(f"x{i}", (text,), int(i % 7 == 0), {"part": i % 2}) for i, text in enumerate(texts)]


PLAN = Plan(
    recipes=(recipe(RandomWords(), "one"), recipe(RandomWords(4), "two")),
    task=Classification(),
    goal=Misclassify(),
    space=Space(("no", "yes"), ("text",)),
    seed=5,
    budget=40,
)


def run(plan: Plan, rows: list[Example], *, in_flight: int = 16, tokens: int = 200, backend: Counter | None = None) -> list[str]:
    engine = Engine(Oracles({"victim": Oracle(backend or Counter(), batch_tokens=tokens)}), in_flight=in_flight)
    return sorted(outcome.to_json() for outcome in engine.outcomes(plan, rows, {}))


@dataclass(frozen=True)
class OneByOne:
    """Asks ``count`` questions, each only when the last one is answered."""

    count: int

    def search(self, trial: Trial) -> Search[None]:
        for number in range(self.count):
            yield from trial.probe([f"{trial.text} {number:03d}"])


def test_questions_of_many_examples_share_batches() -> None:
    """The engine's promise: N searches of k questions each cost about k batches, not N times k."""
    n, k = 32, 10
    plan = replace(PLAN, recipes=(recipe(OneByOne(k)),), budget=None)
    rows = [Example(f"x{i}", (f"word {i:02d}",), 0, {}) for i in range(n)]
    oracle: Oracle[Input, Prediction] = Oracle(Counter(), batch_tokens=n * 16)  # a class of length for each
    ended = list(Engine(Oracles({"victim": oracle}), in_flight=n).outcomes(plan, rows, {}))
    assert [outcome.queries for outcome in ended] == [k + 1] * n
    assert oracle.usage.batches <= k + 2


def test_the_default_keeps_many_searches_in_flight() -> None:
    n, k = 64, 5
    plan = replace(PLAN, recipes=(recipe(OneByOne(k)),), budget=None)
    rows = [Example(f"x{i}", (f"word {i:02d}",), 0, {}) for i in range(n)]
    oracle: Oracle[Input, Prediction] = Oracle(Counter())
    ended = list(Engine(Oracles({"victim": oracle})).outcomes(plan, rows, {}))
    assert [outcome.queries for outcome in ended] == [k + 1] * n
    assert oracle.usage.batches < n * k / 10


def only(plan: Plan, **options: Counter) -> Outcome:
    return Outcome.from_json(run(plan, [Example("x", ("bcd fgh klm npq rst vwx bcd fgh klm",), 0, {})], **options)[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("in_flight", "tokens", "quantum"), [(1, 1, 0), (1, 4096, 4), (16, 60, 4), (256, 200, 0), (256, 9999, 4)]
)
def test_outcomes_do_not_depend_on_scheduling(in_flight: int, tokens: int, quantum: int) -> None:
    rows = examples(60)
    base = run(PLAN, rows)
    assert len(base) == 120
    assert run(PLAN, rows, in_flight=in_flight, tokens=tokens, backend=Counter(row_quantum=quantum)) == base
    assert run(PLAN, rows[::-1], in_flight=in_flight, tokens=tokens) == base


def test_another_seed_gives_other_outcomes() -> None:
    rows = examples(40)
    assert run(PLAN, rows) != run(replace(PLAN, seed=6), rows)
    assert len({seed_of(s, r, e) for s in (0, 1) for r in ("a", "b") for e in ("1", "2")}) == 8


def test_finished_trials_are_not_run_again() -> None:
    rows = examples(20)
    finished = {(row.id, "one"): "failed" for row in rows[:15]} | {("x0", "two"): "failed"}
    engine = Engine(Oracles({"victim": Oracle(Counter())}))
    left = {(o.example_id, o.recipe) for o in engine.outcomes(PLAN, rows, finished)}
    assert left == {(row.id, name) for row in rows for name in ("one", "two")} - finished.keys()


def test_a_cascade_attacks_only_what_stands() -> None:
    rows = examples(60)
    found: dict[str, list[str]] = {}
    for outcome in Engine(Oracles({"victim": Oracle(Counter())})).outcomes(replace(PLAN, cascade=True), rows, {}):
        found.setdefault(outcome.example_id, []).append(outcome.status)
    assert any(len(ends) == 2 for ends in found.values())
    assert all(end not in ("succeeded", "skipped") for ends in found.values() for end in ends[:-1])


def test_wrong_clean_predictions_are_skipped() -> None:
    outcome = Outcome.from_json(run(replace(PLAN, recipes=(recipe(Idle()),)), [Example("x", ("abc",), 1, {})])[0])
    assert (outcome.status, outcome.queries) == ("skipped", 1)


@pytest.mark.parametrize(("attack", "kind"), [(Raises(), "ZeroDivisionError"), (NeedsEncoder(), "UnansweredError")])
def test_a_crash_is_an_error_and_never_robustness(attack: object, kind: str) -> None:
    outcome = only(replace(PLAN, recipes=(recipe(attack),)))
    assert outcome.status == "error"
    assert outcome.error is not None
    assert outcome.error["type"] == kind


def test_an_unreadable_clean_text_is_an_error_for_every_recipe() -> None:
    lines = run(PLAN, [Example("x", ("boom",), 0, {}), Example("y", ("abc",), 0, {})], backend=Counter(fails="boom"))
    statuses = {(o.example_id, o.recipe): o.status for o in map(Outcome.from_json, lines)}
    assert statuses[("x", "one")] == statuses[("x", "two")] == "error"
    assert "error" not in (statuses[("y", "one")], statuses[("y", "two")])


def test_an_unreadable_candidate_ends_its_trial_only() -> None:
    rows = examples(30)
    clean = run(PLAN, rows)
    spoiled = run(PLAN, rows, backend=Counter(fails="ee"))
    errors = [o for o in map(Outcome.from_json, spoiled) if o.status == "error"]
    assert 0 < len(errors) < len(spoiled)
    assert all("unreadable" in str(o.error) for o in errors)
    assert set(spoiled) - set(clean) == {o.to_json() for o in errors}


def test_probes_cannot_win() -> None:
    assert only(replace(PLAN, recipes=(recipe(ProbesOnly()),))).status == "untested"


def test_a_spent_budget_is_its_own_status() -> None:
    for fair_try, status in ((1, "exhausted"), (2, "untested")):
        outcome = only(replace(PLAN, budget=3, recipes=(replace(recipe(RandomWords()), fair_try=fair_try),)))
        assert (outcome.status, outcome.queries, outcome.distinct) == (status, 3, 1)


def test_a_success_is_recomputed_from_the_victims_answer() -> None:
    won = [o for o in map(Outcome.from_json, run(PLAN, examples(60))) if o.status == "succeeded"]
    assert won
    for outcome in won:
        assert outcome.perturbed is not None
        assert outcome.best is not None
        again = Counter().compute([(outcome.perturbed,)])[0]
        assert PLAN.labels[again.label] == outcome.best.shown != outcome.reference


def test_queries_are_distinct_texts_and_the_clean_forward_is_shared() -> None:
    lines = [Outcome.from_json(line) for line in run(PLAN, [Example("x", ("abc dfg",), 0, {})])]
    assert [o.forwards - o.queries for o in sorted(lines, key=lambda o: o.recipe)] == [0, -1]


def test_in_flight_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Engine(Oracles({"victim": Oracle(Counter())}), in_flight=0)
