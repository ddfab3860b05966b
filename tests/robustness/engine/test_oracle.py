"""Oracles: one answer per item, whatever is batched with it; failures stay with the item that failed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from attacks.search import UnansweredError
from robustness.engine.oracle import Oracle
from robustness.errors import TooLargeError, VictimError, VictimTimeoutError


class Shouter:
    """Answers upper case, keeps the batches it was given, fails on what it is told to."""

    def __init__(
        self,
        quantum: int = 0,
        fails: Sequence[str] = (),
        error: type[VictimError] = VictimError,
        mixed: tuple[int, int] = (0, 0),
    ) -> None:
        self.row_quantum = quantum
        self.length_quantum = 1
        self.mixed_lengths, self.padding_cost = mixed, 1.0
        self.fails = fails
        self.error = error
        self.batches: list[list[str]] = []

    def lengths(self, items: Sequence[str]) -> list[int]:
        return [len(item) for item in items]

    def compute(self, items: Sequence[str]) -> list[str]:
        self.batches.append(list(items))
        bad = [item for item in items if item in self.fails]
        if bad:
            raise self.error(f"cannot read {bad[0]}")
        return [item.upper() for item in items]


def drain(oracle: Oracle[str, str]) -> dict[int, list[str] | UnansweredError]:
    """Pump until nothing is pending."""
    found: dict[int, list[str] | UnansweredError] = {}
    while oracle.pending:
        found.update(oracle.pump())
    return found


def test_answers_come_in_the_order_asked() -> None:
    oracle = Oracle(Shouter(), batch_tokens=4)
    oracle.submit(1, ["bb", "a", "ccc", "a"])
    oracle.submit(2, ["ccc", "dd"])
    assert drain(oracle) == {1: ["BB", "A", "CCC", "A"], 2: ["CCC", "DD"]}


def test_each_distinct_item_is_computed_once() -> None:
    backend = Shouter()
    oracle = Oracle(backend)
    oracle.submit(1, ["a", "b", "a"])
    oracle.submit(2, ["b", "c"])
    drain(oracle)
    oracle.submit(3, ["a", "b", "c"])
    assert drain(oracle) == {3: ["A", "B", "C"]}
    assert sorted(item for batch in backend.batches for item in batch) == ["a", "b", "c"]
    assert (oracle.usage.asked, oracle.usage.forwards, oracle.usage.shared) == (8, 3, 5)


def test_batches_keep_to_the_token_budget() -> None:
    backend = Shouter()
    oracle = Oracle(backend, batch_tokens=64)
    oracle.submit(1, [f"{i:016d}" for i in range(30)])
    drain(oracle)
    assert {len(batch) for batch in backend.batches} == {4, 2}


def test_quantum_batches_hold_one_exact_length_and_full_rows() -> None:
    backend = Shouter(quantum=4)
    oracle = Oracle(backend, batch_tokens=40)
    oracle.submit(1, [f"{i:03d}" for i in range(10)] + [f"{i:05d}" for i in range(7)])
    answers = drain(oracle)[1]
    assert not isinstance(answers, UnansweredError)
    assert len(answers) == 17
    assert all(len(set(map(len, batch))) == 1 and len(batch) % 4 == 0 for batch in backend.batches)
    assert oracle.usage.padding == sum(map(len, backend.batches)) - 17


def test_lengths_that_mix_share_a_batch_where_that_is_cheaper_than_two() -> None:
    backend = Shouter(quantum=4, mixed=(3, 8))
    oracle = Oracle(backend, batch_tokens=400)
    items = [f"{i:0{length}d}" for length in (1, 3, 5, 8, 30) for i in range(3)]
    oracle.submit(1, items)
    assert drain(oracle)[1] == items
    assert sorted(sorted({*map(len, batch)}) for batch in backend.batches) == [[1, 3, 5, 8], [30]], "too long to mix: alone"
    assert oracle.usage.padding == 0 + 1, "twelve rows, and three that are filled up to four"


def test_rows_that_fill_a_batch_up_repeat_its_shortest_item() -> None:
    backend = Shouter(quantum=4, mixed=(3, 8))
    oracle = Oracle(backend, batch_tokens=400)
    oracle.submit(1, ["12345678", "abc", "12345", "123", "1234567", "123456"])
    drain(oracle)
    (batch,) = backend.batches
    assert batch == ["12345678", "1234567", "123456", "12345", "abc", "123", "123", "123"]


def test_a_batch_never_grows_past_the_token_budget_by_mixing() -> None:
    backend = Shouter(quantum=4, mixed=(3, 64))
    oracle = Oracle(backend, batch_tokens=160)
    oracle.submit(1, [f"{i:0{length}d}" for length in range(4, 21, 2) for i in range(4)])
    drain(oracle)
    assert all(len(batch) * max(map(len, batch)) <= 160 for batch in backend.batches)
    assert len(backend.batches) < 9


def test_many_short_items_are_not_padded_to_a_long_one() -> None:
    backend = Shouter(quantum=4, mixed=(3, 128))
    oracle = Oracle(backend, batch_tokens=4096)
    oracle.submit(1, [f"{i:04d}" for i in range(60)] + ["x" * 128])
    drain(oracle)
    assert sorted(map(len, backend.batches)) == [4, 60]


class Narrow(Shouter):
    """Has memory for three items at a time, of no more than 20 characters each."""

    batch_tokens, batch_overhead = 4096, 64

    def compute(self, items: Sequence[str]) -> list[str]:
        if len(items) > 3 or max(map(len, items)) > 20:
            self.batches.append(list(items))
            raise TooLargeError("the victim raised OutOfMemoryError: no room")
        return super().compute(items)


def test_a_batch_too_large_for_the_memory_is_asked_in_smaller_ones() -> None:
    backend = Narrow()
    oracle = Oracle(backend)
    items = [f"{i:04d}" for i in range(10)]
    oracle.submit(1, items)
    oracle.submit(2, ["x" * 30])
    found = drain(oracle)
    assert found[1] == items
    assert isinstance(found[2], UnansweredError)
    assert oracle.usage.rescued == 0, "nothing is wrong with a victim that has no room for more"


def test_a_backend_says_how_large_its_batches_get() -> None:
    backend = Shouter()
    items = [f"{i:016d}" for i in range(300)]
    for said, largest in ((None, 128), (64, 4), (8192, 300)):
        backend.batches.clear()
        if said:
            vars(backend)["batch_tokens"] = said
        oracle = Oracle(backend)
        oracle.submit(1, items)
        drain(oracle)
        assert max(map(len, backend.batches)) == largest
    backend.batches.clear()
    told = Oracle(backend, batch_tokens=32)
    told.submit(1, items)
    drain(told)
    assert max(map(len, backend.batches)) == 2


def test_one_bad_item_fails_only_those_who_asked_for_it() -> None:
    oracle = Oracle(Shouter(fails=["x7"]))
    oracle.submit(1, [f"x{i}" for i in range(7)])
    oracle.submit(2, ["x7", "x1"])
    oracle.submit(3, ["x8"])
    found = drain(oracle)
    assert found[1] == [f"X{i}" for i in range(7)]
    assert found[3] == ["X8"]
    assert isinstance(found[2], UnansweredError)
    assert "cannot read x7" in str(found[2])


def test_a_failed_item_is_not_computed_again() -> None:
    backend = Shouter(fails=["bad"])
    oracle = Oracle(backend)
    oracle.submit(1, ["bad"])
    drain(oracle)
    before = len(backend.batches)
    oracle.submit(2, ["bad"])
    assert isinstance(drain(oracle)[2], UnansweredError)
    assert len(backend.batches) == before


def test_time_outs_end_the_run_after_a_few() -> None:
    oracle = Oracle(Shouter(fails=["a", "b", "c"], error=VictimTimeoutError), max_timeouts=3)
    oracle.submit(1, ["a", "b", "c"])
    with pytest.raises(VictimTimeoutError):
        drain(oracle)


def test_cache_drops_the_oldest() -> None:
    backend = Shouter()
    oracle = Oracle(backend, cache_size=2)
    for ticket, item in enumerate(["a", "b", "c", "c", "a"]):
        oracle.submit(ticket, [item])
        drain(oracle)
    assert backend.batches == [["a"], ["b"], ["c"], ["a"]]


def test_a_request_that_waits_keeps_the_answers_that_the_cache_forgot() -> None:
    backend = Shouter()
    oracle = Oracle(backend, cache_size=1, batch_tokens=1)
    oracle.submit(1, ["a", "b", "c"])
    oracle.submit(2, ["c", "a"])
    assert drain(oracle) == {1: ["A", "B", "C"], 2: ["C", "A"]}
    assert backend.batches == [["a"], ["b"], ["c"]]


def test_empty_request_is_answered_at_once() -> None:
    oracle = Oracle(Shouter())
    oracle.submit(1, [])
    assert drain(oracle) == {1: []}


def test_batch_tokens_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Oracle(Shouter(), batch_tokens=0)
