"""Labels from the likeliest first tokens, on hand-made log-probabilities."""

from __future__ import annotations

import math

import pytest

from attacks.search import Unusable
from robustness.victims.endpoint.asking.scoring import LabelScores, label_scores, oddity
from robustness.victims.endpoint.dialects.dialect import TokenChance, Written


def place(token: str, **chances: float) -> TokenChance:
    top = tuple((name.replace("_", " "), math.log(chance)) for name, chance in chances.items())
    return TokenChance(token, dict(top).get(token, math.log(0.5)), top)


def scored(*tokens: TokenChance, words: tuple[str, ...] = ("negative", "positive"), text: str = "") -> LabelScores | Unusable:
    return label_scores(Written(text, tokens=tokens), words)


def test_every_spelling_of_a_label_counts_and_what_is_no_label_is_mass_outside() -> None:
    found = scored(place("Positive", Positive=0.4, _pos=0.2, negative=0.2, The=0.1))
    assert isinstance(found, LabelScores)
    assert found.scores == pytest.approx((0.25, 0.75))
    assert found.mass == pytest.approx(0.8)


def test_a_label_that_was_not_named_gets_less_than_the_least_likely_token_that_was() -> None:
    found = scored(place("positive", positive=0.9, Pos=0.05, maybe=0.01))
    assert isinstance(found, LabelScores)
    assert found.bounded == (0,)
    assert found.scores[0] == pytest.approx(0.01 / 0.96)


def test_a_part_of_a_word_is_no_label_where_the_tokenizer_has_the_whole_word() -> None:
    """Seen on SmolLM2: to the input "N/A" it answers "N/A", and "N" is not the beginning of "Negative"."""
    found = scored(place("Positive", Positive=0.4, N=0.3, Negative=0.1, P=0.1))
    assert isinstance(found, LabelScores)
    assert found.scores == pytest.approx((0.2, 0.8))


def test_a_part_that_was_written_is_followed_to_what_it_became() -> None:
    other = scored(place("N", N=0.6, positive=0.3), place("/A", _A=0.9))
    assert isinstance(other, LabelScores)
    assert other.bounded == (0,)
    assert other.scores[1] == pytest.approx(0.75)  # negative has no more than the 0.1 that was not named
    label = scored(place("neg", neg=0.6, positive=0.3), place("ative", ative=0.9, lect=0.05))
    assert isinstance(label, LabelScores)
    assert label.scores == pytest.approx((0.54 / 0.84, 0.3 / 0.84))


def test_labels_that_begin_alike_are_told_apart_where_the_model_wrote_on() -> None:
    first, second = place("un", un=0.9, safe=0.1), place("safe", safe=0.7, sure=0.3)
    found = scored(first, second, words=("unsafe", "unsure", "safe"))
    assert isinstance(found, LabelScores)
    assert found.scores == pytest.approx((0.63, 0.27, 0.1))


def test_a_first_token_that_is_blank_is_passed_over() -> None:
    found = scored(place("\n", positive=0.3), place("positive", positive=0.8, negative=0.2))
    assert isinstance(found, LabelScores)
    assert found.scores == pytest.approx((0.2, 0.8))


@pytest.mark.parametrize(("text", "kind"), [("I'm sorry, but I can't help with that.", "refused"), ("The film is", "unparsed")])
def test_a_model_that_would_say_something_else_has_no_label(text: str, kind: str) -> None:
    found = scored(place("I", I=0.9, positive=0.02, negative=0.01), text=text)
    assert isinstance(found, Unusable)
    assert found.kind == kind


def test_too_few_named_tokens_tell_nothing_apart() -> None:
    found = scored(place("positive", positive=0.4))
    assert isinstance(found, Unusable)


def test_log_probabilities_that_cannot_be_are_seen() -> None:
    good = place("yes", yes=0.6, no=0.3)
    assert oddity([good], 1) == ""
    assert oddity([good], 2) == ""  # the token that ends the answer is not named by all
    assert oddity([], 3) == "none came"
    assert oddity([good], 5) == "1 came for 5 tokens"
    assert "sum to" in oddity([place("yes", yes=0.9, no=0.9)], 1)
    assert "above 0" in oddity([TokenChance("yes", 0.5)], 1)
