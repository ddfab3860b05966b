"""Neighbours: the shipped table, and matrices of the user's own."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attacks.language.lexicon import BuiltinLexicon
from attacks.language.morphology import lemmas
from attacks.language.vectors import FLOOR, BuiltinNeighbours, VectorNeighbours, quantise
from attacks.transformations.base import WordSwap
from attacks.transformations.words.embedding import EmbeddingNeighbour
from attacks.transformations.words.synonyms import Synonym
from attacks.words import Words

NEAR = BuiltinNeighbours()


def names(word: str, n: int = 50) -> list[str]:
    return [other for other, _ in NEAR.nearest(word, n)]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("movie", "film"),
        ("movies", "films"),
        ("terrible", "awful"),
        ("excellent", "superb"),
        ("loved", "adored"),
        ("quickly", "rapidly"),
    ],
)
def test_synonyms_are_among_the_nearest(word: str, near: str) -> None:
    assert near in names(word, 10)


@pytest.mark.parametrize(
    ("word", "antonym"),
    [
        ("good", "bad"),
        ("bad", "good"),
        ("hot", "cold"),
        ("quickly", "slowly"),
        ("boring", "interesting"),
        ("best", "worst"),
        ("love", "hate"),
    ],
)
def test_antonyms_are_no_neighbours(word: str, antonym: str) -> None:
    assert NEAR.nearest(word, 1)
    assert antonym not in names(word)


@pytest.mark.parametrize("word", "good bad hot cold rise fall early late strong weak open close happy sad".split(" "))
def test_no_antonym_of_any_sense_is_offered(word: str) -> None:
    antonyms = BuiltinLexicon().antonyms(word)
    assert all(lemmas(other).isdisjoint(antonyms) for other in names(word))


def test_neighbours_come_nearest_first_down_to_the_floor() -> None:
    for word in ("film", "music", "run"):
        cosines = [cosine for _, cosine in NEAR.nearest(word, 50)]
        assert cosines == sorted(cosines, reverse=True)
        assert FLOOR <= cosines[-1] <= cosines[0] <= 1
        assert NEAR.nearest(word, 3) == NEAR.nearest(word, 50)[:3]


@pytest.mark.parametrize("word", ["", "xyzzy", "the", "Film", "\ud800", "a\nb"])
def test_unknown_words_have_no_neighbours(word: str) -> None:
    assert NEAR.nearest(word, 5) == ()


def test_cosines_survive_their_packing() -> None:
    cosines = np.array([0.5, 0.731, 0.999, 1.0], np.float32)
    unpacked = FLOOR + quantise(cosines).astype(float) * (1 - FLOOR) / 255
    assert np.abs(unpacked - cosines).max() <= 0.001


WORDS = ["north", "east", "northeast", "south", "nowhere", "north"]
VECTORS = np.array([[0, 2], [1, 0], [1, 1], [0, -1], [0, 0], [5, 5]], np.float32)


def test_nearest_is_by_cosine_and_leaves_the_word_out() -> None:
    space = VectorNeighbours(WORDS, VECTORS)
    found = space.nearest("east", 2)
    assert [word for word, _ in found] == ["northeast", "north"]
    assert found[0][1] == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert space.nearest("up", 3) == ()
    assert "east" in space
    assert "up" not in space


def test_a_word_listed_twice_keeps_its_first_vector_and_never_neighbours_itself() -> None:
    space = VectorNeighbours(WORDS, VECTORS)
    assert [word for word, _ in space.nearest("north", 9)] == ["northeast", "east", "nowhere", "south"]
    assert all(word != "north" for word, _ in space.nearest("north", 9))


def test_many_rows_give_what_a_full_sort_gives() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(70_000, 4)).astype(np.float32)
    words = [f"w{i}" for i in range(len(vectors))]
    space = VectorNeighbours(words, vectors)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    order = np.argsort(-(unit @ unit[69_999]), kind="stable")[1:6]
    assert [word for word, _ in space.nearest("w69999", 5)] == [words[i] for i in order]
    space.prepare(["w1", "w2", "unknown", "w1"], 3)
    assert len(space.nearest("w2", 3)) == 3


@pytest.mark.parametrize("vectors", [np.zeros((2, 3, 1), np.float32), np.zeros((1, 3), np.float32)])
def test_words_and_vectors_must_agree(vectors: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="2 words came with an array of shape"):
        VectorNeighbours(["a", "b"], vectors)


def test_swaps_keep_the_letter_case() -> None:
    words = Words("Movies are GREAT")
    assert Synonym().swaps(words, 0, Random(0))[0] == "Films"
    assert "Films" in EmbeddingNeighbour().swaps(words, 0, Random(0))
    assert all(word.isupper() for word in EmbeddingNeighbour().swaps(words, 2, Random(0)))


def test_swaps_follow_their_parameters() -> None:
    words = Words("movie")
    assert len(Synonym(n=2).swaps(words, 0, Random(0))) == 2
    assert len(EmbeddingNeighbour(n=3).swaps(words, 0, Random(0))) == 3
    strict = EmbeddingNeighbour(min_cosine=0.9).swaps(words, 0, Random(0))
    assert 0 < len(strict) < len(EmbeddingNeighbour().swaps(words, 0, Random(0)))
    space = VectorNeighbours(["Paris", "paris", "rome"], np.array([[1, 0], [0, 1], [1, 0.1]], np.float32))
    assert EmbeddingNeighbour(space).swaps(Words("Paris"), 0, Random(0)) == ()
    assert VectorNeighbours(["Paris", "Rome"], np.eye(2, dtype=np.float32) + 1).nearest("Paris", 1)[0][0] == "Rome"


def test_a_cased_vocabulary_is_asked_in_its_own_case() -> None:
    space = VectorNeighbours(["Paris", "Rome"], np.array([[1, 0.1], [1, 0]], np.float32))
    assert EmbeddingNeighbour(space).swaps(Words("Paris"), 0, Random(0)) == ("Rome",)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Synonym(n=0), "positive"),
        (lambda: EmbeddingNeighbour(n=0), "positive"),
        (lambda: EmbeddingNeighbour(min_cosine=1.5), "between 0 and 1"),
    ],
)
def test_bad_arguments_fail_in_the_constructor(make: type[Synonym], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("technique", [Synonym(), EmbeddingNeighbour()], ids=repr)
@given(text=st.text(max_size=60), seed=st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_swaps_of_any_text_are_distinct_others(technique: WordSwap, text: str, seed: int) -> None:
    words = Words(text + " good Film")
    for index in range(len(words)):
        found = technique.swaps(words, index, Random(seed))
        assert words[index] not in found
        assert len(set(found)) == len(found)
    sample = technique.sample(text, 3, Random(seed))
    assert sample is None or sample.text != text
    assert sample == technique.sample(text, 3, Random(seed))
