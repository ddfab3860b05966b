"""The failure browser's data: every failure once, in a fair order, within a limit that it admits."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from reports.render.page import examples, failures
from reports.render.page.failures import failure_book
from reports.render.page.rows import failure_row
from reports.run import Judged, Outcome, Run

Make = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]


def unpacked(data: str) -> list[tuple[str, str]]:
    """The recipe and example of each row."""
    parsed = json.loads(data)
    return [(parsed["names"][row[1]], row[0]) for row in parsed["rows"]]


def test_every_failure_is_there_once_and_nothing_else(rich_run: Run) -> None:
    book = failure_book(rich_run)
    expected = sorted((o.recipe, o.example_id) for o in rich_run.outcomes if o.status == "succeeded")
    assert sorted(unpacked(book.data)) == expected
    assert book.total == book.embedded == len(expected)


def test_recipes_take_turns_smallest_changes_first(make_run: Make, make_outcome: MakeOutcome) -> None:
    made = [
        make_outcome("big", "one", words_changed=3),
        make_outcome("far", "one", words_changed=1, similarity=0.5),
        make_outcome("near", "one", words_changed=1, similarity=0.9),
        make_outcome("big", "two", words_changed=2),
    ]
    book = failure_book(make_run(made))
    assert unpacked(book.data) == [("one", "near"), ("two", "big"), ("one", "far"), ("one", "big")]


def test_a_row_says_how_far_the_true_label_fell(make_outcome: MakeOutcome) -> None:
    row = failure_row(make_outcome(), ("negative", "positive"))
    assert (row.clean, row.clean_score, row.after, row.after_score) == ("positive", 0.9, "negative", 0.7)
    assert row.flip == pytest.approx(0.6)
    assert row.scores == (("negative", 0.1, 0.7), ("positive", 0.9, 0.3))


def test_a_victim_of_labels_alone_has_no_scores(make_outcome: MakeOutcome) -> None:
    said = {"clean": Judged("positive"), "best": Judged("negative")}
    row = failure_row(make_outcome(**said), ("negative", "positive"))
    assert (row.clean_score, row.after_score, row.flip, row.scores) == (None, None, None, ())


def test_of_many_labels_only_the_named_ones_are_listed(make_outcome: MakeOutcome) -> None:
    labels = tuple(f"l{i}" for i in range(50))
    scores = tuple([0.02] * 50)
    said = {"reference": "l3", "clean": Judged("l3", scores), "best": Judged("l9", scores)}
    row = failure_row(make_outcome(**said), labels)
    assert [name for name, _, _ in row.scores] == ["l3", "l9"]


def test_the_other_fields_of_a_pair_come_along(make_outcome: MakeOutcome) -> None:
    pair = {"premise": "It rains.", "hypothesis": "a good film"}
    row = failure_row(make_outcome(texts=pair, field="hypothesis"), ("negative", "positive"))
    assert row.others == (("premise", "It rains.", 0),)


def test_what_does_not_fit_is_counted_not_hidden(
    make_run: Make, make_outcome: MakeOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "DATA_BYTES", 2000)
    book = failure_book(make_run([make_outcome(f"e{i}") for i in range(100)]))
    assert book.total == 100
    assert 0 < book.embedded < 100
    assert len(json.loads(book.data)["rows"]) == book.embedded
    assert sum(map(len, map(json.dumps, json.loads(book.data)["rows"]))) < 2600


def test_static_rows_are_limited_by_number_and_by_size(
    make_run: Make, make_outcome: MakeOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run([make_outcome(f"e{i:03d}") for i in range(250)])
    assert len(failure_book(run).static) == failures.STATIC_ROWS == 100
    monkeypatch.setattr(failures, "STATIC_BYTES", 1000)
    assert 0 < len(failure_book(run).static) < 20


def test_choices_are_numbered_as_in_the_data(rich_run: Run) -> None:
    book = failure_book(rich_run)
    names: list[Any] = json.loads(book.data)["names"]
    assert [names[at] for at, _ in book.recipes] == ["deepwordbug", "textfooler", "natural-typos"]
    assert [names[at] for at, _ in book.labels] == ["negative", "positive"]


def test_an_example_for_which_there_is_no_room_leaves_nothing_in_the_data(
    make_run: Make, make_outcome: MakeOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "EXAMPLE_BYTES", 3000)
    said = [make_outcome(f"e{i}", reference=f"reference {i}", gold=None, status="skipped", perturbed=None) for i in range(500)]
    data = json.loads(failure_book(make_run(said)).data)
    assert 0 < len(data["examples"]) < 100
    assert sum(name.startswith("reference ") for name in data["names"]) == len(data["examples"])


def test_a_further_example_takes_little_memory(make_run: Make, make_outcome: MakeOutcome) -> None:
    said = [make_outcome(f"example {i}", status="failed") for i in range(6_000)]

    def peak(outcomes: list[Outcome]) -> int:
        run = make_run(outcomes)
        tracemalloc.start()
        try:
            failure_book(run)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (peak(said) - peak(said[:3_000])) / 3_000 < 500  # bytes; a million examples are on this page


def test_names_with_numbers_are_in_the_order_of_the_numbers() -> None:
    names = ["a", "a2", "a10", "a-1", "a 3b", "b", "10", "9", "9a", "9 1", "12345678901234567890", "", "A7"]
    counted = {
        name: [(p, 0) if at % 2 == 0 else ("", int(p)) for at, p in enumerate(re.split("([0-9]{1,18})", name))] for name in names
    }
    assert sorted(names, key=examples._counted) == sorted(names, key=counted.__getitem__)
