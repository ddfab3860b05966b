"""What every registered task promises, whatever it asks."""

from __future__ import annotations

from typing import Any

import pytest

from robustness.errors import UsageError
from robustness.tasks.registry import names, task_named
from robustness.tasks.task import Space, Task

SPACE = Space(("PER", "LOC"), ("text",))


@pytest.fixture(params=names())
def task(request: pytest.FixtureRequest) -> Task[Any, Any]:
    return task_named(request.param)


def test_its_name_is_the_one_it_is_registered_under(task: Task[Any, Any]) -> None:
    assert task_named(task.name) is task
    assert task.summary
    assert task.summary[0].islower()


def test_its_default_goal_has_a_name_that_brings_it_back(task: Task[Any, Any]) -> None:
    goal = task.goal("", SPACE)
    assert goal.name.partition(":")[0] == task.goals[0].word
    assert task.goal(goal.name, SPACE).name == goal.name


def test_a_goal_that_it_has_not_is_refused_with_those_that_it_has(task: Task[Any, Any]) -> None:
    with pytest.raises(UsageError, match=task.goals[0].word):
        task.goal("no-such-goal", SPACE)


def test_measures_have_names_and_titles_of_their_own(task: Task[Any, Any]) -> None:
    assert len({m.name for m in task.measures}) == len({m.title for m in task.measures}) == len(task.measures)


def test_no_reference_is_shown_as_nothing(task: Task[Any, Any]) -> None:
    assert (task.show_reference(None, SPACE), task.cell(None, SPACE), task.marks(None, ("text",))) == ("", None, ())
