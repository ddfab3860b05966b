"""What a victim returns is checked row by row; odd rows are noted, wrong ones refused, none repaired."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from attacks.search import Prediction
from robustness.errors import AnswerError
from robustness.tasks.reading.check_answers import AnswerOddities, read_answers
from robustness.victims.base import VictimInfo

SCORES = VictimInfo("v", "test", ("neg", "pos"))
LABELS = VictimInfo("v", "test", ("neg", "pos"), access="labels")


def read(raw: Any, count: int, info: VictimInfo = SCORES) -> tuple[list[Prediction], AnswerOddities]:
    oddities = AnswerOddities()
    return read_answers(raw, count, info, oddities), oddities


def test_scores_are_used_as_they_came() -> None:
    found, oddities = read([[0.9123, 0.0876]], 1)
    assert found == [Prediction(0, (0.9123, 0.0876))]
    assert (oddities.rows, oddities.not_summing, oddities.rounded) == (1, 0, 0)


def test_logits_are_noted_and_not_softmaxed() -> None:
    found, oddities = read(np.array([[-2.5, 3.0]]), 1)
    assert found == [Prediction(1, (-2.5, 3.0))]
    assert (oddities.not_summing, oddities.out_of_range) == (1, 1)
    assert oddities.examples["out_of_range"] == "[-2.5, 3]"


def test_rounded_scores_are_noted() -> None:
    assert read([[0.97, 0.03]], 1)[1].rounded == 1
    assert read([[0.97, 0.0301]], 1)[1].rounded == 0, "the highest alone does not make a row rounded"


def test_finite_scores_whose_sum_is_not_are_used() -> None:
    found, oddities = read([[1e308, 1.7e308]], 1)
    assert found == [Prediction(1, (1e308, 1.7e308))]
    assert oddities.not_summing == 1


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([[0.5, 0.5]], "2 inputs and returned 1 rows"),
        ([[0.5, 0.5]] * 3, "2 inputs and returned 3 rows"),
        ([[0.1, 0.2, 0.7]] * 2, "gave 3 scores"),
        ([[float("nan"), 0.5]] * 2, "not finite"),
        ([[float("inf"), 0.5]] * 2, "not finite"),
        ([[0.5, 0.5], [0.5, float("nan")]], "not finite"),
        ([[float("inf"), float("-inf")]] * 2, "not finite"),
        ([0.5, 0.5], "one number per label"),
        (["pos", "neg"], "--access labels"),
        ([None, None], "one score per label"),
        (None, "one row per input"),
        ("pos", "one row per input"),
        (7, "one row per input"),
        ([{"neg": 1.0}, {"neg": 1.0}], "score of every label"),
        ([["a", "b"], ["a", "b"]], "one number per label"),
    ],
)
def test_wrong_answers_are_named(raw: Any, said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        read(raw, 2)


def test_labels_by_name_and_by_index() -> None:
    assert read(["pos", 0, np.int64(1)], 3, LABELS)[0] == [Prediction(1), Prediction(0), Prediction(1)]


@pytest.mark.parametrize(
    ("raw", "said"), [(["maybe"], "'maybe'"), ([2], "label index 2"), ([-1], "index -1"), ([True], "bool"), ([0.5], "0.5")]
)
def test_unknown_labels_are_named(raw: list[Any], said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        read(raw, 1, LABELS)
