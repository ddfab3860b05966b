"""Fresh answers to a text and to the original decide whether a success of the search was one."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from scipy.stats import binom, fisher_exact

from attacks.search.confirming import (
    CONFIRMED,
    ERROR,
    REFUTED,
    UNDECIDED,
    Confirmation,
    chance,
    confirmation,
    controls,
    level,
    majority,
)
from attacks.search.requests import Prediction, Search, Unusable, Verdict

BROKEN, HELD = Verdict("text", Prediction(1), 1.0, True), Verdict("text", Prediction(0), 0.0, False)
LOST = Verdict("text", Unusable("truncated", "cut off"), 0.0, False)


def answers(drawn: Iterator[Verdict], asked: list[int]) -> object:
    def ask(times: int) -> Search[list[Verdict]]:
        asked.append(times)
        yield from ()
        return [next(drawn) for _ in range(times)]

    return ask


def settled(fresh: str, clean: int = 0, *, times: int = 5, rank: int = 1) -> tuple[Confirmation, list[int], list[int]]:
    """``fresh``: a letter for each answer to the text, b broken, h held, l lost; ``clean``: how many to the original break."""
    told = {"b": BROKEN, "h": HELD, "l": LOST}
    asked: tuple[list[int], list[int]] = ([], [])
    texts = answers((told[letter] for letter in fresh), asked[0])
    original = answers(iter([BROKEN] * clean + [HELD] * 99), asked[1])
    search = confirmation(texts, original, times=times, rank=rank)  # type: ignore[arg-type]
    with pytest.raises(StopIteration) as end:
        next(search)
    found: Confirmation = end.value.value
    return found, *asked


@pytest.mark.parametrize(
    ("fresh", "clean", "state"),
    [
        ("bbbbb", 0, CONFIRMED),
        ("bbhbh", 0, CONFIRMED),
        ("hhh", 0, REFUTED),
        ("bbhhh", 0, REFUTED),
        ("bbbbb", 5, UNDECIDED),
        ("bbhbh", 1, UNDECIDED),
        ("bblhl", 0, UNDECIDED),
        ("lllll", 0, UNDECIDED),
    ],
)
def test_most_answers_must_break_and_more_than_the_originals(fresh: str, clean: int, state: str) -> None:
    found, asked, _ = settled(fresh, clean)
    assert (found.state, found.asked, sum(asked)) == (state, len(fresh), len(fresh))


def test_a_lucky_text_is_asked_no_more_often_than_refutes_it_and_the_original_not_at_all() -> None:
    found, asked, control = settled("hhh")
    assert (found.asked, asked, control) == (3, [3], [])
    assert settled("bhhh")[1] == [3, 1], "one more, since two of three held"


def test_a_confirmed_text_gets_all_its_answers_so_that_its_interval_is_exact() -> None:
    found, _, control = settled("bbbbb")
    assert (found.asked, found.reached, control) == (5, 5, [controls(5, 1)])


def test_an_answer_of_the_original_that_is_none_speaks_against_the_text() -> None:
    search = confirmation(
        answers(iter([BROKEN] * 5), []),  # type: ignore[arg-type]
        answers(iter([LOST] * 10), []),  # type: ignore[arg-type]
        times=5,
        rank=1,
    )
    with pytest.raises(StopIteration) as end:
        next(search)
    assert (end.value.value.state, end.value.value.control_reached) == (UNDECIDED, 10)


def test_the_more_a_trial_found_the_more_the_next_must_show() -> None:
    assert settled("bbhbh", rank=1)[0].state == CONFIRMED
    assert settled("bbhbh", rank=3)[0].state == UNDECIDED
    assert settled("bbbbb", rank=30)[0].state == CONFIRMED
    assert sum(map(level, range(1, 10_000))) < ERROR


def test_the_p_value_is_that_of_fishers_exact_test() -> None:
    draw = Random(0)
    for _ in range(200):
        asked, control = draw.randint(1, 12), draw.randint(1, 30)
        table = (draw.randint(0, asked), draw.randint(0, control))
        expected = fisher_exact([[table[0], asked - table[0]], [table[1], control - table[1]]], alternative="greater")
        assert chance(table[0], asked, table[1], control) == pytest.approx(expected.pvalue, abs=1e-12)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 0.45])
@pytest.mark.parametrize("queries", [50, 500])
def test_a_robust_victim_is_called_broken_no_more_often_than_stated(rate: float, queries: int) -> None:
    """Summed exactly for a search that asks so many texts, each breaking at the rate of the original."""
    wrongly = 0.0
    found = 1.0  # chance that the search has found this many successes or more
    for rank in range(1, queries + 1):
        found = float(binom.sf(rank - 1, queries, rate))
        wrongly += found * _confirmed_by_luck(rate, rank)
    assert wrongly <= ERROR


def _confirmed_by_luck(rate: float, rank: int, times: int = 5) -> float:
    control = controls(times, rank)
    return sum(
        float(binom.pmf(r, times, rate) * binom.pmf(c, control, rate))
        for r in range(majority(times), times + 1)
        for c in range(control + 1)
        if chance(r, times, c, control) <= level(rank)
    )
