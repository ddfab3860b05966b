"""Searches that ask models beside the victim, driven by hand: gradients, flips, fillings, reductions."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from attacks.constraints.stopwords import StopWords
from attacks.search import BudgetExhaustedError, Fill, Flips, Gradients, Prediction, Query, Trial
from attacks.strategies.flipping import FlipBeam
from attacks.strategies.greedy import Greedy
from attacks.strategies.infilling import Infilling
from attacks.strategies.ranking import ByGradient, InOrder
from attacks.strategies.reduction import Reduction
from robustness.tasks.classification import KeepAnswer, against


def test_words_are_tried_by_falling_gradient_and_the_ranking_costs_no_query(drive: Any, table: Any) -> None:
    def norms(request: Gradients) -> list[list[float]]:
        assert request == Gradients((("one two three",),), 0, 1)
        return [[0.1, 0.3, 0.2]]

    swaps = (table({"one": ["a"], "two": ["b"], "three": ["c"]}),)
    ran = drive(Greedy(swaps, ByGradient()), "one two three", lambda text: 0.9, rewriter=norms)
    assert ran.asked == ["one b three", "one two c", "a two three"]


def test_of_all_flips_only_the_most_gainful_are_asked(drive: Any, table: Any) -> None:
    asked: list[Flips] = []

    def gains(request: Flips) -> list[list[list[tuple[str, float]]]]:
        asked.append(request)
        value = {"a": 3.0, "b": 1.0, "c": 2.0, "d": 9.0}
        return [[sorted(((w, value[w]) for w in among), key=lambda p: -p[1]) for among in request.among]]

    swaps = (table({"one": ["b", "a"], "two": ["c", "d"]}),)
    belief = {"one d": 0.6, "a two": 0.7, "a d": 0.2}
    ran = drive(FlipBeam(swaps, width=2), "one two", lambda text: belief.get(text, 0.9), rewriter=gains)
    assert ran.requests[0] == ["one d", "a two"]
    assert asked[0].spans == ((0, 3), (4, 7))
    assert asked[0].among == (("b", "a"), ("c", "d"))
    assert [request.inputs for request in asked[1:]] == [(("one d",),), (("a two",),)], "best of the beam first, as it stands"
    assert ran.won == "a d"


def test_blanks_are_asked_of_the_text_as_it_stands(drive: Any) -> None:
    asked: list[Fill] = []

    def fillings(request: Fill) -> list[list[tuple[str, float]]]:
        asked.append(request)
        return [[("Film", 0.5), ("bad", 0.3), ("dull", 0.1)]]

    belief = {"Bad movie": 0.7, "Bad bad": 0.3}
    ran = drive(Infilling(InOrder(), n=7), "Film movie", lambda text: belief.get(text, 0.9), rewriter=fillings)
    assert asked[0] == Fill((("", " movie"),), 7)
    assert asked[1] == Fill((("Bad ", ""),), 7)
    assert ran.requests[0] == ["Bad movie", "Dull movie"], "the word itself is no filling, and letter case stays"
    assert ran.won == "Bad bad"


def test_an_unmasked_word_is_told_and_a_forbidden_one_not_asked(drive: Any) -> None:
    asked: list[Fill] = []

    def fillings(request: Fill) -> list[list[tuple[str, float]]]:
        asked.append(request)
        return [[]]

    drive(Infilling(InOrder(), (StopWords(),), masked=False), "the movie", lambda text: 0.9, rewriter=fillings)
    assert [request.standing for request in asked] == [("movie",)]


def _reduce(belief: dict[str, float], text: str, search: Reduction, budget: int | None = None) -> tuple[Trial, list[str]]:
    def predict(one: str) -> Prediction:
        return Prediction(int(belief.get(one, 0.1) >= 0.5), (1 - belief.get(one, 0.1), belief.get(one, 0.1)))

    trial = Trial(inputs=(text,), gold=1, judge=against(1, KeepAnswer()), clean=predict(text), rng=Random(0), budget=budget)
    run, asked, answer = search.search(trial), list[str](), None
    while True:
        try:
            request: Any = run.send(answer)
        except (StopIteration, BudgetExhaustedError):
            return trial, asked
        assert isinstance(request, Query)
        asked += [one for (one,) in request.inputs]
        answer = [predict(one) for (one,) in request.inputs]


def test_the_least_important_word_goes_first_and_one_word_is_a_success() -> None:
    belief = {"a b c": 0.9, "b c": 0.6, "a c": 0.8, "a b": 0.7, "c": 0.55, "a": 0.2}
    trial, asked = _reduce(belief, "a b c", Reduction(widths=(1,)))
    assert asked == ["b c", "a c", "a b", "c", "a"]
    assert trial.winner is not None
    assert trial.winner[0].text == "c"
    assert trial.winner[1].reached


def test_a_wider_beam_is_tried_where_the_narrow_one_is_stuck() -> None:
    belief = {"a b c": 0.9, "a c": 0.8, "b c": 0.7, "b": 0.6}
    stuck, _ = _reduce(belief, "a b c", Reduction(widths=(1,)))
    wide, asked = _reduce(belief, "a b c", Reduction(widths=(1, 2)))
    assert stuck.winner is None
    assert wide.winner is not None
    assert wide.winner[0].text == "b"
    assert len(asked) == len(set(asked))


def test_a_text_of_one_word_is_not_reduced() -> None:
    trial, asked = _reduce({"a": 0.9}, "a", Reduction())
    assert (trial.winner, asked) == (None, [])


@pytest.mark.parametrize("make", [lambda: Reduction(widths=()), lambda: Infilling(InOrder(), n=0), lambda: FlipBeam(())])
def test_bad_arguments_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"must be|needs at least"):
        make()
