"""Words restore a text, explain every edit, and count what changed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.words import Edit, Words, diff, moved, pieces

_PARTS = [
    "word",
    "a",
    "don't",
    "e\u0301",
    "\u0301",
    "❤️",
    "\ud800",
    "שלום",
    "\u200d",
    "\u200b",
    "\b",
    "-",
    "’",
    "很好",
    "の映画ー",
    "ภาพยนตร์",
    " ",
    "  ",
    "\n",
    ".",
    ", ",
    "_",
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(_PARTS), max_size=20).map("".join), st.text(st.characters(exclude_categories=()), max_size=20)
)
NEW = st.one_of(st.sampled_from(["", "new", "two words", " ", "x-y"]), TEXTS)
many = settings(max_examples=100, deadline=None)


def apply(edits: Iterable[Edit], before: str, after: str) -> str:
    parts, at, new_at = [], 0, 0
    for edit in edits:
        assert edit.start >= at
        assert edit.new_start >= new_at
        assert before[edit.start : edit.end] == edit.before != edit.after
        assert after[edit.new_start : edit.new_end] == edit.after
        parts += [before[at : edit.start], edit.after]
        at, new_at = edit.end, edit.new_end
    return "".join([*parts, before[at:]])


def shape(text: str) -> list[str]:
    words = Words(text)
    return [words[index] for index in range(len(words))]


@many
@given(text=TEXTS)
def test_a_text_comes_back_from_its_words(text: str) -> None:
    words = Words(text)
    assert str(words) == words.original == text
    assert "".join(pieces(text)) == text
    assert "".join(words.gap(i) + words[i] for i in range(len(words))) + words.gap(len(words)) == text
    assert not words.edits()
    assert not words.changed
    assert all(text[slice(*words.span(i))] == words[i] != "" for i in range(len(words)))


STEPS = ("replace", "replace_many", "replace_ranges", "replace_gaps", "delete", "delete_many")


def step(words: Words, kind: str, index: int, stop: int, new: str) -> Words:
    match kind:
        case "replace":
            return words.replace(index, new, kind)
        case "replace_many":
            return words.replace_many({i: new for i in range(index, stop)}, kind)
        case "replace_ranges":
            return words.replace_ranges({(index, stop): new}, kind)
        case "replace_gaps":
            return words.replace_gaps({index: new, stop: ""}, kind)
        case "delete":
            return words.delete(index, kind)
        case _:
            return words.delete_many(range(index, stop), kind)


@many
@given(text=TEXTS, data=st.data())
def test_edits_turn_the_original_into_the_present_text(text: str, data: st.DataObject) -> None:
    words = Words(text)
    for _ in range(data.draw(st.integers(0, 5)) if len(words) else 0):
        index = data.draw(st.integers(0, len(words) - 1))
        stop = data.draw(st.integers(index + 1, len(words)))
        new = data.draw(NEW)
        before, old = str(words), words
        words = step(words, data.draw(st.sampled_from(STEPS)), index, stop, new)
        assert str(old) == before
    assert words.original == text
    assert apply(words.edits(), text, str(words)) == str(words)
    assert all(words[i] == words.original_word(i) for i in range(len(words)) if i not in words.changed)
    assert words.replaced == tuple((words.original_word(i), words[i]) for i in words.changed)


@many
@given(before=TEXTS, after=TEXTS)
def test_a_diff_turns_one_text_into_the_other(before: str, after: str) -> None:
    edits = diff(before, after, "why")
    assert apply(edits, before, after) == after
    assert (edits == ()) == (before == after)
    assert all(edit.technique == "why" for edit in edits)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's a well-known fact.", ["It's", "a", "well-known", "fact"]),
        ("don’t 'quote' -dash- a--b", ["don’t", "quote", "dash", "a", "b"]),
        ("naïve e\u0301te\u0301", ["naïve", "e\u0301te\u0301"]),
        ("I ❤️ it 1\ufe0f\u20e3", ["I", "it", "1\ufe0f\u20e3"]),
        ("co\u00adop a\u200db", ["co\u00adop", "a\u200db"]),
        ("a\u200bb x\by xyz\b\bq", ["a", "b", "x\by", "xyz\b\bq"]),
        ("snake_case 3.5", ["snake_case", "3", "5"]),
        ("", []),
        ("?!", []),
    ],
)
def test_what_a_word_is(text: str, expected: list[str]) -> None:
    assert shape(text) == expected


@many
@given(text=st.text(st.characters(max_codepoint=127), max_size=30))
def test_plain_and_other_texts_are_cut_alike(text: str) -> None:
    assert shape(text + " ¡") == shape(text)


@pytest.mark.parametrize(
    ("text", "index", "expected"),
    [
        ("a b c", 1, "a c"),
        ("a b c", 0, "b c"),
        ("a b c", 2, "a b"),
        ("a b.", 1, "a."),
        ("a (b) c", 1, "a () c"),
        ("a", 0, ""),
        ("a, b", 0, ", b"),
        ("a\n b", 1, "a\n"),
    ],
)
def test_a_deleted_word_takes_one_space_with_it(text: str, index: int, expected: str) -> None:
    assert str(Words(text).delete(index)) == expected


def test_neighbouring_edits_of_one_technique_are_one_edit() -> None:
    words = Words("I do not know").replace_ranges({(1, 3): "don't"}, "contraction")
    assert words.edits() == (Edit(2, 8, 2, 7, "do not", "don't", "contraction"),)
    assert words.changed == (1, 2)
    assert len(words) == 4
    twice = Words("ab cd").replace(0, "x", "one").replace(1, "y", "two")
    assert [edit.technique for edit in twice.edits()] == ["one", "two"]


def test_the_edit_of_a_gap_is_what_differs_and_changes_no_word() -> None:
    words = Words("one, two").replace_gaps({1: ",, ", 2: "!"}, "punctuation")
    assert str(words) == "one,, two!"
    assert words.edits() == (Edit(3, 3, 3, 4, "", ",", "punctuation"), Edit(8, 8, 9, 10, "", "!", "punctuation"))
    assert not words.changed
    assert Words("a, b").replace_gaps({1: ""}).edits() == (Edit(1, 3, 1, 1, ", ", ""),)


def test_a_word_put_back_is_no_change() -> None:
    words = Words("a b").replace(0, "x").replace(0, "a")
    assert not words.changed
    assert not words.replaced
    assert not words.edits()


def test_indexes_out_of_range_are_refused() -> None:
    words = Words("a b")
    for call in (lambda: words.replace(2, ""), lambda: words.delete(5), lambda: words[2], lambda: words.span(-3)):
        with pytest.raises(IndexError):
            call()
    for start, stop in ((0, 0), (1, 3), (-1, 1)):
        with pytest.raises(IndexError, match="a range of words must lie within 0:2"):
            words.replace_ranges({(start, stop): ""})
    for call in (lambda: words[-3], lambda: words.original_word(2), lambda: words.replace_many({2: ""})):
        with pytest.raises(IndexError):
            call()
    assert (words[-1], words[-2], words.original_word(-2)) == ("b", "a", "a")


@pytest.mark.parametrize(
    ("before", "after", "span", "expected"),
    [
        ("so John left", "so xJohn left", (3, 7), "xJohn"),
        ("so John left", "so the John left", (3, 7), "John"),
        ("John left", "Honestly, John left", (0, 4), "John"),
        ("so John left", "so John really left", (3, 7), "John"),
        ("so John Smith left", "so Mary Lee left", (3, 13), "Mary Lee"),
        ("so John Smith left", "so Jo hn Smith left", (3, 13), "Jo hn Smith"),
        ("so John left", "so left", (3, 7), None),
        ("to France and Germany", "to Germany and France", (3, 9), "Germany"),
        ("in U.S. now", "in U . S . now", (3, 7), "U . S ."),
    ],
)
def test_a_span_moves_with_its_text_and_takes_in_nothing_beside_it(
    before: str, after: str, span: tuple[int, int], expected: str | None
) -> None:
    found = moved(diff(before, after), *span)
    assert (None if found is None else after[slice(*found)]) == expected
