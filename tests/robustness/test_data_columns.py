"""Columns are chosen by flag or by usual names; doubt is an error that lists them."""

from __future__ import annotations

from typing import Any

import pytest

from robustness.data import load_examples
from robustness.data_columns import Wanted, choose_columns
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
