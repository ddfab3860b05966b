"""Neutral sentences: many, in the style of the text, where sentences stand, and only in running text."""

from __future__ import annotations

from random import Random

import pytest

from attacks.transformations.words.insertion import EACH, NeutralInsertion, neutral_sentence

REVIEW = "A good film. I liked the cast."
SENTENCES = NeutralInsertion(("sentence",))


def added(text: str, seed: int = 0, technique: NeutralInsertion = SENTENCES) -> list[str]:
    return [candidate.text for candidate in technique.variants(text, Random(seed))]


def test_there_are_thousands_and_each_trial_draws_its_own() -> None:
    assert len({neutral_sentence(Random(seed)) for seed in range(3000)}) > 1000
    one, other = set(added(REVIEW, 1)), set(added(REVIEW, 2))
    assert len(one & other) <= 1
    assert added(REVIEW, 1) == added(REVIEW, 1)


def test_they_stand_before_between_and_after_sentences() -> None:
    found = added(REVIEW)
    assert len(found) == 3 * EACH
    assert sum(new.endswith(f" {REVIEW}") for new in found) == EACH
    assert sum(new.startswith(f"{REVIEW} ") for new in found) == EACH
    between = [new for new in found if new.startswith("A good film. ") and new.endswith(". I liked the cast.")]
    assert len(between) >= EACH


def test_they_come_in_the_style_of_the_text() -> None:
    for new in added("a good film . i liked the cast ."):
        assert new == new.lower()
        assert new.endswith(" .")
    assert all("a good film" in new for new in added("a good film ."))


@pytest.mark.parametrize(
    "text", ["Oil prices soar", "Oil Prices Soar To Record High.", "brand colours: #ff8800.", "what is on tonight", "a dull film"]
)
def test_headlines_queries_and_lists_get_no_sentence(text: str) -> None:
    assert added(text) == []


def test_code_gets_nothing_at_all() -> None:
    assert added("def f(x): return {}", technique=NeutralInsertion()) == []
    assert added("<p>It is dull.</p>", technique=NeutralInsertion()) == []


def test_titles_and_initials_end_no_sentence() -> None:
    between = NeutralInsertion(("sentence",), ("between",))
    assert added("Mr. Smith met Dr. No in St. Louis.", technique=between) == []
