"""Ladders of dialogues: each turn is asked after the answer to the one before, and each costs a query."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from attacks.dialogue import ASSISTANT, INPUT, USER, Turn, turns_of
from attacks.search import BudgetExhaustedError, Prediction, Trial, Unusable
from attacks.strategies.dialogues.many_shot import SHOTS, ManyShot
from attacks.strategies.dialogues.pressure import CHALLENGES, Pressure
from robustness.tasks.classification import against

LABELS = ("no", "yes")
TEXT = "Is water wet?"


def driven(
    attack: Any, answer: Callable[[tuple[Turn, ...]], Any], *, budget: int | None = None, target: str = ""
) -> tuple[Trial, list[str]]:
    trial = Trial(
        inputs=(TEXT,),
        judge=against(1),
        clean=Prediction(1),
        rng=Random(0),
        budget=budget,
        target=target,
        say=lambda one: LABELS[one.label],  # type: ignore[attr-defined]
    )
    search, reply, asked = attack.search(trial), None, list[str]()
    try:
        while True:
            request = search.send(reply)
            asked += [one[0] for one in request.inputs]
            reply = [answer(turns) for (text,) in request.inputs if (turns := turns_of(text)) is not None]
    except (StopIteration, BudgetExhaustedError):
        return trial, asked


def yields_at(number: int) -> Callable[[tuple[Turn, ...]], Prediction]:
    """Gives in at this challenge, and takes it back at the next."""
    return lambda turns: Prediction(int(sum(turn.role == USER for turn in turns) != number))


def test_each_challenge_quotes_what_the_victim_said_last() -> None:
    trial, asked = driven(Pressure(), yields_at(2))
    assert [len(turns_of(text) or ()) for text in asked] == [3, 5, 7, 9, 11]
    last = turns_of(asked[-1]) or ()
    assert [turn.content for turn in last if turn.role == ASSISTANT] == ["yes", "yes", "no", "yes", "yes"]
    assert [turn.content for turn in last if turn.role == USER] == list(CHALLENGES)
    assert last[0] == Turn(INPUT, TEXT)
    assert [(number, not verdict.reached) for number, (_, verdict) in sorted(trial.ladder.items())] == [
        *((1, True), (2, False), (3, True), (4, True), (5, True))
    ]
    assert trial.winner is not None
    assert trial.winner[0].severity == 2
    assert trial.queries == 6


def test_turns_count_against_the_budget() -> None:
    trial, asked = driven(Pressure(), yields_at(9), budget=3)
    assert len(asked) == 2
    assert sorted(trial.ladder) == [1, 2]


def test_an_answer_that_cannot_be_quoted_ends_the_dialogue() -> None:
    def answer(turns: tuple[Turn, ...]) -> Any:
        return Prediction(1) if len(turns) < 5 else Unusable("truncated", "cut off")

    trial, asked = driven(Pressure(), answer)
    assert len(asked) == 2
    assert sorted(trial.ladder) == [1]
    assert not trial.won
    assert trial.tally.unusable == {"truncated": 1}


def test_shots_grow_and_the_smaller_sets_begin_the_larger_ones() -> None:
    trial, asked = driven(ManyShot(), lambda turns: Prediction(int(len(turns) < 2 * 16)))
    counts = [(len(turns_of(text) or ()) - 1) // 2 for text in asked]
    assert tuple(counts) == SHOTS
    longest = turns_of(asked[-1]) or ()
    assert all((turns_of(text) or ())[:-1] == longest[: 2 * count] for text, count in zip(asked, counts, strict=True))
    assert longest[-1] == Turn(INPUT, TEXT)
    assert len(set(longest)) > len(longest) // 2
    assert trial.winner is not None
    assert trial.winner[0].severity == 16, "the fewest that turn the answer"


def test_shots_answer_with_the_target_where_the_goal_has_one() -> None:
    _, asked = driven(ManyShot((2,)), lambda turns: Prediction(1), target="lighthouse")
    assert [turn.content for turn in turns_of(asked[0]) or () if turn.role == ASSISTANT] == ["lighthouse"] * 2


def test_no_shot_is_right() -> None:
    _, asked = driven(ManyShot(), lambda turns: Prediction(1))
    turns = turns_of(asked[-1]) or ()
    for question, answer in zip(turns[:-1:2], turns[1::2], strict=True):
        one, other = (int(word) for word in question.content.rstrip("?").split() if word.isdigit())
        assert int(answer.content) != one + other


@pytest.mark.parametrize("shots", [(), (0, 1), (4, 2), (2, 2)])
def test_shots_that_do_not_rise_are_refused(shots: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="rising whole numbers from 1"):
        ManyShot(shots)
