"""Searches without scores: what they find, what they take back, and when a search that climbs gives way to them."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any

import pytest

from attacks.constraints.amount import MaxWordsChanged
from attacks.recipes import Options, build, names
from attacks.recipes.without_scores import unless_flat, without_scores
from attacks.search import BudgetExhaustedError, Candidate, Confirm, Prediction, Query, Trial
from attacks.strategies.evolution import Evolution
from attacks.strategies.greedy import Greedy
from attacks.strategies.hard_label.flat import FLAT, UnlessFlat
from attacks.strategies.ranking import Shuffled
from attacks.words import Words
from robustness.tasks.classification import against

TEXT = "one two three four five six seven eight nine ten eleven twelve"
WORDS = TEXT.split()
NEEDED = {"two", "seven", "nine"}


def belief(text: str) -> float:
    """All or nothing: it turns only where three certain words are gone at once, so that no single change is of any use."""
    return 0.0 if NEEDED.isdisjoint(text.split()) else 1.0


def swaps(table: Any) -> Any:
    return table({word: (f"{word}x", f"{word}y") for word in WORDS})


@pytest.fixture
def greedy(table: Any) -> Greedy:
    return Greedy((swaps(table),), Shuffled())


def test_stacks_break_what_single_changes_do_not_and_only_what_is_needed_is_left(drive: Any, greedy: Greedy) -> None:
    assert drive(greedy, TEXT, belief, budget=200).won is None
    ran = drive(greedy.without_scores(), TEXT, belief, budget=200)
    assert ran.trial.winner[0].words.changed == tuple(WORDS.index(word) for word in ("two", "seven", "nine"))
    assert ran.trial.details["won_at"] < ran.trial.queries <= 60


def test_what_turns_only_in_part_is_found_as_well(drive: Any, greedy: Greedy) -> None:
    """Changed all over, the text is answered rightly again: a full stack never turns it."""

    def partly(text: str) -> float:
        kept = set(text.split()) & set(WORDS)
        return 0.0 if NEEDED.isdisjoint(kept) and len(kept) > 4 else 1.0

    assert drive(greedy.without_scores(), TEXT, partly, budget=500).won is not None


def test_it_spends_its_budget_and_no_more(drive: Any, greedy: Greedy) -> None:
    for budget in (2, 3, 17, 60):
        ran = drive(greedy.without_scores(), TEXT, lambda _: 1.0, budget=budget)
        assert (ran.exhausted, ran.trial.queries) == (True, budget)
        assert len(ran.asked) == len(set(ran.asked)) == budget - 1
    won = drive(greedy.without_scores(), TEXT, belief, budget=4)
    assert won.trial.won
    assert won.trial.queries <= 4


def test_constraints_hold_for_every_stack(drive: Any, table: Any) -> None:
    rule = MaxWordsChanged(0.25)
    attack = Greedy((swaps(table),), Shuffled(), (rule,)).without_scores()
    ran = drive(attack, TEXT, belief, budget=300)
    attempted = [t for t in ran.asked if len(t.split()) == len(WORDS)]  # texts with words left out teach, and cannot win
    assert {sum(a != b for a, b in zip(t.split(), WORDS, strict=True)) for t in attempted} <= {1, 2, 3}
    assert ran.won is None or NEEDED.isdisjoint(ran.won.split())


def test_a_text_searched_through_ends_without_a_budget(drive: Any, table: Any) -> None:
    ran = drive(Greedy((table({"one": ("1",)}),), Shuffled()).without_scores(), "one two", lambda _: 1.0)
    assert (ran.asked[0], ran.won, ran.exhausted) == ("1 two", None, False)
    assert drive(Greedy((table({}),), Shuffled()).without_scores(), TEXT, belief).asked == []


def test_places_are_stacked_too(drive: Any, marker: Any) -> None:
    attack = Evolution((marker(),), edits=(1, 2, 3)).without_scores()
    ran = drive(attack, "a text of some length", lambda t: 0.0 if t.count("*") >= 2 else 1.0, budget=60)
    assert ran.won is not None
    assert ran.won.count("*") == 2


class Varying:
    """Answers that vary: what is asked afresh is turned only where more than the needed words are changed."""

    def __init__(self, least: int) -> None:
        self.least = least

    def fresh(self, text: str) -> Prediction:
        changed = sum(word not in WORDS for word in text.split())
        return Prediction(int(changed < self.least))


@pytest.mark.parametrize(("least", "won"), [(0, True), (99, False)])
def test_where_answers_vary_only_what_fresh_ones_bear_out_wins(greedy: Greedy, least: int, won: bool) -> None:
    victim, clean = Varying(least), Prediction(1)
    trial = Trial(inputs=(TEXT,), gold=1, judge=against(1), clean=clean, rng=Random(3), budget=120, confirm=5)
    search, answer = greedy.without_scores().search(trial), None
    asked = 0
    with contextlib.suppress(StopIteration, BudgetExhaustedError):
        while True:
            request = search.send(answer)
            if isinstance(request, Query):
                answer = [Prediction(int(belief(text) > 0.5)) for (text,) in request.inputs]
            else:
                assert isinstance(request, Confirm)
                asked += request.times
                answer = [victim.fresh(request.input[0]) if request.input[0] != TEXT else clean] * request.times
    assert trial.won is won
    if won:
        assert asked < 60, "changes taken back are not each confirmed"
        assert trial.winner is not None
        assert set(trial.winner[0].text.split()) & NEEDED == set()


def test_a_climbing_search_gives_way_where_no_score_moves(drive: Any, greedy: Greedy) -> None:
    attack = UnlessFlat(greedy, greedy.without_scores())
    ran = drive(attack, TEXT, belief, budget=200)
    assert ran.won is not None
    assert ran.trial.details["search"] == "flat"
    assert len(ran.asked) == len(set(ran.asked))


def test_a_search_whose_scores_move_is_the_same_as_before(drive: Any, greedy: Greedy) -> None:
    def moving(text: str) -> float:
        return 0.9 - 0.01 * sum(map(len, text.split())) / len(TEXT)

    plain, watched = (drive(one, TEXT, moving, budget=80) for one in (greedy, UnlessFlat(greedy, greedy.without_scores())))
    assert (plain.requests, plain.exhausted) == (watched.requests, watched.exhausted)
    assert "search" not in watched.trial.details
    assert len(plain.asked) > FLAT - 1


def test_a_restart_climbs_from_the_original_and_loses_nothing_of_the_outcome(trial_of: Any) -> None:
    trial = trial_of("a b", lambda _: 0.9)
    search = trial.attempt([Candidate("a c"), Candidate("d b")])
    next(search)
    with pytest.raises(StopIteration):
        search.send([Prediction(1, (0.3, 0.7)), Prediction(1, (0.2, 0.8))])
    best, closest, queries = trial.best, trial.closest, trial.queries
    trial.restart()
    assert trial.standing == trial.clean
    assert str(trial.best_words(Words(trial.text))) == "a b"
    assert (trial.best, trial.closest, trial.queries) == (best, closest, queries)
    again = trial.attempt([Candidate("d b")])
    with pytest.raises(StopIteration):
        next(again)
    assert (trial.standing.text, trial.best.text, trial.queries) == ("d b", "a c", queries)


@pytest.mark.parametrize("name", ["deepwordbug", "textbugger", "textfooler", "pwws", "bae", "bert-attack", "bad-characters", "annealing", "learned"])
def test_recipes_that_climb_on_scores_say_what_they_do_without(name: str) -> None:
    recipe = build(name, Options())
    other = without_scores(recipe)
    parameters = dict(other.parameters)
    assert other.access == "labels"
    assert parameters["search"].startswith("labels only")
    assert "ranking" not in parameters
    assert other.note.startswith(recipe.note)
    assert other.note != recipe.note
    assert parameters["constraints"] == dict(recipe.parameters)["constraints"]
    assert parameters["transformations"] == dict(recipe.parameters)["transformations"]
    assert isinstance(unless_flat(recipe).attack, UnlessFlat)


@pytest.mark.parametrize("name", [name for name in names() if build(name).access != "scores"])
def test_recipes_that_need_no_scores_stay_as_they_are(name: str) -> None:
    recipe = build(name)
    assert without_scores(recipe) is unless_flat(recipe) is recipe
