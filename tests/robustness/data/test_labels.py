"""Labels match by name, case, index or map; anything else is an error that lists both sides."""

from __future__ import annotations

from typing import Any

import pytest

from robustness.data import load_examples
from robustness.data.labels import label_text
from robustness.errors import DataError

TWO = ("negative", "positive")


def golds(values: list[Any], victim: tuple[str, ...], **flags: Any) -> list[int]:
    return [e.reference for e in load_examples([(f"t{i}", v) for i, v in enumerate(values)], labels=victim, **flags)]


@pytest.mark.parametrize(
    ("values", "victim", "want"),
    [
        (["positive", "negative"], TWO, [1, 0]),
        (["Positive", " NEGATIVE "], TWO, [1, 0]),
        ([1, 0], TWO, [1, 0]),
        (["1", "0"], TWO, [1, 0]),
        ([1.0, 0.0], TWO, [1, 0]),
        (["1.0", "0.00"], TWO, [1, 0]),
        (["LABEL_1", "label_0"], TWO, [1, 0]),
        ([1, 0], ("LABEL_0", "LABEL_1"), [1, 0]),
        ([1, 2], ("1", "2"), [0, 1]),
        ([2.0, 1.0], ("1", "2"), [1, 0]),
        (["0", "1"], ("1", "0"), [1, 0]),
        (["True", False], ("false", "true"), [1, 0]),
        (["Good", "good"], ("Good", "good"), [0, 1]),
        (["straße"], ("STRASSE", "x"), [0]),
    ],
)
def test_labels_are_read(values: list[Any], victim: tuple[str, ...], want: list[int]) -> None:
    assert golds(values, victim) == want


@pytest.mark.parametrize(
    ("values", "victim"),
    [
        (["neg", "pos"], TWO),
        ([1, 2], TWO),
        ([-1, 1], TWO),
        ([0, 1], ("1", "2")),
        (["01"], TWO),
        (["٠", "١"], TWO),
        (["negative", "1"], TWO),
        ([True, False], TWO),
        (["GOOD"], ("Good", "good")),
        ([0.5], TWO),
        (["9" * 5000], TWO),
        (["LABEL_2"], TWO),
    ],
)
def test_labels_are_never_guessed(values: list[Any], victim: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="do not match"):
        golds(values, victim)


def test_the_error_lists_both_sides_and_the_way_out() -> None:
    with pytest.raises(DataError) as caught:
        golds(["neg", "pos", "pos", "mixed feelings"], TWO)
    message = str(caught.value)
    assert "'mixed feelings' (1), 'neg' (1), 'pos' (2)" in message
    assert "of the victim: 'negative', 'positive'" in message
    assert "--label-map 'mixed feelings=…,neg=negative,pos=positive'" in message


def test_hundreds_of_labels_mean_the_wrong_column() -> None:
    with pytest.raises(DataError, match=r"and 150 more; is this the label column\? choose it with --label"):
        golds([f"topic {i}" for i in range(200)], TWO)


def test_a_map_settles_it_and_the_rest_matches_as_usual() -> None:
    assert golds(["NEG", "positive"], TWO, label_map={"neg": "Negative"}) == [0, 1]
    assert golds(["1", "2", "5"], TWO, label_map={"1": "negative", "2": "negative", "5": "positive"}) == [0, 0, 1]
    with pytest.raises(DataError, match="do not match"):
        golds(["neg", "mixed"], TWO, label_map={"neg": "negative"})
    with pytest.raises(DataError, match="not a label of the victim; its labels: 'negative', 'positive'"):
        golds(["neg"], TWO, label_map={"neg": "bad"})


def test_what_was_assumed_is_reported() -> None:
    notes = load_examples([("a", 1), ("b", 0)], labels=TWO, label_map={"neg": "negative"}).report.notes
    assert "labels were read as class indexes: '0' is 'negative', '1' is 'positive'" in notes
    assert "--label-map names 'neg', which the data does not contain" in notes


def test_missing_labels() -> None:
    assert [label_text(v) for v in (None, "", "  ", float("nan"), "nan", 0, False)] == [
        None,
        None,
        None,
        None,
        "nan",
        "0",
        "False",
    ]


STARS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")


@pytest.mark.parametrize(
    ("values", "victim", "ready"),
    [
        (["1", "2", "4"], STARS, "--label-map '1=1 star,2=2 stars,4=4 stars'"),
        (["0", "1", "4"], STARS, "the victim's names contain numbers of their own"),
        ([3, 5], ("Rating 1", "Rating 3", "Rating 5"), "--label-map '3=Rating 3,5=Rating 5'"),
        ([1, 2], ("class_1", "class_2", "class_3"), "--label-map 1=class_1,2=class_2"),
        (["LABEL_0", "LABEL_1"], ("class_1", "class_2"), "do not match"),
        ([1, 2, 3, 4], ("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4"), "1=LABEL_1,2=LABEL_2,3=LABEL_3,4=LABEL_4"),
        (
            [1, 2, 3],
            ("world", "sport", "trade", "science"),
            "from 1, --label-map 1=world,2=sport,3=trade, or if they count from 0,",
        ),
        ([1, 2, 3, 4], ("world", "sport", "trade", "science"), "from 1, --label-map 1=world,2=sport,3=trade,4=science"),
        ([1], TWO, "no 0 shows that they count from 0"),
        (["1.0", "2.0"], ("a", "b", "c"), "no 0 shows"),
    ],
)
def test_numbers_are_indexes_only_where_a_zero_and_the_names_say_so(
    values: list[Any], victim: tuple[str, ...], ready: str
) -> None:
    with pytest.raises(DataError) as caught:
        golds(values, victim)
    assert ready in str(caught.value)


def test_a_zero_or_names_that_hold_their_own_index_make_numbers_indexes() -> None:
    assert golds([0, 2], ("world", "sport", "trade")) == [0, 2]
    assert golds([0, 2], ("class_0", "class_1", "class_2")) == [0, 2]
    assert golds(["2", "0"], ("LABEL_0", "LABEL_1", "LABEL_2")) == [2, 0]


@pytest.mark.parametrize("values", [[True, False], ["True", "False"], [1, 0], ["1", "1"], [True, True]])
def test_whether_the_one_label_of_a_victim_holds_may_be_said_by_yes_and_no(values: list[Any]) -> None:
    data = load_examples([(f"t{i}", v) for i, v in enumerate(values)], labels=("not toxic", "toxic"))
    assert [e.reference for e in data] == [int(str(v) in ("True", "1")) for v in values]
    assert any("whether 'toxic' holds" in note for note in data.report.notes)


@pytest.mark.parametrize("value", ["negative,positive", "['negative', 'positive']", "negative|positive", "positive; negative"])
def test_several_labels_in_one_value_are_named(value: str) -> None:
    with pytest.raises(DataError, match=r"names several labels.*not supported yet"):
        golds([value, "positive"], TWO)
