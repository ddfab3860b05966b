"""The filter that every search puts its candidates through, tested bare: look at the request, send hand-made vectors."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from attacks.constraints import MaxWordsChanged, MinWordLength, SentenceSimilarity, StopWords, admissible, profile, word_allowed
from attacks.search import Candidate, Embed, Judgement, Prediction, Search, Trial
from attacks.words import Words

TEXT = "a dull film"


@pytest.fixture
def trial() -> Trial:
    return Trial(
        inputs=(TEXT,), gold=0, judge=lambda answer, inputs: Judgement(0.0, False), clean=Prediction(0, (0.9, 0.1)), rng=Random(0)
    )


def finished(search: Search[list[Candidate]]) -> list[Candidate]:
    """What a search that asks nothing returns."""
    with pytest.raises(StopIteration) as stop:
        next(search)
    result: list[Candidate] = stop.value.value
    return result


def answered(search: Search[list[Candidate]], vectors: object) -> list[Candidate]:
    """What the search returns after one answer."""
    with pytest.raises(StopIteration) as stop:
        search.send(vectors)
    result: list[Candidate] = stop.value.value
    return result


def swap(index: int, new: str) -> Candidate:
    words = Words(TEXT).replace(index, new, "test")
    return Candidate(str(words), "test", words)


def test_no_ops_are_dropped_and_everything_is_counted(trial: Trial) -> None:
    pool = [swap(1, "boring"), swap(1, "dull"), swap(0, "the")]
    kept = finished(admissible([StopWords()], trial, Words(TEXT), pool))
    assert [c.text for c in kept] == ["a boring film"]
    assert (trial.tally.proposed, trial.tally.no_ops, trial.tally.rejected) == (3, 1, 1)


def test_without_constraints_only_no_ops_are_dropped(trial: Trial) -> None:
    kept = finished(admissible([], trial, Words(TEXT), [swap(0, "the"), swap(0, "a")]))
    assert [c.text for c in kept] == ["the dull film"]


def test_similarity_is_asked_once_against_the_original_and_after_the_pure_rules(trial: Trial) -> None:
    pool = [swap(1, "boring"), swap(0, "the"), swap(2, "movie")]
    search = admissible([SentenceSimilarity(0.8), StopWords()], trial, Words(TEXT), pool)
    assert next(search) == Embed((TEXT, "a boring film", "a dull movie"))
    kept = answered(search, np.array([[1, 0], [0.6, 0.8], [0.8, 0.6]], np.float32))
    assert [(c.text, round(c.similarity or 0, 5)) for c in kept] == [("a dull movie", 0.8)]
    assert trial.tally.rejected == 2


def test_short_texts_are_not_exempt_from_similarity(trial: Trial) -> None:
    search = admissible([SentenceSimilarity(0.99)], trial, Words(TEXT), [swap(1, "boring")])
    next(search)
    assert answered(search, np.array([[1, 0], [0.9, np.sqrt(0.19)]], np.float32)) == []


def test_nothing_is_asked_when_nothing_is_left(trial: Trial) -> None:
    assert finished(admissible([SentenceSimilarity(), StopWords()], trial, Words(TEXT), [swap(0, "the")])) == []
    assert trial.tally.rejected == 1


def test_an_angular_threshold_is_kept_as_an_angle(trial: Trial) -> None:
    rule = SentenceSimilarity(0.75, "angular")
    assert rule.min_cosine == pytest.approx(np.sqrt(0.5))
    search = rule.filter(trial, [swap(1, "boring"), swap(2, "movie")])
    next(search)
    kept = answered(search, np.array([[1, 0], [0.71, 0.704], [0.70, 0.714]], np.float32))
    assert [c.text for c in kept] == ["a boring film"]


@pytest.mark.parametrize(("threshold", "metric"), [(1.2, "cosine"), (-0.1, "cosine"), (0.9, "euclid")])
def test_bad_similarity_arguments_fail_in_the_constructor(threshold: float, metric: str) -> None:
    with pytest.raises(ValueError, match="must"):
        SentenceSimilarity(threshold, metric)


def test_a_word_may_be_touched_when_every_rule_agrees() -> None:
    rules = (StopWords(), MinWordLength(5))
    words = Words("the dull actors")
    assert [word_allowed(rules, words, i) for i in range(3)] == [False, False, True]


def test_the_strict_profile_adds_its_rules_once_and_the_costly_ones_last() -> None:
    own = (MaxWordsChanged(0.2), SentenceSimilarity(0.8, "angular"))
    names = [c.name for c in profile("strict").apply(own)]
    assert names.count("max-words-changed") == 1
    assert names[-3:] == ["sentence-similarity", "sentence-similarity", "sense-in-context"]
    assert {"stop-words", "no-repeat", "part-of-speech", "not-antonym"} <= set(names)


def test_the_paper_profile_adds_nothing() -> None:
    own = (MaxWordsChanged(0.2), StopWords())
    assert profile("paper").apply(own) == own


def test_profiles_print_their_rules() -> None:
    assert "at most 20% of the words" in str(profile("strict"))
    assert str(profile("paper")) == "paper: each recipe's published constraints, nothing added"


def test_an_unknown_profile_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'lax'; choose one of: paper, strict"):
        profile("lax")
