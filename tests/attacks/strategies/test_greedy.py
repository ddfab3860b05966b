from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from attacks.constraints.stopwords import StopWords
from attacks.search import Candidate, Judgement, Prediction, Query, Trial
from attacks.strategies.greedy import Greedy
from attacks.strategies.ranking import ByDeletion, BySaliency, InOrder
from robustness.tasks.classification import against


def test_greedy_walks_down_the_ranking_and_keeps_what_helps(drive: Any, table: Any) -> None:
    swap = table({"a": ["A", "X"], "b": ["B"], "c": ["C"]})
    weights = {"a": 0.2, "b": 0.3, "c": 0.4, "A": 0.19, "X": 0.1, "B": 0.3, "C": 0.05}
    ran = drive(Greedy((swap,), ByDeletion()), "a b c", lambda t: sum(weights[w] for w in t.split()))
    assert ran.requests == [["b c", "a c", "a b"], ["a b C"], ["a B C"], ["A b C", "X b C"]]
    assert ran.won == "X b C"


def test_greedy_takes_nothing_that_does_not_help(drive: Any, table: Any) -> None:
    swap = table({"a": ["A"], "b": ["B"]})
    ran = drive(Greedy((swap,), InOrder()), "a b", lambda t: 0.9 if "A" in t else 0.8 if "B" not in t else 0.7)
    assert ran.asked == ["A b", "a B"]
    assert (ran.won, ran.exhausted, ran.trial.best.text) == (None, False, "a B")


def test_greedy_looks_at_every_candidate_for_a_success(table: Any) -> None:
    """With three classes the top-scored candidate may still be right while another is wrong."""

    clean = Prediction(0, (0.8, 0.1, 0.1))
    trial = Trial(inputs=("word",), gold=0, judge=against(0), clean=clean, rng=Random(0))
    search = Greedy((table({"word": ["one", "two"]}),), InOrder()).search(trial)
    assert next(search) == Query((("one",), ("two",)))
    with pytest.raises(StopIteration):
        search.send([Prediction(0, (0.40, 0.30, 0.30)), Prediction(1, (0.45, 0.50, 0.05))])
    assert trial.winner is not None
    assert trial.winner[0].text == "two"


def test_a_clean_answer_that_is_none_to_the_goal_is_as_far_from_it_as_can_be() -> None:
    """A goal may find that an answer is none to its question, such as a text without the options that it asks about."""
    clean = Prediction(0, (0.8, 0.2))
    trial = Trial(
        inputs=("word",), judge=lambda answer, inputs: Judgement(0.5, False, unusable="unparsed"), clean=clean, rng=Random(0)
    )
    assert (trial.clean.answer, trial.clean.score, trial.clean.reached) == (clean, 0.0, False)


def test_greedy_prefers_the_most_similar_success(drive: Any, table: Any) -> None:
    class Rated(StopWords):
        def filter(self, trial: Trial, candidates: list[Candidate]) -> Any:
            yield from ()
            return [replace(c, similarity=0.9 if c.text == "near" else 0.1) for c in candidates]

    swap = table({"word": ["far", "near", "farther"]})
    scores = {"word": 0.9, "far": 0.1, "near": 0.4, "farther": 0.0}
    assert drive(Greedy((swap,), InOrder(), (Rated(),), "similarity"), "word", scores.__getitem__).won == "near"
    assert drive(Greedy((swap,), InOrder(), (Rated(),), "score"), "word", scores.__getitem__).won == "farther"
    assert drive(Greedy((swap,), InOrder(), (Rated(),), "first"), "word", scores.__getitem__).won == "far"


def test_first_asks_the_second_half_only_where_the_first_brings_no_success(drive: Any, table: Any) -> None:
    search = Greedy((table({"word": ["a", "b", "c", "d", "e"]}),), InOrder(), prefer="first")
    assert drive(search, "word", lambda t: 0.1 if t == "b" else 0.9).requests == [["a", "b", "c"]]
    assert drive(search, "word", lambda t: 0.1 if t == "e" else 0.9).requests == [["a", "b", "c"], ["d", "e"]]


def test_first_asks_for_two_of_many_at_a_time(drive: Any, table: Any) -> None:
    many = [f"w{n}" for n in range(20)]
    search = Greedy((table({"word": many}),), InOrder(), prefer="first")
    assert drive(search, "word", lambda t: 0.1 if t == "w2" else 0.9).requests == [many[:2], many[2:4]]
    assert drive(search, "word", lambda t: 0.9).requests == [many[at : at + 2] for at in range(0, 20, 2)]


def test_first_goes_the_same_way_as_all_at_once_where_nothing_succeeds(drive: Any, table: Any) -> None:
    swap = table({"a": ["A", "AA", "AAA"], "b": ["B", "BB", "BBB"]})
    scores = {"a b": 0.9, "A b": 0.9, "AA b": 0.9, "AAA b": 0.7, "AAA B": 0.6, "AAA BB": 0.65, "AAA BBB": 0.6}
    first, score = (drive(Greedy((swap,), InOrder(), prefer=prefer), "a b", scores.__getitem__) for prefer in ("first", "score"))
    assert first.asked == score.asked
    assert first.trial.best.text == score.trial.best.text == "AAA B"


def test_first_spares_the_constraints_too(drive: Any, table: Any) -> None:
    filtered: list[str] = []

    class Seen(StopWords):
        def filter(self, trial: Trial, candidates: list[Candidate]) -> Any:
            yield from ()
            filtered.extend(c.text for c in candidates)
            return candidates

    swap = table({"word": ["a", "b", "c", "d"]})
    assert drive(Greedy((swap,), InOrder(), (Seen(),), "first"), "word", lambda t: 0.1 if t == "a" else 0.9).won == "a"
    assert filtered == ["a", "b"]


def test_similarity_asks_the_less_similar_only_where_the_more_similar_bring_no_success(drive: Any, table: Any) -> None:
    class Rated(StopWords):
        def filter(self, trial: Trial, candidates: list[Candidate]) -> Any:
            yield from ()
            return [replace(c, similarity=float(c.text)) for c in candidates]

    search = Greedy((table({"word": ["0.1", "0.5", "0.2", "0.6", "0.3", "0.4"]}),), InOrder(), (Rated(),), "similarity")
    broken = drive(search, "word", lambda t: 0.1 if t in ("0.5", "0.4") else 0.9)
    assert (broken.requests, broken.won) == ([["0.6", "0.5"]], "0.5")
    assert drive(search, "word", lambda t: 0.9).requests == [["0.6", "0.5"], ["0.4", "0.3"], ["0.2", "0.1"]]


def test_candidates_without_a_similarity_are_asked_in_their_order(drive: Any, table: Any) -> None:
    search = Greedy((table({"word": ["a", "b", "c"]}),), InOrder(), (), "similarity")
    ran = drive(search, "word", lambda t: 0.1 if t in ("b", "c") else 0.9)
    assert (ran.requests, ran.won) == ([["a"], ["b"]], "b")


def test_ties_go_to_the_first_candidate(drive: Any, table: Any) -> None:
    ran = drive(Greedy((table({"word": ["b", "a", "c"]}),), InOrder()), "word", lambda t: 0.9 if t == "word" else 0.6)
    assert ran.trial.best.text == "b"


def test_a_success_ends_the_search(drive: Any, table: Any) -> None:
    ran = drive(Greedy((table({"a": ["A"], "b": ["B"]}),), InOrder()), "a b", lambda t: 0.1 if "A" in t else 0.9)
    assert (ran.asked, ran.won) == (["A b"], "A b")


def test_no_word_is_changed_twice(drive: Any, table: Any) -> None:
    """The ranking has tried single words: the search starts from the best of them, wherever it stands in the order."""
    belief = {"a b": 0.9, "[UNK] b": 0.1, "a [UNK]": 0.9, "A b": 0.7, "a B": 0.65, "a C": 0.66, "A B": 0.6}
    ran = drive(Greedy((table({"a": ["A"], "b": ["B", "C"]}),), BySaliency()), "a b", belief.__getitem__)
    assert ran.requests[-1] == ["A B"]
    assert ran.trial.best.text == "A B"


def test_words_that_a_constraint_protects_are_neither_probed_nor_changed(drive: Any, table: Any) -> None:
    swap = table({"the": ["a"], "film": ["movie"]})
    ran = drive(Greedy((swap,), ByDeletion(), (StopWords(),)), "the film", lambda t: 0.9)
    assert ran.asked == ["the", "the movie"]


def test_a_deletion_that_flips_the_victim_is_not_a_success(drive: Any, table: Any) -> None:
    ran = drive(Greedy((table({"a": ["b"]}),), ByDeletion()), "a", lambda t: 0.9 if t else 0.1)
    assert (ran.asked, ran.won) == (["", "b"], None)


def test_budget_ends_the_search_exactly(drive: Any, table: Any) -> None:
    swap = table({w: [w.upper(), w * 2] for w in "abcdef"})
    for budget in range(1, 12):
        ran = drive(Greedy((swap,), InOrder()), "a b c d e f", lambda t: 0.9, budget=budget)
        assert ran.exhausted
        assert ran.trial.queries == budget == 1 + len(set(ran.asked))


def test_wrong_arguments_say_what_was_expected(table: Any) -> None:
    with pytest.raises(ValueError, match="at least one transformation"):
        Greedy((), InOrder())
    with pytest.raises(ValueError, match=r"prefer must be one of .*, got 'best'"):
        Greedy((table({}),), InOrder(), prefer="best")
