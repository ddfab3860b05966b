"""Counter-fitting, on four words in a plane."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
HOT, COLD, WARM, TEPID = range(4)
VECTORS = np.array([[1, 0.1], [1, 0], [0.3, 1], [0.35, 1]], np.float32)
NONE = np.zeros((0, 2), np.int64)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return import_module("build_vectors")


@pytest.fixture
def start(script: Any) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = script.unit(VECTORS)
    return vectors


@pytest.fixture
def fit(script: Any, start: NDArray[np.float32]) -> Callable[..., NDArray[np.float32]]:
    def run(synonyms: list[tuple[int, int]], antonyms: list[tuple[int, int]], **settings: Any) -> NDArray[np.float32]:
        pairs = [np.array(p, np.int64).reshape(-1, 2) for p in (synonyms, antonyms)]
        fitted: NDArray[np.float32] = script.counter_fit(start, *pairs, script.Settings(**settings))
        return fitted

    return run


def test_antonyms_part_and_synonyms_meet(start: NDArray[np.float32], fit: Callable[..., NDArray[np.float32]]) -> None:
    fitted = fit([(HOT, WARM)], [(HOT, COLD)])
    assert start[HOT] @ start[COLD] > 0.99
    assert fitted[HOT] @ fitted[COLD] < 0.5
    assert fitted[HOT] @ fitted[WARM] > 0.9 > start[HOT] @ start[WARM]
    assert np.allclose(np.linalg.norm(fitted, axis=1), 1, atol=1e-5)


def test_close_neighbours_stay_with_a_word_that_moves(fit: Callable[..., NDArray[np.float32]]) -> None:
    kept = fit([(HOT, WARM)], [], rho=0.1)
    left = fit([(HOT, WARM)], [], rho=0.0)
    assert kept[WARM] @ kept[TEPID] > left[WARM] @ left[TEPID]


def test_without_pairs_nothing_moves(start: NDArray[np.float32], fit: Callable[..., NDArray[np.float32]]) -> None:
    assert np.allclose(fit([], []), start, atol=1e-6)


def test_close_pairs_are_those_within_the_radius(script: Any, start: NDArray[np.float32]) -> None:
    assert script.close_pairs(start, 0.1).tolist() == [[HOT, COLD], [WARM, TEPID]]


def test_separation_is_the_area_under_the_curve(script: Any) -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1], [-1, 0]], np.float32)
    near, far, tie = np.array([[0, 1]]), np.array([[0, 3]]), np.array([[0, 2], [2, 3]])
    assert script.separation(vectors, near, far) == 1
    assert script.separation(vectors, far, near) == 0
    assert script.separation(vectors, tie[:1], tie[1:]) == 0.5


def test_a_tenth_is_held_out_by_whole_units(script: Any) -> None:
    pairs = [script.Pair((f"a{i}", f"b{i}", "n"), ("n", i // 4), ((0, 1),)) for i in range(80)]
    fitted, held = script.held_out(pairs, lambda pair: pair.synset)
    assert len(held) == 8
    assert {p.synset for p in fitted}.isdisjoint(p.synset for p in held)
    assert script.held_out(pairs, lambda pair: pair.synset) == (fitted, held)


def test_ratings_are_held_against_cosines(script: Any, tmp_path: Path) -> None:
    words = ["hot", "cold", "warm", "tepid"]
    rated = tmp_path / "rated.tsv"
    rated.write_text("# a comment\nword1 word2 score\nhot cold 9\nWarm Tepid 8\nhot warm 1\nhot unknown 5\n", encoding="utf-8")
    found = script.similarity(rated, words, same=script.unit(VECTORS), turned=script.unit(VECTORS[[0, 2, 1, 3]]))
    assert found["pairs"] == 3
    assert found["same"] > 0 > found["turned"]
