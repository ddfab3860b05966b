"""Options in every rotation: the right answer moves along, and how often each letter was chosen is written down."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from attacks.language.options import chosen, moved_to, options_of, reordered
from attacks.search import Prediction, Trial
from attacks.strategies.comparing.reordering import DETAIL, Reordering
from robustness.tasks.answers import Completion
from robustness.tasks.classification import Classification
from robustness.tasks.generation import Generation
from robustness.tasks.task import Space

QUESTION = "Which city is the capital of Spain?\nA) Lisbon\nB) Madrid\nC) Rome\nD) Paris"
LETTERS = ("A", "B", "C", "D")


def asked(victim: Callable[[str], Any], task: Any, reference: Any, say: Callable[[Any], str]) -> Trial:
    space = Space(LETTERS if task.classes else (), ("text",))
    clean = victim(QUESTION)
    judge = task.judge_of(task.goal("other-option", space), (QUESTION,), 0, reference, clean)
    trial = Trial(inputs=(QUESTION,), judge=judge, clean=clean, rng=Random(0), say=say)
    search, reply = Reordering().search(trial), None
    try:
        while True:
            request = search.send(reply)
            reply = [victim(text) for (text,) in request.inputs]  # type: ignore[attr-defined]
    except StopIteration:
        return trial


def letter_of(text: str, content: str) -> str:
    return next(option.letter for option in options_of(text) if option.content == content)


def test_a_victim_that_follows_what_options_say_holds_in_every_order() -> None:
    trial = asked(lambda text: Completion(f"{letter_of(text, 'Madrid')})"), Generation(), ("B",), lambda one: str(one.text))
    assert not trial.won
    assert trial.queries == 4
    assert trial.details[DETAIL] == {"count": 4, "asked": 4, "chosen": {"A": 1, "B": 1, "C": 1, "D": 1}, "same": True}


def test_a_victim_that_follows_the_letter_is_broken_and_its_bias_is_written_down() -> None:
    trial = asked(lambda _: Completion("B"), Generation(), ("Madrid",), lambda one: str(one.text))
    assert trial.won
    assert trial.details[DETAIL]["chosen"] == {"B": 4}
    assert trial.details[DETAIL]["same"] is False


def test_labels_that_are_letters_move_with_the_options() -> None:
    def right(text: str) -> Prediction:
        return Prediction(LETTERS.index(letter_of(text, "Madrid")))

    assert not asked(right, Classification(), 1, lambda one: LETTERS[one.label]).won
    assert asked(lambda _: Prediction(1), Classification(), 1, lambda one: LETTERS[one.label]).won


def test_scores_are_those_of_the_label_that_is_right_now() -> None:
    trial = asked(lambda _: Prediction(1, (0.1, 0.6, 0.2, 0.1)), Classification(), 1, lambda one: LETTERS[one.label])
    assert trial.winner is not None
    assert trial.winner[1].score == pytest.approx(1 - 0.1)  # the right city stands behind A now


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("(C) Rome", "C"),
        ("**D**", "D"),
        ("The answer is B.", "B"),
        ("Answer: A", "A"),
        ("Madrid, of course.", "B"),
        ("It is rome", "C"),
        ("A capital city is Madrid or Rome", None),  # an article is no letter
        ("C is right", "C"),
        ("Both Lisbon and Madrid", None),
        ("E", None),
        ("Dear me, I do not know", None),
        ("", None),
    ],
)
def test_a_choice_is_a_letter_at_the_beginning_or_the_content_of_one_option(answer: str, letter: str | None) -> None:
    assert chosen(answer, options_of(QUESTION)) == letter


@pytest.mark.parametrize("text", ["no options", "A) one", "A) x\nB) x", "B) one\nC) two", "A) one, B) two"])
def test_texts_without_a_list_of_different_options_leave_nothing_to_try(text: str) -> None:
    assert options_of(text) == ()


def test_the_last_list_counts_and_its_other_lines_stay() -> None:
    text = f"Example:\nA. up\nB. down\nThe answer is A.\n\n{QUESTION}\nAnswer:"
    options = options_of(text)
    assert [option.content for option in options] == ["Lisbon", "Madrid", "Rome", "Paris"]
    moved = reordered(text, options, (1, 2, 3, 0))
    assert moved.endswith("A) Madrid\nB) Rome\nC) Paris\nD) Lisbon\nAnswer:")
    assert moved.startswith("Example:\nA. up\nB. down\n")
    assert moved_to("A", options, options_of(moved)) == "D"
