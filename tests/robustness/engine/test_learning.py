"""What a run learns depends on the order of its examples and on nothing else, and a cascade's budget binds all its recipes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from attacks.recipes import build
from attacks.search import Candidate, Citation, Prediction, Recipe, Search, Trial
from reports.run import Outcome, Run
from reports.run.manifest import Manifest
from robustness.data import Example
from robustness.engine.engine import Engine, Oracles
from robustness.engine.learning import ENDS, blocks
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.tasks.classification import Classification, Misclassify
from robustness.tasks.task import Space

WEIGHTS = {"dull": -2.5, "awful": -2.5, "boring": -2.0, "film": 0.1, "story": -0.1}
FILLERS = "film story actor scene plot camera music evening ending people dialogue picture".split()


@dataclass
class Keywords:
    """Positive or negative by the sum of its words' weights."""

    row_quantum: int = 0
    length_quantum: int = 1
    mixed_lengths: tuple[int, int] = (0, 0)
    padding_cost: float = 1.0
    seen: list[str] = field(default_factory=list)

    def lengths(self, items: Sequence[tuple[str, ...]]) -> list[int]:
        return [len(item[0]) for item in items]

    def compute(self, items: Sequence[tuple[str, ...]]) -> list[Prediction]:
        self.seen += [item[0] for item in items]
        shares = [1 / (1 + math.exp(-0.3 - sum(WEIGHTS.get(w, 0.0) for w in item[0].lower().split()))) for item in items]
        return [Prediction(int(s > 0.5), (1 - s, s)) for s in shares]


def examples(count: int) -> list[Example]:
    rng = Random(5)
    found = []
    for i in range(count):
        words = [rng.choice(FILLERS) for _ in range(rng.randint(8, 14))]
        for word in rng.sample(("dull", "awful", "boring"), 2):
            words[rng.randrange(len(words))] = word
        found.append(Example(f"x{i}", (" ".join(words),), 0, {}))
    return found


SPACE = Space(("negative", "positive"), ("text",))
LEARNED = build("learned")


def plan(*recipes: Recipe, **changes: object) -> Plan:
    base = Plan(recipes=recipes or (LEARNED,), task=Classification(), goal=Misclassify(), space=SPACE, seed=1, adaptive=True)
    return replace(base, **changes)  # type: ignore[arg-type]


def run(
    how: Plan,
    rows: Sequence[Example],
    *,
    in_flight: int = 16,
    tokens: int = 2048,
    stored: Sequence[Outcome] = (),
    parts: int = 1,
) -> list[Outcome]:
    engine = Engine(Oracles({"victim": Oracle(Keywords(), batch_tokens=tokens)}), in_flight=in_flight)
    done = {(o.example_id, o.recipe): o.status for o in stored}
    size = -(-len(rows) // parts)
    made = [
        outcome
        for start in range(0, len(rows), size)
        for outcome in engine.outcomes(how, rows[start : start + size], done, lambda: stored)
    ]
    return sorted([*stored, *made], key=lambda o: (int(o.example_id[1:]), o.recipe))


def told(outcomes: Sequence[Outcome]) -> list[str]:
    """Outcomes without forwards, which say who asked first, and are no part of what was found."""
    return [replace(outcome, forwards=0).to_json() for outcome in outcomes]


def test_blocks_end_at_the_same_examples_however_they_are_handed_in() -> None:
    rows = examples(130)
    whole = [len(part) for part in blocks(rows)]
    assert whole == [8, 16, 32, 64, 10]
    assert [len(part) for part in blocks(rows[:30])] + [len(part) for part in blocks(rows[30:], 30)] == [8, 16, 6, 26, 64, 10]
    assert ENDS[-1] == 2040


@pytest.mark.parametrize(("in_flight", "tokens", "parts"), [(1, 2048, 1), (128, 64, 1), (7, 2048, 5)])
def test_learning_does_not_depend_on_batches_searches_in_flight_or_parts(in_flight: int, tokens: int, parts: int) -> None:
    rows = examples(60)
    expected = told(run(plan(), rows))
    assert told(run(plan(), rows, in_flight=in_flight, tokens=tokens, parts=parts)) == expected


@pytest.mark.parametrize("kept", [1, 9, 25, 59])
def test_a_run_cut_anywhere_learns_the_same_again(kept: int) -> None:
    rows = examples(60)
    whole = run(plan(), rows, in_flight=3)
    shuffled = Random(kept).sample(whole[: max(kept, 24 if kept > 24 else 8 if kept > 8 else 0)], kept)
    assert told(run(plan(), rows, stored=shuffled)) == told(whole)


def test_what_is_learned_saves_queries_and_can_be_left_off() -> None:
    rows = examples(120)
    learned, fixed = run(plan(), rows), run(plan(adaptive=False), rows)
    assert told(learned)[:8] == told(fixed)[:8], "the first block has nothing to learn from"
    late = slice(56, None)
    spent = [sum(o.queries for o in outcomes[late]) for outcomes in (learned, fixed)]
    assert all(o.status == "succeeded" for o in learned[late])
    assert spent[0] < 0.8 * spent[1]


@dataclass(frozen=True)
class Asks:
    """Tries so many texts, none of which moves the victim."""

    count: int

    def search(self, trial: Trial) -> Search[None]:
        for n in range(self.count):
            yield from trial.attempt([Candidate(f"{trial.text} {trial.recipe} {n}")])


def asks(name: str, count: int, limit: int | None = None) -> Recipe:
    return Recipe(name, Asks(count), Citation("none"), "word", "scores", limit=limit)


def test_a_budget_binds_the_whole_cascade_and_a_limit_one_recipe() -> None:
    cascade = plan(asks("a", 90, limit=31), asks("b", 90), asks("c", 90), cascade=True, budget=100)
    outcomes = run(cascade, examples(2))[:3]
    assert [(o.recipe, o.status, o.queries) for o in outcomes] == [
        ("a", "exhausted", 31),
        ("b", "exhausted", 70),
        ("c", "untested", 1),
    ]
    assert 1 + sum(o.queries - 1 for o in outcomes) == 100
    assert outcomes[2].details == {"budget": "spent"}


def test_a_recipe_budget_takes_the_place_of_the_limits() -> None:
    cascade = plan(asks("a", 90, limit=31), asks("b", 90), cascade=True, budget=100, recipe_budget=12)
    assert [o.queries for o in run(cascade, examples(1))] == [12, 12]
    alone = plan(asks("a", 90, limit=31), asks("b", 90), budget=40)
    assert [o.queries for o in run(alone, examples(1))] == [40, 40], "a limit is the cascade's; a budget each recipe's otherwise"


def test_a_spent_budget_is_never_read_as_robust() -> None:
    from reports.measures.metrics import overall

    cascade = plan(asks("a", 40), asks("b", 90), cascade=True, budget=41)
    outcomes = run(cascade, examples(2))
    assert [o.status for o in outcomes] == ["failed", "untested"] * 2, "the first came to its end, the second never began"
    named = tuple({"name": name} for name in "ab")
    manifest = Manifest("now", {}, 0, "paper", 41, True, 2, {}, {}, named, finished=True)
    assert overall(Run(None, manifest, tuple(outcomes)), outcomes, 2).exhausted == 2  # type: ignore[arg-type]


def test_a_resumed_cascade_goes_on_with_what_is_left_of_its_budget() -> None:
    cascade = plan(asks("a", 90, limit=31), asks("b", 90), asks("c", 90), cascade=True, budget=100)
    rows = examples(3)
    whole = run(cascade, rows)
    assert told(run(cascade, rows, stored=[whole[0], whole[3], whole[4]])) == told(whole)
