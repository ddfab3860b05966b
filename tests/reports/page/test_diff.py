"""Diffs give both texts back, show whole words, mark the characters that differ, and stay small."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.render.page.diff import CONTEXT, LONGEST_PART, Piece, pieces
from reports.run import EditRecord

TEXTS = st.text("ab é\u200b.,'\n\u202e", max_size=24)


def compact(before: str, after: str, *edits: EditRecord) -> list[Any]:
    return [piece.compact() for piece in pieces(before, after, edits)]


def side(diff: tuple[Piece, ...], leave_out: str) -> str:
    return "".join("".join(piece.parts) for piece in diff if piece.kind != leave_out)


@settings(deadline=None, max_examples=200)
@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off_any_diff(before: str, after: str) -> None:
    diff = pieces(before, after)
    assert side(diff, "new") == before
    assert side(diff, "gone") == after


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4))
def test_recorded_edits_give_the_same_texts(parts: list[tuple[str, str, str]]) -> None:
    before = after = ""
    edits = []
    for same, gone, new in parts:
        before, after = before + same, after + same
        edits.append(EditRecord(len(before), len(before + gone), len(after), len(after + new), gone, new))
        before, after = before + gone, after + new
    diff = pieces(before, after, edits)
    assert side(diff, "new") == before
    assert side(diff, "gone") == after


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a good film", "a g0od film", ["a ", [0, "g", "o", "od"], [1, "g", "0", "od"], " film"]),
        ("a good film", "a picture", ["a ", [0, "good film"], [1, "picture"]]),
        ("so good.", "so go od.", ["so ", [0, "good"], [1, "go", " ", "od"], "."]),
        ("nice film.", "nice film. Truly.", ["nice film.", [1, " Truly."]]),
        ("a very good film", "a good film", ["a ", [0, "very "], "good film"]),
        ("same", "same", ["same"]),
        ("", "", []),
    ],
)
def test_words_are_shown_whole_and_their_characters_marked(before: str, after: str, expected: list[Any]) -> None:
    assert compact(before, after) == expected


def test_edits_that_do_not_fit_are_not_believed() -> None:
    wrong = EditRecord(0, 4, 0, 4, "good", "g0od")
    assert compact("a good film", "a g0od film", wrong) == ["a ", [0, "g", "o", "od"], [1, "g", "0", "od"], " film"]


def test_a_rewritten_sentence_is_one_block_not_crumbs() -> None:
    diff = pieces("It is a great film that one must see", "One must see this great film")
    assert [piece.kind for piece in diff] == ["gone", "new"]


def test_a_hidden_character_is_coded_where_it_stands() -> None:
    assert compact("good", "go\u200b\u200bod") == [[0, "good"], [1, "go", "\x7f200B*2\x7f", "od"]]


def test_look_alikes_carry_their_code_point_and_other_scripts_do_not() -> None:
    assert compact("also", "аlso") == [[0, "", "a", "lso"], [1, "", "а\x7f@0430\x7f", "lso"]]
    assert compact("so", "ѕо") == [[0, "so"], [1, "ѕ\x7f@0455\x7fо\x7f@043E\x7f"]]
    assert compact("cafe", "café") == [[0, "caf", "e"], [1, "caf", "é"]]
    assert compact("он", "она") == [[0, "он"], [1, "он", "а"]]
    assert compact("", "当地时间") == [[1, "当地时间"]]


def test_long_texts_are_cut_around_their_changes_at_words() -> None:
    word, times = "lorem ", 1000
    diff = pieces(word * times + "bad" + " ipsum" * times, word * times + "good" + " ipsum" * times)
    kinds = [piece.kind for piece in diff]
    assert kinds == ["skip", "same", "gone", "new", "same", "skip"]
    left, right = diff[1].parts[0], diff[4].parts[0]
    assert diff[0].skipped + len(left) == len(word) * times
    assert diff[5].skipped + len(right) == len(word) * times
    assert CONTEXT - 40 < len(left) <= CONTEXT
    assert left.startswith("lorem ")
    assert right.endswith("ipsum")


def test_a_megabyte_of_change_is_cut_and_says_so() -> None:
    diff = pieces("x" * 500_000, "y" * 1_000_000)
    assert [len("".join(piece.parts)) + piece.skipped for piece in diff] == [500_000, 1_000_000]
    assert all(len("".join(piece.parts)) <= LONGEST_PART for piece in diff)
    assert diff[1].compact() == [1, "y" * LONGEST_PART, 1_000_000 - LONGEST_PART]
