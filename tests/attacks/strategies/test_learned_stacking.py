"""The search that learns: two changes at once where one promises little, and back with what a success does not need."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from attacks.strategies.learning.stacking import Stacking

WORDS = "one two three four five six"
LITTLE = {"kinds": {"": 0.02}, "techniques": {}}
MUCH = {"kinds": {"": 0.9}, "techniques": {}}


def _changed(text: str) -> set[str]:
    return {word.lower() for word in text.split() if word.isupper()}


def _capitals(table: Any) -> Any:
    return table({word: [word.upper()] for word in WORDS.split()})


def test_changes_that_promise_little_are_asked_about_in_pairs(drive: Any, table: Any) -> None:
    """Once scores have been seen to move; a change that promises much is asked about alone."""

    def score(text: str) -> float:
        return 0.9 - 0.06 * len(_changed(text))

    def at_once(start: Any) -> int:
        """The most words by which a text differs from the one before it, which every change here leads up to."""
        sizes = [0, *(len(_changed(text)) for text in drive(Stacking((_capitals(table),), start=start), WORDS, score).asked)]
        return max(after - before for before, after in pairwise(sizes))

    assert at_once(LITTLE) == 2
    assert at_once(MUCH) == 1


def test_of_two_changes_at_once_a_success_keeps_what_it_needs(drive: Any, table: Any) -> None:
    """One word decides: the success that is reported changes it and not the one that was asked about beside it."""
    pairs = 0
    for deciding in WORDS.split():

        def score(text: str, word: str = deciding) -> float:
            return 0.1 if word in _changed(text) else 0.9 + 0.001 * len(_changed(text))

        ran = drive(Stacking((_capitals(table),), start=LITTLE), WORDS, score)
        assert ran.won is not None
        assert _changed(ran.won) == {deciding}
        pairs += any(len(_changed(text)) == 2 and deciding in _changed(text) for text in ran.asked)
    assert pairs, "no success was asked about beside another change, so nothing was to be given back"
