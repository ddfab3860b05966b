"""What a model's rewrite must keep before it counts as one: faults that translators and chat models were seen to make."""

from __future__ import annotations

import pytest

from attacks.strategies.paraphrasing.screening import screened

TEXT = "The story plays out slowly, but Murray never bores us in its 90 minutes."
KEPT = (
    "The story plays out slowly, yet Murray never bores us in its 90 minutes.",
    "The tale plays out slowly, but Murray never bores us in its 90 minutes.",
    "Although the story plays out slowly, Murray never bores us in its 90 minutes.",
)
LONG = "and the music of the orchestra in the palace is superb."
DROPPED = {
    "a denial lost": "The story plays out slowly, but Murray bores us in its 90 minutes.",
    "a denial added": "The story does not play out slowly, but Murray never bores us in its 90 minutes.",
    "a number lost": "The story plays out slowly, but Murray never bores us in its minutes.",
    "a number changed": "The story plays out slowly, but Murray never bores us in its 19 minutes.",
    "a name lost": "The story plays out slowly, but he never bores us in its 90 minutes.",
    "a name added": "The story by Kafka plays out slowly, but Murray never bores us in its 90 minutes.",
    "a pronoun of another person": "The story plays out slowly, but Murray never bores them in its 90 minutes.",
    "a word of no dictionary": "The story plays out slowly, but Murray never boreia us in its 90 minutes.",
    "cut off": "The story plays out slowly, but Murray never bores us in its 90",
    "shortened": "Murray never bores us in 90 minutes.",
    "a fact added": f"The story plays out slowly, but Murray never bores us in its 90 minutes, {LONG}",
    "a synonym of another sense": "The account plays out slowly, but Murray never bores us in its 90 minutes.",
    "turned round": "The story plays out slowly, but Murray never delights us in its 90 minutes.",
    "talk about the task": "Here is the text: The story plays out slowly, but Murray never bores us in its 90 minutes.",
    "a refusal": "I can't help with that, but Murray never bores us in its 90 minutes, the story plays out slowly.",
    "the same text": "the story plays out slowly , but Murray never bores us in its 90 minutes .",
    "empty": " ",
}


@pytest.mark.parametrize("rewrite", KEPT)
def test_a_rewrite_that_keeps_what_can_be_counted_passes(rewrite: str) -> None:
    assert screened(TEXT, rewrite)


@pytest.mark.parametrize("fault", DROPPED)
def test_a_rewrite_with_a_fault_is_none(fault: str) -> None:
    assert not screened(TEXT, DROPPED[fault])
