"""Distractor sentences: they look like the answer, are none, and leave the passage as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from attacks.search import BudgetExhaustedError, Judgement, Mark, Prediction, Query, Trial
from attacks.strategies.distracting import CHUNK, Distracting, exchangeable, joined
from attacks.strategies.protected import Protected
from attacks.transformations.words.stand_ins import StandIns, alike, holds, words_of

PASSAGES = Path(__file__).parents[3] / "robustness" / "examples" / "passages.jsonl"
ROWS = [json.loads(line) for line in PASSAGES.read_text(encoding="utf-8").splitlines()]
QUESTION, CONTEXT = "Where does Mary live?", "Mary ate soup. Mary lives in Oslo."


def marks_of(question: str, context: str, answers: list[str]) -> tuple[Mark, ...]:
    texts = (question, context)
    return tuple(Mark(n, t.find(a), t.find(a) + len(a)) for n, t in enumerate(texts) for a in answers if a in t)


def ran(question: str, context: str, answers: list[str], *, attack: Any = None, lost: str = "", **options: Any) -> Any:
    """The trial after the search, and all that was asked; an attempt succeeds where ``lost`` stands in the text."""
    trial = Trial(
        inputs=(question, context),
        field=1,
        judge=lambda answer, inputs: Judgement(0.5 + len(inputs[1]) * 1e-4, bool(lost) and lost in inputs[1]),
        clean=Prediction(0),
        rng=Random(options.pop("seed", 0)),
        marks=marks_of(question, context, answers),
        **options,
    )
    return trial, list(_asked(attack or Distracting(), trial))


def _asked(attack: Any, trial: Trial) -> Iterator[str]:
    search, answer = attack.search(trial), None
    try:
        while True:
            request = search.send(answer)
            assert isinstance(request, Query)
            yield from (one[1] for one in request.inputs)
            assert {one[0] for one in request.inputs} == {trial.inputs[0]}, "the question stays"
            answer = [Prediction(0) for _ in request.inputs]
    except (StopIteration, BudgetExhaustedError):
        return


def added(context: str, text: str) -> str:
    """What stands beside the passage."""
    assert context in text, "the passage stays as it was"
    return text.replace(context, " ")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_no_added_sentence_holds_a_gold_answer_or_a_name_of_the_question(row: dict[str, Any]) -> None:
    question, context, answers = row["question"], row["context"], row["answers"]
    names = [question[start:end] for start, end in exchangeable(question, context)]
    assert names
    for seed in range(3):
        _, asked = ran(question, context, answers, seed=seed)
        assert len(asked) >= 20
        for text in asked:
            words = words_of(added(context, text))
            assert not any(holds(words, words_of(answer)) for answer in answers)
            assert not any(holds(words, words_of(name)) for name in names), "a sentence about the same thing may answer"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_wrong_answers_could_not_pass_for_the_gold_one(row: dict[str, Any]) -> None:
    gold = row["answers"][0]
    made = StandIns(words_of(row["context"]), Random(1)).answers(gold, 5)
    assert len(made) >= 3
    assert not any(alike(one, gold) for one in made)
    assert not set(words_of(" ".join(made))) & {w for w in words_of(row["context"]) if w not in words_of(gold)}


@pytest.mark.parametrize(
    ("gold", "wanted"),
    [
        ("June 1962", r"(January|February|March|April|May|July|August|September|October|November|December) (19|20)\d\d"),
        ("290,000", r"\d{3},\d{3}"),
        ("5 million dollars", r"\d (hundred|thousand|billion|trillion) \w+"),
        ("Oslo", r"[A-Z]\w+"),
        ("green", r"red|blue|yellow|purple|orange|brown|grey|pink|white|black"),
        ("lanterns", r"\w+s"),
    ],
)
def test_a_wrong_answer_is_of_the_kind_of_the_gold_one(gold: str, wanted: str) -> None:
    import re

    assert all(re.fullmatch(wanted, one) for one in StandIns((), Random(0)).answers(gold, 4))


def test_sentences_stand_behind_and_before_then_two_are_added() -> None:
    trial, asked = ran(QUESTION, CONTEXT, ["Oslo"])
    single = [text for text in asked if added(CONTEXT, text).count(".") == 1]
    assert any(text.startswith(CONTEXT) for text in single)
    assert any(text.endswith(CONTEXT) for text in single)
    double = [text for text in asked if text not in single]
    assert double
    assert all(trial.closest.text in text or len(text) <= len(trial.closest.text) for text in double)
    assert len(set(asked)) == len(asked)


def test_a_success_ends_the_search_within_a_chunk() -> None:
    trial, asked = ran(QUESTION, CONTEXT, ["Oslo"], lost=" lives in ")
    assert trial.won
    assert len(asked) <= CHUNK
    assert trial.winner[0].technique == "distractor-sentence"


def test_behind_the_protection_of_the_answer_the_same_texts_are_asked() -> None:
    _, plain = ran(QUESTION, CONTEXT, ["Oslo"])
    _, behind = ran(QUESTION, CONTEXT, ["Oslo"], attack=Protected(Distracting(), (), marks=True))
    assert behind
    assert all("Oslo" in text and "Oslo" not in added(CONTEXT, text) for text in behind)
    assert {len(added(CONTEXT, text).split()) for text in behind} == {len(added(CONTEXT, text).split()) for text in plain}


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        (QUESTION, []),  # nothing says what is right
        ("Mary lives here", ["Oslo"]),  # no question
        ("What do we know about it?", ["Oslo"]),  # nothing to exchange: it might be answered
        ("What did Mary do with the soup?", ["soup"]),  # the question says it already, and so would the sentence
        ("", ["Oslo"]),
    ],
)
def test_nothing_is_tried_where_a_sentence_might_be_right(question: str, answers: list[str]) -> None:
    assert ran(question, CONTEXT, answers)[1] == []


def test_texts_without_capitals_get_sentences_without() -> None:
    _, asked = ran(QUESTION.lower(), CONTEXT.lower(), ["oslo"])
    assert asked
    assert all(text == text.lower() for text in asked)


def test_a_full_stop_parts_the_sentence_from_an_open_text() -> None:
    assert joined("in Oslo", "Ann left.", "end") == "in Oslo. Ann left."
    assert joined('He said "no."\n', "Ann left.", "end") == 'He said "no." Ann left.'
    assert joined("", "Ann left.", "end") == "Ann left."


def test_numbers_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 4, 0 and 2"):
        Distracting(answers=0)
