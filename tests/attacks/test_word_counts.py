"""How many words changed, and how many came in: never more changed than there were, an addition counted apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from attacks.language.segmentation import UNSPACED
from attacks.word_counts import words_changed
from attacks.words import Words

TEXTS = st.lists(
    st.sampled_from(["good", "film", "a", "go", "od", "aa", " ", " ", "  ", ", ", "很好", "ภาพยนตร์", "e\u0301", "\u200b", "'"]),
    max_size=14,
).map("".join)


def shape(text: str) -> list[str]:
    words = Words(text)
    return [words[index] for index in range(len(words))]


@settings(max_examples=200, deadline=None)
@given(before=TEXTS, after=TEXTS)
def test_never_more_words_change_than_the_text_has(before: str, after: str) -> None:
    count = words_changed(before, after)
    assert 0 <= count.changed <= count.words == len(Words(before))
    assert 0 <= count.inserted <= len(Words(after))
    assert words_changed(before, before) == (0, 0, count.words)
    if not UNSPACED.search(before + after):
        assert (count.changed + count.inserted == 0) == (shape(before) == shape(after))
        assert count.changed + count.inserted <= Levenshtein.distance(shape(before), shape(after))


@pytest.mark.parametrize(
    ("before", "after", "changed", "inserted"),
    [
        ("a good film", "a bad film", 1, 0),
        ("a good film", "a film", 1, 0),
        ("a good film", "", 3, 0),
        ("a b c", "x y z", 3, 0),
        ("a b c d", "x y d", 3, 0),
        # words put in are counted apart, at the end, at the front and in between
        ("a good film", "a really good film", 0, 1),
        ("a good film.", "a good film. It is a day of the week.", 0, 7),
        ("a good film", "Frankly, a good film", 0, 1),
        ("a good film", "a bad film, in the end @user", 1, 4),
        ("Well, a good film", "a good film that you can rent today", 1, 5),
        ("I don't know", "I do not know", 1, 1),
        # words that change places are changed, none is put in
        ("a good film", "good a film", 2, 0),
        # one word cut into several, or several run together, is one change
        ("a good film", "a go od film", 1, 0),
        ("abcd", "a b c d", 1, 0),
        ("into it", "in to it", 1, 0),
        ("in to it", "into it", 1, 0),
        ("one good film", "one go od f ilm", 2, 0),
        ("hello world", "he llo wurld", 2, 0),
        ("hello hello", "he llo hello", 1, 0),
        ("ab c d", "a b cd", 2, 0),
        ("a good film", "a go od film and more", 1, 2),
        ("good", "go\u200bod", 1, 0),
        ("good", "gox\bod", 1, 0),
    ],
)
def test_what_changed_and_what_came_in(before: str, after: str, changed: int, inserted: int) -> None:
    assert words_changed(before, after) == (changed, inserted, len(before.split()))


def test_counting_stays_quick_on_long_texts() -> None:
    before = " ".join(f"w{i}" for i in range(3000))
    after = " ".join(f"v{i}" for i in range(3000))
    assert words_changed(before, after) == (3000, 0, 3000)
    assert words_changed(before, f"{after} {before}") == (0, 3000, 3000)
