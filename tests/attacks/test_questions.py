"""Questions as statements with a gap for the answer."""

from __future__ import annotations

import pytest

from attacks.language.questions import statement

SAID = {
    "Where does Mary live?": "Mary lives in X.",
    "When did Kenneth Brown move to Lisbon?": "Kenneth Brown moved to Lisbon in X.",
    "What is the capital of France?": "The capital of France is X.",
    "Who wrote Hamlet?": "X wrote Hamlet.",
    "When was Nina Osei born?": "Nina Osei was born in X.",
    "Where is the Eiffel Tower?": "The Eiffel Tower is in X.",
    "How many people live in Bergen?": "X people live in Bergen.",
    "How many goals did Anna score in 1998?": "Anna scored X goals in 1998.",
    "In what year did Tesla arrive in New York?": "Tesla arrived in New York in X.",
    "What year was the school opened?": "The school was opened in X.",
    "Which team won Super Bowl 50?": "X won Super Bowl 50.",
    "What was Tesla known for?": "Tesla was known for X.",
    "What is the city called?": "The city is called X.",
    "What can a camel store?": "A camel can store X.",
    "Who has won the most titles?": "X has won the most titles.",
    "What has Brazil won?": "Brazil has won X.",
    "How old was Mozart when he died?": "Mozart was X when he died.",
    "Why did the ship sink?": "The ship sank because of X.",
    "What material was the old bridge built of?": "The old bridge was built of X.",
    "By whom was the tower designed?": "The tower was designed by X.",
    "What does Mary's brother collect?": "Mary's brother collects X.",
}


@pytest.mark.parametrize("question", SAID)
def test_a_question_becomes_the_statement_that_answers_it(question: str) -> None:
    gap = statement(question)
    assert gap is not None
    assert gap.filled("X") == SAID[question]


@pytest.mark.parametrize("text", ["", "?", "Why?", "Tell me about Oslo.", "Oslo is cold.", "Is Oslo cold?", "\ud83d what \x00"])
def test_what_no_rule_knows_gives_none(text: str) -> None:
    assert statement(text) is None
