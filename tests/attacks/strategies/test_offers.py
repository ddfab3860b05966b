from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from attacks.strategies.offers import Offers
from attacks.words import Words


@pytest.fixture
def dice(table: Any) -> Any:
    class Dice(table):  # type: ignore[misc]
        def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
            return [f"{words[index]}{rng.randrange(10**9)}"]

    return Dice({}, name="dice")


def test_a_word_is_offered_the_same_whenever_it_is_visited(trial_of: Any, dice: Any) -> None:
    one, two = (Offers(trial_of("a b c", lambda t: 0.9), (dice,)) for _ in range(2))
    forwards = [one.at(i) for i in (0, 1, 2)]
    assert [two.at(i) for i in (2, 1, 0)] == forwards[::-1]
    assert one.at(0) == forwards[0]


def test_offers_differ_by_seed_word_and_transformation(trial_of: Any, dice: Any) -> None:
    offers = Offers(trial_of("a a", lambda t: 0.9), (dice, dice))
    assert len({new for i in (0, 1) for _, new in offers.at(i)}) == 4
    assert Offers(trial_of("a a", lambda t: 0.9, seed=1), (dice,)).at(0) != offers.at(0)[:1]


def test_offers_are_distinct_keep_their_technique_and_never_repeat_the_word(trial_of: Any, table: Any) -> None:
    swaps = (table({"a": ["x", "a", "y"]}, name="one"), table({"a": ["y", "z"]}, name="two"))
    assert Offers(trial_of("a", lambda t: 0.9), swaps).at(0) == (("one", "x"), ("one", "y"), ("two", "z"))


def test_candidates_carry_words_and_technique(trial_of: Any, table: Any) -> None:
    offers = Offers(trial_of("a, b!", lambda t: 0.9), (table({"b": ["B"]}, name="upper"),))
    with pytest.raises(StopIteration) as end:
        next(offers.proposed(offers.origin.replace(0, "X"), 1))
    (candidate,) = end.value.value
    assert (candidate.text, candidate.technique) == ("X, B!", "upper")
    assert candidate.words is not None
    assert candidate.words.changed == (0, 1)


def test_changed_words_are_not_editable(trial_of: Any, table: Any) -> None:
    offers = Offers(trial_of("a b", lambda t: 0.9), (table({}),))
    assert offers.editable(offers.origin) == [0, 1]
    assert offers.editable(offers.origin.replace(0, "x")) == [1]
