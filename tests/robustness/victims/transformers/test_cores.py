"""A batch shared among cores: the same bits as on one, whatever the number of threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import get_ident

import numpy as np
import pytest

from attacks.search import Input
from robustness.auditing import open_victim
from robustness.helpers.encoder import load_encoder
from robustness.victims.transformers.fast.cores import by_parts, parts, shareable

torch = pytest.importorskip("torch")
TEXTS: list[Input] = [(" ".join(["a slow but moving film about two brothers"] * (1 + n % 3)),) for n in range(16)]


@pytest.fixture
def two_threads() -> Iterator[None]:
    """torch may use two threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_rows_asked_in_parts_come_back_in_their_order() -> None:
    """Each row's answer stands where the row stood, and the work was done on two threads that torch gives one each."""
    seen: dict[int, int] = {}

    def forward(rows: list[int]) -> np.ndarray:
        seen[get_ident()] = torch.get_num_threads()
        together.wait(timeout=20)
        return np.array([[row * 10, row] for row in rows])

    from threading import Barrier

    together = Barrier(2)
    answers = by_parts(forward, list(range(12)), [5 + row % 4 for row in range(12)], 4)
    assert answers.tolist() == [[row * 10, row] for row in range(12)]
    assert list(seen.values()) == [1, 1]
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_a_batch_of_one_quantum_is_not_split() -> None:
    """Four rows, or rows that fill no quantum, stay one call on the caller's thread."""
    for count in (4, 7, 1):
        calls: list[tuple[int, int]] = []

        def forward(rows: list[int], calls: list[tuple[int, int]] = calls) -> np.ndarray:
            calls.append((get_ident(), len(rows)))
            return np.array(rows)

        by_parts(forward, list(range(count)), [9] * count, 4)
        assert calls == [(get_ident(), count)]


@pytest.mark.usefixtures("two_threads")
def test_what_a_part_raises_is_raised() -> None:
    """An answer that failed is no answer."""

    def forward(rows: list[int]) -> np.ndarray:
        raise ValueError(f"cannot read {min(rows)}")

    with pytest.raises(ValueError, match="cannot read"):
        by_parts(forward, list(range(8)), [3] * 8, 4)


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
def test_parts_hold_each_row_once_and_whole_quanta(cores: int) -> None:
    """No row is lost or asked twice; only multiples of the quantum; tokens dealt out evenly."""
    lengths = [7, 30, 12, 12, 55, 8, 9, 10, 11, 40, 41, 42, 16, 20, 24, 28]
    found = parts(lengths, cores, 4)
    assert sorted(row for part in found for row in part) == list(range(16))
    assert all(len(part) % 4 == 0 and part for part in found)
    assert len(found) == min(cores, 4)


def test_where_rows_are_free_parts_hold_the_same_number_of_tokens_and_the_long_stand_together() -> None:
    lengths = [10, 60, 12, 58, 14, 20, 30, 8]
    first, second = parts(lengths, 2, 1)
    assert [lengths[row] for row in first] == [60, 58]
    assert sorted(lengths[row] for row in second) == [8, 10, 12, 14, 20, 30]


def test_each_of_two_rows_is_a_part() -> None:
    assert parts([40, 9], 2, 1) == [[0], [1]]
    assert parts([40], 2, 1) == [[0]]


@pytest.mark.usefixtures("two_threads")
def test_scores_and_vectors_are_the_same_bits_on_one_thread_and_two() -> None:
    """A real classifier and a real encoder."""
    victim, encoder = open_victim("demo"), load_encoder("minilm")
    assert encoder is not None
    shared, vectors = np.asarray(victim.predict(TEXTS)), encoder.encode([text for (text,) in TEXTS])
    torch.set_num_threads(1)
    assert np.array_equal(shared, np.asarray(victim.predict(TEXTS)))
    assert np.array_equal(vectors, encoder.encode([text for (text,) in TEXTS]))


def test_a_model_of_foreign_classes_is_asked_by_one_thread_at_a_time() -> None:
    """Its forward may keep notes between calls."""

    class Counting(torch.nn.Linear):  # type: ignore[misc,name-defined]
        pass

    assert shareable(torch.nn.Sequential(torch.nn.Linear(2, 2)))
    assert not shareable(torch.nn.Sequential(torch.nn.Linear(2, 2), Counting(2, 2)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.usefixtures("two_threads")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_makes_threads_of_its_own() -> None:
    """Those of its parent do not survive the fork."""
    by_parts(lambda rows: np.array(rows), list(range(8)), [3] * 8, 4)
    child = os.fork()
    if child == 0:
        import signal

        signal.alarm(20)
        answers = by_parts(lambda rows: np.array(rows), list(range(8)), [3] * 8, 4)
        os._exit(0 if answers.tolist() == list(range(8)) else 1)
    assert os.waitpid(child, 0)[1] == 0
