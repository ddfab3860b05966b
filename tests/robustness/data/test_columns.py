"""Columns are chosen by flag or by usual names; doubt is an error that lists them."""

from __future__ import annotations

from typing import Any

import pytest

from robustness.data import load_examples
from robustness.data.columns import Wanted, choose_columns
from robustness.errors import DataError


@pytest.mark.parametrize(
    ("columns", "wanted", "text", "label", "id_"),
    [
        (["text", "label"], {}, ("text",), "label", None),
        (["Review", "Sentiment", "ID"], {}, ("Review",), "Sentiment", "ID"),
        (["text", "content", "label", "target"], {}, ("text",), "label", None),
        (["hypothesis", "label", "premise"], {}, ("premise", "hypothesis"), "label", None),
        (["question", "sentence", "label", "idx"], {}, ("question", "sentence"), "label", "idx"),
        (["question", "sentence", "label"], {"fields": ("sentence",)}, ("sentence",), "label", None),
        (["premise", "hypothesis", "text", "label"], {"fields": ("input",)}, ("text",), "label", None),
        (["a", "b", "y"], {"fields": ("a", "b")}, ("a", "b"), "y", None),
        (["a", "b", "c"], {"text": "b,a", "label": "c"}, ("b", "a"), "c", None),
        (["a,b", "a", "b", "c"], {"text": "a,b", "label": "c"}, ("a,b",), "c", None),
        (["A", "c"], {"text": ["a"], "label": "C"}, ("A",), "c", None),
        (["text", "label", "id", "key"], {"id": "key"}, ("text",), "label", "key"),
        (["id", "text"], {"label": "id"}, ("text",), "id", None),
        (["text", "content"], {"label": "text"}, ("content",), "text", None),
    ],
)
def test_choices(columns: list[str], wanted: dict[str, Any], text: tuple[str, ...], label: str, id_: str | None) -> None:
    got = choose_columns("x", columns, Wanted(**wanted))
    assert (got.text, got.label, got.id) == (text, label, id_)


@pytest.mark.parametrize(
    ("columns", "wanted", "fragment"),
    [
        (["a", "label"], {}, "no column has a usual name for the text; columns: 'a', 'label'"),
        (["great film", "1"], {}, "the file lacks its header line"),
        (["review", "content", "label"], {}, "several columns could hold the text: 'review', 'content'"),
        (["text", "target", "class"], {}, "several columns could hold the label: 'target', 'class'"),
        (["text"], {}, "no column has a usual name for the label"),
        (["premise", "hypothesis", "sentence1", "sentence2", "label"], {}, "'premise + hypothesis', 'sentence1 + sentence2'"),
        (["text", "label"], {"fields": ("premise", "hypothesis")}, "--text COLUMN1,COLUMN2"),
        (
            ["premise", "hypothesis", "label"],
            {"text": "premise,hypothesis", "fields": ("text",)},
            "the victim reads 1 text field(s)",
        ),
        (["text", "label"], {"text": "txt"}, "no column 'txt' for --text; columns: 'text', 'label'; did you mean 'text'?"),
        (["text", "label"], {"label": "zzz"}, "no column 'zzz' for --label"),
        (["text", "label"], {"id": "zzz"}, "no column 'zzz' for --id"),
        (["text", "label"], {"text": "label"}, "cannot be both text and label"),
        (["text", "label"], {"text": "text,text"}, "must name different columns"),
        (["text", "label"], {"text": []}, "must name different columns"),
        (["Text", "TEXT", "label"], {"text": "text"}, "no column 'text' for --text"),
    ],
)
def test_doubts(columns: list[str], wanted: dict[str, Any], fragment: str) -> None:
    with pytest.raises(DataError) as caught:
        choose_columns("x", columns, Wanted(**wanted))
    assert fragment in str(caught.value)


def test_the_chosen_columns_are_reported_and_the_rest_is_metadata() -> None:
    data = load_examples([{"review": "fine", "stars": 4, "sentiment": "pos", "uid": "u1"}], labels=("neg", "pos"))
    assert data.report.notes[:2] == ("text from 'review', label from 'sentiment'", "ids from 'uid'")
    assert (data.examples[0].id, data.examples[0].meta) == ("u1", {"stars": 4})


def test_columns_without_names_get_numbers() -> None:
    data = load_examples([{"": 7, "text": "a", "label": 0}], labels=("neg", "pos"))
    assert data.examples[0].meta == {"unnamed_1": 7}


@pytest.mark.parametrize(
    ("columns", "first", "second"),
    [
        (["sentence1", "sentence2", "label"], "sentence1", "sentence2"),
        (["premise", "hypothesis", "label"], "premise", "hypothesis"),
        (["query", "passage", "label"], "query", "passage"),
        (["question", "context", "label"], "question", "context"),
        (["text", "text_pair", "label"], "text", "text_pair"),
        (["utterance_A", "utterance_B", "label"], "utterance_A", "utterance_B"),
        (["left_left", "left_right", "label"], "left_left", "left_right"),
    ],
)
def test_columns_of_a_pair_are_never_read_by_half(columns: list[str], first: str, second: str) -> None:
    with pytest.raises(DataError) as caught:
        choose_columns("x", columns, Wanted(fields=("text",)))
    assert f"--fields {first},{second}" in str(caught.value)
    assert choose_columns("x", columns, Wanted(text=second, fields=("text",))).text == (second,)
    assert choose_columns("x", columns, Wanted(fields=("a", "b"))).text == (first, second)


def test_columns_that_are_alike_are_no_pair_beside_a_text() -> None:
    columns = ["text", "score_a", "score_b", "label"]
    assert choose_columns("x", columns, Wanted()).text == choose_columns("x", columns, Wanted(fields=("text",))).text == ("text",)


def test_the_column_of_the_one_label_that_is_asked_about_is_used() -> None:
    rows = [{"text": "a", "toxic": 1, "insult": 0}, {"text": "b", "toxic": 1, "insult": 1}]
    data = load_examples(rows, labels=("not toxic", "toxic"))
    assert [e.reference for e in data] == [1, 1]
    assert "text from 'text', label from 'toxic'" in data.report.notes
    with pytest.raises(DataError, match="several columns could hold the label: 'label', 'toxic'"):
        load_examples([{**row, "label": "x"} for row in rows], labels=("not toxic", "toxic"))


@pytest.mark.parametrize(
    "rows",
    [
        [{"text": "a", "toxic": 1, "insult": 0}, {"text": "b", "toxic": 0, "insult": 0}],
        [{"text": "a", "toxic": "true", "insult": "False"}],
        [{"text": "a", "labels": ["toxic", "insult"]}],
        [{"text": "a", "label": []}],
    ],
)
def test_data_with_several_labels_an_example_are_named(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(DataError, match="several labels each are not supported yet"):
        load_examples(rows, labels=("toxic", "insult", "fine"))


def test_a_list_column_that_a_reader_leaves_out_is_named() -> None:
    datasets = pytest.importorskip("datasets")
    source = datasets.Dataset.from_dict({"text": ["a"], "labels": [["toxic", "insult"]], "n": [1]})
    for asked in (None, "labels"):
        with pytest.raises(DataError, match=r"the column 'labels'.* does not hold single values.*not supported yet"):
            load_examples(source, labels=("toxic", "insult"), label=asked)
