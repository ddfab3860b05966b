"""The queue: what goes out, what comes back from a lost worker, and when a trial is given up."""

from __future__ import annotations

from reports.run import Outcome
from robustness.data import Example
from robustness.scale.queue import MOST_FAILURES, MOST_RECORDED, MOST_UNASKED, Chain, Queue

RECIPES = ("first", "second")


def examples(count: int) -> list[Example]:
    return [Example(f"e{n}", (f"text {n}",), 0, {}) for n in range(count)]


def queue(count: int, *, cascade: bool = False, finished: dict[tuple[str, str], str] | None = None) -> Queue:
    return Queue(Chain(RECIPES, cascade), examples(count), finished or {})


def alone() -> Queue:
    """A queue of one unit, which is a suspect and with the worker w."""
    waiting = queue(1)
    waiting.take("w", 1)
    waiting.lost("w", 1)
    again(waiting)
    return waiting


def again(waiting: Queue) -> None:
    """The suspect goes to the worker w, which comes to its question."""
    waiting.take("w", 1)
    waiting.asking("w", "e0")


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
    assert waiting.lost("a", 9) == []
    back = [waiting.take(worker, 9) for worker in ("b", "c")]
    assert [(unit.example.id, unit.finished) for (unit,) in back] == [("e0", {}), ("e1", {"first": "failed"})]


def test_what_a_lost_worker_had_begun_is_halved_until_a_unit_is_alone() -> None:
    waiting = queue(6)
    waiting.take("a", 4)
    waiting.lost("a", 9)
    assert names(waiting.take("b", 9)) == ["e0", "e1"]
    assert waiting.take("b", 9) == [], "another unit beside them would be a suspect too"
    assert not waiting.alone("b")
    waiting.lost("b", 9)
    assert names(waiting.take("c", 1)) == ["e2", "e3"]
    assert names(waiting.take("d", 9)) == ["e0"]
    assert names(waiting.take("e", 9)) == ["e1"]
    assert waiting.alone("d")
    waiting.ended("d", "e0")
    assert names(waiting.take("d", 9)) == ["e4", "e5"]
    assert not waiting.alone("d")


def test_what_a_lost_worker_had_not_begun_is_no_suspect() -> None:
    waiting = queue(5)
    waiting.take("a", 4)
    waiting.lost("a", 2)
    assert names(waiting.take("b", 9)) == ["e0"]
    assert names(waiting.take("c", 9)) == ["e1"]
    assert waiting.left == 3
    assert names(waiting.take("d", 9)) == ["e2", "e3", "e4"]


def test_a_loss_in_company_counts_against_nobody() -> None:
    waiting = queue(4)
    waiting.take("w", 4)
    for _ in range(3):  # of all four, of two, of the other two
        assert waiting.lost("w", 9) == []
        waiting.take("w", 9)
    for number in range(4 * (MOST_FAILURES - 1)):
        waiting.asking("w", f"e{number % 4}")
        assert waiting.lost("w", 9) == []
        assert len(waiting.take("w", 9)) == 1
    waiting.asking("w", "e0")
    assert [(one.id, recipe) for one, recipe, _ in waiting.lost("w", 9)] == [("e0", "first"), ("e0", "second")]


def test_small_groups_of_suspects_are_recorded_and_large_ones_are_not() -> None:
    waiting = queue(4 * MOST_RECORDED)
    assert not any(unit.recorded for unit in waiting.take("a", 9))
    waiting.lost("a", 9)
    assert all(unit.recorded for unit in waiting.take("b", 9))
    waiting.take("c", 9)
    large = waiting.take("d", 3 * MOST_RECORDED)
    waiting.lost("d", len(large))
    assert not any(unit.recorded for unit in waiting.take("e", 9))


def test_a_trial_goes_on_from_the_answers_that_it_was_given() -> None:
    waiting = alone()
    waiting.answered("w", "e0", "clean")
    waiting.answered("w", "e0", "one")
    waiting.lost("w", 1)
    assert waiting.take("w", 1)[0].answers == ("clean", "one")
    waiting.heard("w", outcome("e0", "first"))
    waiting.lost("w", 1)
    assert waiting.take("w", 1)[0].answers == ("clean",), "the next trial has been given that alone"


def test_failures_count_at_the_same_question_only() -> None:
    waiting = alone()
    for number in range(MOST_FAILURES * 3):
        waiting.answered("w", "e0", number)
        waiting.asking("w", "e0")
        assert waiting.lost("w", 1) == [], "it got further each time"
        again(waiting)
    assert waiting.lost("w", 1) == []
    again(waiting)
    assert [recipe for _, recipe, _ in waiting.lost("w", 1)] == ["first"]


def test_a_worker_that_did_not_come_to_the_question_is_no_failure_of_it_and_cannot_go_on_for_ever() -> None:
    waiting = alone()
    for _ in range(MOST_UNASKED - 1):
        waiting.lost("w", 1)
        waiting.take("w", 1)  # and it is lost while it loads what the question needs
        assert not waiting.over
    waiting.lost("w", 1)
    waiting.take("w", 1)
    assert waiting.lost("w", 1) != []


def test_an_outcome_from_a_worker_that_was_given_up_counts_once() -> None:
    waiting = queue(1)
    waiting.take("a", 1)
    waiting.lost("a", 9)
    assert not waiting.heard("a", outcome("e0", "first")), "its unit is not with this worker any more"
    waiting.take("b", 1)
    assert waiting.heard("b", outcome("e0", "first"))
    assert not waiting.heard("b", outcome("e0", "first"))


def test_the_third_failure_of_a_trial_is_its_end_and_the_example_goes_on() -> None:
    waiting = alone()
    waiting.answered("w", "e0", "clean")
    for number in range(3):
        waiting.asking("w", "e0")
        condemned = waiting.lost("w", 1)
        assert [(one.id, recipe) for one, recipe, _ in condemned] == ([("e0", "first")] if number == 2 else [])
        (unit,) = waiting.take("w", 1)
    assert unit.finished == {"first": "error"}, "an error stops no chain, not even a cascade's"
    waiting.heard("w", outcome("e0", "second"))
    waiting.ended("w", "e0")
    assert waiting.over


def test_a_unit_that_ends_workers_over_its_clean_text_is_given_up_with_all_its_recipes() -> None:
    waiting = alone()
    waiting.lost("w", 1)
    again(waiting)
    waiting.lost("w", 1)
    again(waiting)
    assert [recipe for _, recipe, _ in waiting.lost("w", 1)] == ["first", "second"]
    assert waiting.over


def test_failures_are_counted_for_each_trial_by_itself() -> None:
    waiting = alone()
    for _ in range(MOST_FAILURES - 1):
        waiting.lost("w", 1)
        again(waiting)
    waiting.heard("w", outcome("e0", "first"))
    assert waiting.lost("w", 1) == [], "this loss is the first of the second recipe"
