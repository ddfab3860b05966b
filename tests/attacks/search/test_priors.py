"""Priors: means shrunk towards the stated one, pooled from what trials wrote down, the same after a round trip through JSON."""

from __future__ import annotations

import json

import pytest

from attacks.search.priors import Evidence, Priors

START = {"kinds": {"": 0.1, "JJ": 0.3}, "techniques": {"swap": 2.0}}


def trial(*gains: float, word: str = "0:dull", technique: str = "swap") -> list[list[object]]:
    return [Evidence(word, "JJ", "first", technique, gain).record() for gain in gains]


def test_without_evidence_the_stated_prior_stands() -> None:
    priors = Priors(START)
    assert priors.word("0:x", "JJ", "first")[0] == pytest.approx(0.3)
    assert priors.word("0:x", "NN", "first")[0] == pytest.approx(0.1)
    assert priors.technique("swap")[0] == pytest.approx(2.0)
    assert priors.technique("drop")[0] == pytest.approx(1.0)


def test_a_word_that_gained_is_believed_in_more_the_more_often_it_did() -> None:
    means = [Priors.of([trial(0.9)] * count, START).word("0:dull", "JJ", "first") for count in (0, 1, 5, 50)]
    assert [m for m, _ in means] == sorted(m for m, _ in means)
    assert [d for _, d in means] == sorted((d for _, d in means), reverse=True)
    assert means[-1][0] == pytest.approx(0.9, abs=0.05)
    mixed = Priors.of([trial(0.9), trial(0.0, word="0:film")] * 50, START)
    assert mixed.word("1:dull", "JJ", "first")[0] < mixed.word("0:dull", "JJ", "first")[0], "under the other class it is another"


def test_a_change_that_does_harm_counts_as_one_without_use() -> None:
    assert Priors.of([trial(-0.9)], START).words == Priors.of([trial(0.0)], START).words


def test_priors_pool_trial_by_trial_and_survive_json() -> None:
    trials = [trial(0.5, 0.1), [], trial(0.2, technique="drop", word="1:warm")]
    whole = Priors.of(trials, START)
    assert whole.trials == 2
    assert Priors.of(trials[:1], START).and_of(trials[1:]) == whole
    assert Priors.restored(json.loads(json.dumps(whole.snapshot()))) == whole


@pytest.mark.parametrize("record", [[], ["w", "k", "p", "t", "much"], ["w", "k", 3, "t", 0.1]])
def test_a_record_that_is_none_is_refused(record: list[object]) -> None:
    with pytest.raises(ValueError, match=r"expected \[word, kind, place, technique, gain\]"):
        Priors.of([[record]], START)
