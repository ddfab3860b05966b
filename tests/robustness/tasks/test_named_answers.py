"""Answers that name their classes are read by name; a name, an order or a number that could mean two things is refused."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from robustness.errors import AnswerError
from robustness.tasks.reading.check_answers import AnswerOddities, read_answers
from robustness.victims.base import VictimInfo

TWO = ("neg", "pos")
SCORES = [(0.1, 0.9), (0.8, 0.2)]
NAMED = [{"pos": 0.9, "neg": 0.1}, {"neg": 0.8, "pos": 0.2}]
LISTS = [[{"label": name, "score": score} for name, score in row.items()] for row in NAMED]
Row = namedtuple("Row", ["pos", "neg"])


def read(raw: Any, access: str = "scores", labels: tuple[str, ...] = TWO, count: int = 2) -> list[Any]:
    found = read_answers(raw, count, VictimInfo("v", "python", labels, access=access), AnswerOddities())
    return [p.scores if access == "scores" else labels[p.label] for p in found]


@pytest.mark.parametrize(
    "raw",
    [
        NAMED,
        tuple(NAMED),
        np.array(NAMED, dtype=object),
        pd.Series(NAMED),
        LISTS,
        [[row] for row in LISTS],
        [list(row.items()) for row in NAMED],
        [{"sequence": "a film", "labels": list(row), "scores": list(row.values())} for row in NAMED],
        [pd.Series(row) for row in NAMED],
        [Row(**row) for row in NAMED],
        pd.DataFrame(NAMED),
        pd.DataFrame(NAMED)[["pos", "neg"]],
        pd.DataFrame(SCORES),
        pd.DataFrame(SCORES, index=["some id", "another"]),
        {"pos": [0.9, 0.2], "neg": np.array([0.1, 0.8])},
        np.array([(0.9, 0.1), (0.2, 0.8)], dtype=[("pos", float), ("neg", float)]),
        [{"pos": np.float64(0.9), "neg": torch.tensor(0.1)}, {"neg": torch.tensor(0.8), "pos": 0.2}],
        torch.tensor(SCORES, requires_grad=True),
        [torch.tensor(row) for row in SCORES],
        (row for row in SCORES),
        pd.Series(SCORES),
    ],
    ids=range(21),
)
def test_scores_are_read_by_the_names_that_come_with_them(raw: Any) -> None:
    assert read(raw) == [pytest.approx(row) for row in SCORES]


@pytest.mark.parametrize(
    "raw",
    [
        NAMED,
        LISTS,
        [{"label": "pos", "score": 0.9}, {"label": "neg", "score": 0.8}],
        [[{"label": "pos", "score": 0.9}], [{"label": "neg", "score": 0.8}]],
        {"label": ["pos", "neg"], "score": [0.9, 0.8]},
        pd.DataFrame({"label": ["pos", "neg"], "score": [0.9, 0.8]}),
        pd.DataFrame({"answer": ["pos", "neg"]}),
        pd.Series(["pos", "neg"], index=["a", "b"]),
        np.array([1, 0]),
        ("pos", np.int64(0)),
    ],
    ids=range(10),
)
def test_a_label_only_victim_may_name_its_label_in_any_of_these_forms(raw: Any) -> None:
    assert read(raw, "labels") == ["pos", "neg"]


@pytest.mark.parametrize(
    ("raw", "access", "fragment"),
    [
        ([{"label": "pos", "score": 0.9}] * 2, "scores", "gave a score for 'pos' only.*top_k=None.*--access labels"),
        ([[{"label": "pos", "score": 0.9}]] * 2, "scores", "gave a score for 'pos' only"),
        ([{"POS": 0.9, "NEG": 0.1}] * 2, "scores", "named 'POS', 'NEG'; it declares .*differ only in case.*--labels POS,NEG"),
        (["POS", "NEG"], "labels", "the label 'POS'; it declares .*differ only in case"),
        ([{"LABEL_0": 0.9, "LABEL_1": 0.1}] * 2, "scores", "--labels LABEL_0,LABEL_1.*--label-map"),
        ([{"pos": 0.5, "neg": 0.3, "neutral": 0.2}] * 2, "scores", "named 'neutral'; it declares"),
        ([[{"label": "pos", "score": 0.9}, {"label": "pos", "score": 0.1}]] * 2, "scores", "named a label twice"),
        ([{"label": "pos", "score": "high"}] * 2, "labels", "'high' .str. under 'score'"),
        ([{"pos": 0.5, "neg": 0.5}] * 2, "labels", "'pos' and 'neg' the same highest score"),
        ({"logits": np.zeros((2, 2))}, "scores", "under 'logits'; expected one score per label"),
        ({"pos": 0.9, "neg": 0.1}, "scores", "given a list of texts.*--one-at-a-time"),
        ({"pos": [0.9, 0.1], "neg": [0.1]}, "scores", "columns of different lengths"),
        ([{0.1, 0.9}] * 2, "scores", "set.; expected one score per label"),
        (pd.DataFrame(NAMED, index=[1, 0]), "scores", r"rows in a different order: their index is \[1, 0\]"),
        (pd.Series(["pos", "neg"], index=[1, 0]), "labels", "rows in a different order"),
        (pd.DataFrame(SCORES, columns=["pos", "pos"]), "scores", "a column occurs twice"),
        (np.array([0.9, 0.1]), "scores", r"if it is the probability of 'pos', return \[1 - p, p\]"),
        ([[0.9], [0.1]], "scores", r"gave 1 scores.*if it is the probability of 'pos'"),
        ([1, 0], "scores", "if it is the index of a label: .*--access labels"),
        ([[0.1, 0.9]] * 2, "labels", "look like scores.*--access scores"),
        ("pos", "labels", "given a list of texts"),
    ],
    ids=range(21),
)
def test_what_could_mean_two_things_is_refused_with_the_way_out(raw: Any, access: str, fragment: str) -> None:
    with pytest.raises(AnswerError, match=fragment):
        read(raw, access)


def test_the_row_of_one_text_for_a_list_of_texts_is_named() -> None:
    for raw in ([0.1, 0.9], np.array([0.1, 0.9]), LISTS[0], pd.Series(NAMED[0])):
        with pytest.raises(AnswerError, match=r"asked about 1 inputs and returned 2 rows.*given a list of texts"):
            read(raw, count=1)


def test_a_number_is_no_index_where_the_names_hold_numbers() -> None:
    stars = tuple(f"{n} stars" for n in range(1, 6))
    assert read([1, 3], "labels", ("1", "2", "3")) == ["1", "3"]
    assert read([1, 0], "labels", ("LABEL_0", "LABEL_1")) == ["LABEL_1", "LABEL_0"]
    assert read([1, 0], "labels", ("0", "1")) == ["1", "0"]
    for labels in (stars, ("class_1", "class_2"), ("1 star", "many stars")):
        with pytest.raises(AnswerError, match="contain numbers of their own: \\['"):
            read([1, 0], "labels", labels)
    assert read([True, False], "labels", ("False", "True")) == ["True", "False"]
