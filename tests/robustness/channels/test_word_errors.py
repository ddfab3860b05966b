"""Word error rate, and what is compared."""

from __future__ import annotations

import pytest

from reports.measures.answers.word_errors import WordErrors, pooled, word_errors


@pytest.mark.parametrize(
    ("before", "after", "errors", "words"),
    [
        ("a dull film", "a dull film", 0, 3),
        ("a dull film", "a full film", 1, 3),
        ("a dull film", "a film", 1, 3),
        ("a dull film", "a very dull film", 1, 3),
        ("a dull film", "", 3, 3),
        ("", "a film", 2, 0),
        ("It isn't good.", "it isn’t good", 0, 3),
        ("rawness and vitality", "run a sin vitality", 3, 3),
    ],
)
def test_words_put_in_left_out_or_exchanged_are_errors_case_and_punctuation_are_not(
    before: str, after: str, errors: int, words: int
) -> None:
    assert word_errors(before, after) == WordErrors(errors, words)


def test_several_texts_are_pooled_by_their_words_not_by_their_rates() -> None:
    together = pooled([("one", "two"), ("a b c d e f g h i", "a b c d e f g h i")])
    assert together.rate == pytest.approx(0.1)
    assert WordErrors().rate is None
