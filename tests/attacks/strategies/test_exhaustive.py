from __future__ import annotations

from typing import Any

import pytest

from attacks.strategies.exhaustive import Exhaustive


def test_one_round_tries_every_single_change_on_the_original(drive: Any, table: Any) -> None:
    ran = drive(Exhaustive((table({"a": ["A", "B"], "c": ["C"]}),)), "a c", lambda t: 0.9 - 0.1 * ("B" in t))
    assert ran.requests == [["A c", "B c"], ["a C"]]
    assert (ran.won, ran.exhausted) == (None, False)


def test_it_ends_at_the_first_word_with_a_success(drive: Any, table: Any) -> None:
    swap = table({"a": ["A"], "b": ["x", "y"], "c": ["z"]})
    belief = {"a b c": 0.9, "A b c": 0.8, "a x c": 0.4, "a y c": 0.2}
    ran = drive(Exhaustive((swap,)), "a b c", belief.__getitem__)
    assert (ran.won, ran.asked) == ("a y c", ["A b c", "a x c", "a y c"])


def test_further_rounds_start_from_the_best_and_leave_changed_words_alone(drive: Any, table: Any) -> None:
    swap = table({"a": ["A"], "b": ["B"]})
    ran = drive(Exhaustive((swap,), rounds=5), "a b", lambda t: 0.9 - 0.1 * ("A" in t) - 0.2 * ("B" in t))
    assert ran.requests == [["A b"], ["a B"], ["A B"]]
    assert ran.trial.best.text == "A B"


def test_rounds_end_when_nothing_comes_closer(drive: Any, table: Any) -> None:
    ran = drive(Exhaustive((table({"a": ["A"]}),), rounds=9), "a a", lambda t: 0.9)
    assert (len(ran.asked), ran.trial.tally.attempted) == (2, 2)


def test_wrong_arguments_say_what_was_expected(table: Any) -> None:
    with pytest.raises(ValueError, match="at least one transformation"):
        Exhaustive(())
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        Exhaustive((table({}),), rounds=0)
    with pytest.raises(ValueError, match="prefer must be one of"):
        Exhaustive((table({}),), prefer="best")
