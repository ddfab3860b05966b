"""Extractive question answering: what is right, what is broken, what is protected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attacks.search import Mark
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Completion, Unusable, pack, unpack
from robustness.tasks.extractive_qa import AnswerLost, ExtractiveQA, QaSeen
from robustness.tasks.reading.answer_overlap import f1, holds, tokens
from robustness.tasks.registry import task_named
from robustness.tasks.task import Seen, Space

QA = ExtractiveQA()
SPACE = Space(fields=("question", "context"))
INPUTS = ("Where does Mary live?", "Mary lives in Oslo, Norway. Oslo is cold; Osloites ski. Tom paid 5 million dollars there.")
OSLO = ("Oslo", "Oslo, Norway")


def seen(gold: tuple[str, ...] = OSLO, clean: str = "Oslo", perturbed: tuple[str, str] = INPUTS) -> QaSeen:
    return Seen(INPUTS, perturbed, 1, gold, Completion(clean))


def right(text: str, gold: tuple[str, ...] = OSLO) -> bool:
    return QA.right(Completion(text), seen(gold))


def test_the_task_is_known_by_name() -> None:
    assert task_named("qa").summary


# What counts as the same words


def test_case_punctuation_and_articles_do_not_count() -> None:
    assert tokens("The “Old Town”,  of Oslo!") == tokens("old town of oslo") == ("old", "town", "of", "oslo")
    assert tokens("the the") == ("the", "the"), "a text of nothing else keeps them"
    assert tokens("$") == ("$",)
    assert tokens(" \u200b ") == ()


def test_lookalikes_and_unseen_characters_do_not_count() -> None:
    attacked = "\u041es\u200blо\u00ad Nоrway\ufe0f\u2060"  # Cyrillic O and o, unseen characters
    assert tokens(attacked) == ("oslo", "norway")
    assert tokens("Ｏｓｌｏ") == ("oslo",)
    assert tokens("Osx\x08lo") == ("oslo",)
    assert tokens("\u0420\u0410\u0421\u0415") == ("pace",), "a word of lookalikes alone"


def test_honest_words_of_other_scripts_and_accents_stay_themselves() -> None:
    assert tokens("ВОДА") == tokens("вода") == ("вода",)
    assert tokens("año") != tokens("ano")
    assert f1(tokens("東京都"), tokens("東京")) == pytest.approx(0.8)


def test_an_answer_is_held_as_whole_words_in_a_row() -> None:
    assert holds(tokens("it was Oslo, Norway."), tokens("oslo norway"))
    assert not holds(tokens("in 1985"), tokens("5"))
    assert not holds(tokens("Norway's Oslo"), tokens("oslo norway"))


# What is right


@pytest.mark.parametrize("text", ["Oslo", "the OSLO!", "She lives in Oslo, of course.", "\u041eslo", "Oslo in Norway"])
def test_a_gold_answer_is_right_however_it_is_said(text: str) -> None:
    assert right(text)


@pytest.mark.parametrize("text", ["Bergen", "Norway or so they say in the south", "Osloites"])
def test_anything_else_is_wrong(text: str) -> None:
    assert not right(text)


def test_a_number_of_its_own_makes_an_answer_wrong() -> None:
    gold = ("5 million dollars",)
    assert f1(tokens("9 million dollars"), tokens(gold[0])) > 0.5
    assert not right("9 million dollars", gold)
    assert right("million dollars", gold)


def test_the_passage_over_again_is_no_answer() -> None:
    passage = " ".join(f"word{n}" for n in range(60)) + " Oslo."
    one: QaSeen = Seen(("Where?", passage), ("Where?", passage), 1, ("Oslo",), Completion("Oslo"))
    assert not QA.right(Completion(passage), one)
    assert QA.right(Completion("If I read this well, then the answer to your question is Oslo."), one)


# What is broken


def test_a_lost_answer_is_what_would_not_be_right() -> None:
    goal = QA.goal("", SPACE)
    assert goal.name == "answer-lost"
    assert not goal.judge(Completion("She lives in Oslo."), seen()).reached
    lost = goal.judge(Completion("Bergen"), seen())
    assert (lost.reached, lost.quality, lost.score) == (True, 0.0, 1.0)


def test_the_score_rises_from_sure_to_unsure_to_lost() -> None:
    answers = [
        Completion("Oslo", confidence=0.9),
        Completion("Oslo", confidence=0.4),
        Completion("It may well be Oslo I think", confidence=0.4),
        Completion("Norway or Sweden", confidence=0.9),
        Completion("Bergen", confidence=0.9),
    ]
    scores = [AnswerLost().judge(one, seen()).score for one in answers]
    assert scores == sorted(set(scores))
    assert [score > 0.5 for score in scores] == [False, False, False, True, True]


def test_quality_below_is_a_share_of_the_clean_quality() -> None:
    goal = QA.goal("quality-below:0.5", SPACE)
    assert QA.goal(goal.name, SPACE) == goal
    chatty = seen(clean="I think it is Oslo")  # F1 with "Oslo": 2 of 6 words
    assert not goal.judge(Completion("Oslo is where she lives I do now believe"), chatty).reached
    assert goal.judge(Completion("Norway and not anything else that I could think of here"), chatty).reached
    assert not goal.judge(Completion("anything"), seen(clean="nothing of it")).reached, "no quality cannot fall"


def test_answer_with_wants_the_text_and_no_right_answer() -> None:
    goal = QA.goal("answer-with:Bergen", SPACE)
    assert QA.goal(goal.name, SPACE) == goal
    assert goal.judge(Completion("in Bergen"), seen()).reached
    assert not goal.judge(Completion("Oslo, not Bergen"), seen()).reached
    near, far = (goal.judge(Completion(text), seen()).score for text in ("Bergen or Oslo", "Oslo"))
    assert near > far


@pytest.mark.parametrize("spec", ["misclassify", "answer-with:", "answer-with", "quality-below:2", "quality-below:x"])
def test_other_goals_are_refused(spec: str) -> None:
    with pytest.raises(UsageError, match=r"answer-lost|share above 0"):
        QA.goal(spec, SPACE)


# What the data hold


@pytest.mark.parametrize(
    "cell", ["Oslo", '["Oslo", "Oslo, Norway"]', '{"text": ["Oslo"], "answer_start": [14]}', ["Oslo"], {"text": ["Oslo", "Oslo"]}]
)
def test_gold_answers_come_in_three_shapes(cell: object) -> None:
    gold = QA.reference(cell, INPUTS, SPACE)
    assert gold[0] == "Oslo"
    assert len(set(gold)) == len(gold)
    assert QA.reference(json.loads(json.dumps(QA.cell(gold, SPACE))), INPUTS, SPACE) == gold


BAD_CELLS: dict[str, tuple[object, str]] = {
    "no answer": ([], "leave its row out"),
    "SQuAD 2's no answer": ({"text": [], "answer_start": []}, "leave its row out"),
    "a blank": ("  ", "leave its row out"),
    "missing": (None, "leave its row out"),
    "not a number": (float("nan"), "leave its row out"),
    "another mapping": ({"answer": "Oslo"}, "under 'text'"),
    "not in the context": ("Bergen", "stands in the context"),
    "a list of numbers": ([1, 2], "as texts"),
    "a truth value": (True, "expected a gold answer"),
}


@pytest.mark.parametrize("name", BAD_CELLS)
def test_bad_references_say_what_was_expected(name: str) -> None:
    cell, message = BAD_CELLS[name]
    with pytest.raises(ValueError, match=message):
        QA.reference(cell, INPUTS, SPACE)


# What the victim says


@pytest.mark.parametrize(
    "row",
    ["Oslo ", {"answer": " Oslo", "score": 0.5}, {"text": "Oslo", "finish": "stop"}, [{"generated_text": "Oslo"}]],
)
def test_answers_come_as_texts_or_mappings(row: Any) -> None:
    found = QA.answer(row, INPUTS, SPACE)
    assert isinstance(found, Completion)
    assert found.text == "Oslo"
    assert unpack(pack(found)) == found


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("", "empty"),
        ("\u200b", "empty"),
        ({"answer": " "}, "empty"),
        ({"text": "Os", "finish": "length"}, "truncated"),
        ({"text": "", "finish": "content_filter"}, "filtered"),
    ],
)
def test_what_is_no_answer_is_unusable(row: Any, kind: str) -> None:
    found = QA.answer(row, INPUTS, SPACE)
    assert isinstance(found, Unusable)
    assert found.kind == kind


BAD_ROWS: dict[str, tuple[Any, str]] = {
    "nothing": (None, "expected a text"),
    "a number": (3, "expected a text"),
    "offsets alone": ({"start": 1, "end": 3}, "'answer'"),
    "several candidates": ([{"answer": "a"}, {"answer": "b"}], "expected a text"),
    "a score that is none": ({"answer": "Oslo", "score": 12.5}, "from 0 to 1"),
    "bytes": (b"Oslo", "expected a text"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_answers_say_what_was_expected(name: str) -> None:
    row, message = BAD_ROWS[name]
    with pytest.raises(AnswerError, match=message):
        QA.answer(row, INPUTS, SPACE)


def test_answers_that_differ_in_case_or_confidence_only_are_alike() -> None:
    assert QA.same(Completion("Oslo", confidence=0.1), Completion("oslo.", confidence=0.7))
    assert not QA.same(Completion("Oslo"), Completion("Bergen"))


# What is protected


def test_every_place_of_every_gold_answer_is_marked_in_both_fields() -> None:
    inputs = ("Is Oslo where Mary lives?", INPUTS[1])
    found = [(m.field, inputs[m.field][m.start : m.end]) for m in QA.marks(OSLO, inputs)]
    assert found == [(0, "Oslo"), (1, "Oslo"), (1, "Oslo, Norway"), (1, "Oslo")], "Osloites is another word"
    assert QA.marks(("million  DOLLARS",), inputs) == (Mark(1, 67, 82, "answer"),)


def test_measures_are_those_declared() -> None:
    found = QA.measure(Completion("It is Oslo"), seen())
    assert found == {"exact_match": 0.0, "f1": pytest.approx(0.5), "contained": 1.0}
    assert list(found) == [one.name for one in QA.measures]
