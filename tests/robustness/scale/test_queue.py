"""The queue: what goes out, what comes back from a lost worker, and when a trial is given up."""

from __future__ import annotations

from reports.run import Outcome
from robustness.data import Example
from robustness.scale.queue import MOST_FAILURES, Chain, Queue

RECIPES = ("first", "second")


def examples(count: int) -> list[Example]:
    return [Example(f"e{n}", (f"text {n}",), 0, {}) for n in range(count)]


def queue(count: int, *, cascade: bool = False, finished: dict[tuple[str, str], str] | None = None) -> Queue:
    return Queue(Chain(RECIPES, cascade), examples(count), finished or {})


def outcome(example: str, recipe: str, status: str = "failed") -> Outcome:
    return Outcome(example, recipe, status, "0", "text", {"text": "text"})


def names(units: list) -> list[str]:  # type: ignore[type-arg]
    return [unit.example.id for unit in units]


def test_units_go_out_in_the_order_of_the_data_and_none_twice() -> None:
    waiting = queue(5)
    assert names(waiting.take("a", 2)) == ["e0", "e1"]
    assert names(waiting.take("b", 9)) == ["e2", "e3", "e4"]
    assert waiting.take("a", 9) == []
    assert not waiting.over
    for worker, ids in (("a", "01"), ("b", "234")):
        for one in ids:
            waiting.ended(worker, f"e{one}")
    assert waiting.over


def test_the_queue_knows_how_many_nobody_has_had() -> None:
    waiting = queue(5)
    assert waiting.left == 5
    waiting.take("a", 2)
    assert waiting.left == 3
    assert not waiting.over
    assert waiting.left == 3, "looking does not take"


def test_what_a_resumed_run_has_finished_goes_out_to_nobody() -> None:
    done = {("e0", "first"): "failed", ("e0", "second"): "failed", ("e1", "first"): "succeeded"}
    (two,) = [unit for unit in queue(2, finished=done).take("a", 9)]
    assert (two.example.id, two.finished) == ("e1", {"first": "succeeded"})
    assert queue(2, cascade=True, finished=done).over, "a cascade stops at the recipe that broke the example"


def test_the_units_of_a_lost_worker_go_back_with_what_they_went_through() -> None:
    waiting = queue(3)
    waiting.take("a", 3)
    assert waiting.heard("a", outcome("e1", "first"))
    waiting.ended("a", "e2")
    assert waiting.lost("a") == []
    back = [waiting.take(worker, 9) for worker in ("b", "c")]
    assert [(unit.example.id, unit.finished) for (unit,) in back] == [("e0", {}), ("e1", {"first": "failed"})]


def test_what_was_with_a_lost_worker_runs_alone_from_then_on() -> None:
    waiting = queue(4)
    waiting.take("a", 2)
    waiting.lost("a")
    assert names(waiting.take("b", 9)) == ["e0"]
    assert waiting.take("b", 9) == [], "a second unit beside it would be a suspect too"
    assert names(waiting.take("c", 9)) == ["e1"]
    waiting.ended("b", "e0")
    assert names(waiting.take("b", 9)) == ["e2", "e3"]


def test_an_outcome_from_a_worker_that_was_given_up_counts_once() -> None:
    waiting = queue(1)
    waiting.take("a", 1)
    waiting.lost("a")
    assert not waiting.heard("a", outcome("e0", "first")), "its unit is not with this worker any more"
    waiting.take("b", 1)
    assert waiting.heard("b", outcome("e0", "first"))
    assert not waiting.heard("b", outcome("e0", "first"))


def test_the_third_failure_of_a_trial_is_its_end_and_the_example_goes_on() -> None:
    waiting = queue(1)
    for number in range(3):
        waiting.take(f"w{number}", 1)
        condemned = waiting.lost(f"w{number}")
        assert [(one.id, recipe) for one, recipe in condemned] == ([("e0", "first")] if number == 2 else [])
    (unit,) = waiting.take("last", 1)
    assert unit.finished == {"first": "error"}, "an error stops no chain, not even a cascade's"
    waiting.heard("last", outcome("e0", "second"))
    waiting.ended("last", "e0")
    assert waiting.over


def test_failures_are_counted_for_each_trial_by_itself() -> None:
    waiting = queue(1)
    for _ in range(MOST_FAILURES - 1):
        waiting.take("a", 1)
        waiting.lost("a")
    waiting.take("a", 1)
    waiting.heard("a", outcome("e0", "first"))
    assert waiting.lost("a") == [], "this loss is the first of the second recipe"
