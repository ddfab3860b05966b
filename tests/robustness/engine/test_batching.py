"""Which items share a batch: never more than there is room for, whole multiples, and padding at its price."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from robustness.engine.batching import Pending

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=80)


def pending(lengths: list[int], **changes: Any) -> Pending[tuple[int, int]]:
    options = {"batch_tokens": 256, "row_quantum": 4, "length_quantum": 4, "mixed": (16, 128), "padding_cost": 1.0, **changes}
    queue: Pending[tuple[int, int]] = Pending(**options)
    for n, length in enumerate(lengths):
        queue.add((n, length), length)
    return queue


def drained(queue: Pending[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    batches = []
    while queue:
        batches.append(queue.cut())
    return batches


@given(lengths=LENGTHS, cost=st.sampled_from((0.0, 0.2, 1.0)), quantum=st.sampled_from((0, 4)))
def test_every_item_goes_out_once_and_no_batch_has_more_than_its_tokens(lengths: list[int], cost: float, quantum: int) -> None:
    batches = drained(pending(lengths, padding_cost=cost, row_quantum=quantum, mixed=(16, 128) if quantum else (1, 1 << 30)))
    assert sorted(item for batch in batches for item in batch) == list(enumerate(lengths))
    for batch in batches:
        top = max(length for _, length in batch)
        if len(batch) > max(quantum, 1):
            assert sum(length + cost * (top - length) for _, length in batch) <= 256


def test_where_padding_is_cheap_lengths_far_apart_share_a_batch() -> None:
    lengths = [60] + [30] * 6
    assert len(drained(pending(lengths, padding_cost=1.0, batch_tokens=512, row_quantum=0))) == 2
    assert len(drained(pending(lengths, padding_cost=0.1, batch_tokens=512, row_quantum=0))) == 1


def test_cheap_padding_leaves_room_for_more_rows() -> None:
    lengths = [64] + [16] * 11
    assert [len(batch) for batch in drained(pending(lengths, padding_cost=0.0))] == [12]
    assert [len(batch) for batch in drained(pending(lengths, padding_cost=1.0))] == [11, 1]


def test_the_longest_go_first_where_that_costs_hardly_more() -> None:
    queue = pending([20] * 12 + [60] * 2, padding_cost=0.03, row_quantum=1)
    assert max(queue.cut())[1] == 60  # in good company
    queue = pending([20] * 12 + [60], padding_cost=1.0, row_quantum=1)
    assert [length for _, length in queue.cut()] == [20] * 12  # alone it would cost as much as itself again


def test_a_full_batch_has_a_multiple_of_the_quantum() -> None:
    assert [len(batch) for batch in drained(pending([20] * 30))] == [12, 12, 6]


def test_lengths_outside_the_range_never_mix() -> None:
    for batch in drained(pending([130, 140, 150, 20, 30, 40], padding_cost=0.0, batch_tokens=4096)):
        assert len({length > 128 for _, length in batch}) == 1
        assert len(batch) == 1 or max(batch)[1] <= 128
