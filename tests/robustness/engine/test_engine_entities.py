"""Taggers through the engine, on real weights: recipes made for classifiers run unchanged, entity recipes move the gold along."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from attacks.recipes import Options, build
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.planning.languages import language_of
from robustness.planning.prepare import guarded
from robustness.tasks.answers import Span
from robustness.tasks.entities import Entities
from robustness.tasks.goals.entities import moved_spans
from robustness.tasks.reading.tag_schemes import joined
from robustness.tasks.task import Seen, Space
from robustness.victims import Victim, load_victim
from robustness.victims.function import from_callable

Rows = list[tuple[list[str], list[str]]]
TASK = Entities()


def ended(
    victim: Victim, examples: Sequence[Example], *recipes: str, goal: str = "", in_flight: int = 128, tokens: int = 2048
) -> list[Outcome]:
    space = Space(victim.info.labels)
    chosen = guarded([build(name, Options()) for name in recipes], language_of("en", ()), (), space.labels, marks=TASK.protects)
    plan = Plan(recipes=chosen, task=TASK, goal=TASK.goal(goal, space), space=space, seed=3, budget=120)
    oracles = Oracles({"victim": Oracle(VictimBackend(victim), batch_tokens=tokens)})
    found = Engine(oracles, in_flight=in_flight).outcomes(plan, examples, {})
    return sorted(found, key=lambda one: (one.recipe, one.example_id))


@pytest.fixture(scope="module")
def victim(tagger: Path) -> Victim:
    return load_victim(f"hf:{tagger}", device="cpu")


@pytest.fixture(scope="module")
def examples(tagged_sentences: Rows, victim: Victim) -> list[Example]:
    space = Space(victim.info.labels)
    made = []
    for number, (tokens, tags) in enumerate(tagged_sentences[:12]):
        text = joined(tokens, tags)[0]
        made.append(Example(f"{number:02}", (text,), TASK.reference(tags, (text,), space), {}))
    return made


def expected(outcome: Outcome, example: Example) -> tuple[Span, ...]:
    """The gold entities in the text that broke it."""
    assert outcome.perturbed is not None
    seen: Seen[Any, Any] = Seen(example.inputs, (outcome.perturbed,), 0, example.reference, None)
    return moved_spans(example.reference, seen)


def test_a_recipe_for_classifiers_breaks_a_tagger_through_its_context_alone(victim: Victim, examples: list[Example]) -> None:
    outcomes = ended(victim, examples, "deepwordbug")
    assert {one.status for one in outcomes} >= {"succeeded"}
    assert "error" not in {one.status for one in outcomes}
    for outcome, example in zip(outcomes, examples, strict=True):
        if outcome.status != "succeeded":
            continue
        assert outcome.perturbed is not None
        places = expected(outcome, example)
        assert [outcome.perturbed[one.start : one.end] for one in places] == [
            example.inputs[0][one.start : one.end] for one in example.reference
        ], "the entities themselves were left alone"
        answer = TASK.answer(victim.predict([(outcome.perturbed,)])[0], (outcome.perturbed,), Space(victim.info.labels))
        assert answer.found != places, "the tagger itself says so"


def test_entity_recipes_move_what_is_right_along(victim: Victim, examples: list[Example]) -> None:
    outcomes = ended(victim, examples, "entity-swap", "entity-case")
    by_recipe = {name: [one for one in outcomes if one.recipe == name] for name in ("entity-swap", "entity-case")}
    assert "error" not in {one.status for one in outcomes}
    assert any(one.status == "succeeded" for one in by_recipe["entity-swap"])
    assert any(one.status == "succeeded" for one in by_recipe["entity-case"])
    for outcome, example in zip(by_recipe["entity-case"], examples, strict=True):
        if outcome.status == "succeeded":
            assert outcome.perturbed is not None
            assert outcome.perturbed.lower() == example.inputs[0].lower()
            assert [(one.start, one.end) for one in expected(outcome, example)] == [
                (one.start, one.end) for one in example.reference
            ]


def capitals(texts: list[str]) -> list[list[tuple[int, int, str]]]:
    """Takes each run of capitalised words for a person: right whatever name stands there."""
    return [[(*m.span(), "PER") for m in re.finditer(r"[A-Z]\w+(?: [A-Z]\w+)*", text)] for text in texts]


def test_a_tagger_that_is_right_under_every_name_holds() -> None:
    """Realignment makes no breaks of its own."""
    text = "then Mary Walker met Peter and Susan near the river"
    gold = (Span(5, 16, "PER"), Span(21, 26, "PER"), Span(31, 36, "PER"))
    victim = from_callable(capitals, task="ner")
    swapped, context = ended(victim, [Example("1", (text,), gold, {})], "entity-swap", "natural:neutral-insertion")
    assert (swapped.recipe, swapped.status) == ("entity-swap", "failed")
    assert swapped.distinct >= 30
    assert context.recipe == "natural:neutral-insertion"


def test_a_text_without_entities_leaves_an_entity_recipe_nothing_to_try(victim: Victim) -> None:
    text = "the report was late and nobody read it ."
    (outcome,) = ended(victim, [Example("1", (text,), (), {})], "entity-swap")
    assert outcome.status == "untested"


def test_an_example_that_is_mostly_wrong_on_the_clean_text_is_skipped(victim: Victim) -> None:
    text = "Mary lives in Rome ."
    (outcome,) = ended(victim, [Example("1", (text,), (Span(5, 10, "ORG"),), {})], "deepwordbug")
    assert outcome.status == "skipped"


def test_outcomes_do_not_depend_on_batches_or_on_what_is_in_flight(victim: Victim, examples: list[Example]) -> None:
    one = ended(victim, examples[:4], "deepwordbug", "entity-swap")
    other = ended(victim, examples[:4][::-1], "deepwordbug", "entity-swap", in_flight=2, tokens=64)
    assert [(o.status, o.perturbed, o.queries) for o in one] == [(o.status, o.perturbed, o.queries) for o in other]


def test_each_goal_can_be_reached(victim: Victim, examples: list[Example]) -> None:
    reached = {
        goal: sum(one.status == "succeeded" for one in ended(victim, examples[:8], "entity-swap", goal=goal))
        for goal in ("entity-lost", "entity-retyped", "quality-below:0.7")
    }
    everything = sum(one.status == "succeeded" for one in ended(victim, examples[:8], "entity-swap"))
    assert all(0 < count <= everything for count in reached.values()), (reached, everything)
