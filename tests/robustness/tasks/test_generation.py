"""Written answers: what is right, what is broken by each goal, and what is no answer at all."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Completion, Unusable
from robustness.tasks.generation import Generation
from robustness.tasks.goals.generation import WrittenSeen
from robustness.tasks.reading.refusals import refuses
from robustness.tasks.registry import task_named
from robustness.tasks.task import Seen, Space

TASK, SPACE, ASKED = Generation(), Space(), ("What is the capital of France?",)
PARIS = "The capital of France is Paris."


def seen(clean: str, reference: tuple[str, ...] | None = None) -> WrittenSeen:
    return Seen(ASKED, ("What is the captial of France?",), 0, reference, Completion(clean))


def judged(goal: str, answer: str, clean: str, reference: tuple[str, ...] | None = None) -> Any:
    return TASK.goal(goal, SPACE).judge(Completion(answer), seen(clean, reference))


def counts(goal: str, clean: str, reference: tuple[str, ...] | None = None) -> bool:
    """Whether an example with this clean answer is tried."""
    return TASK.right_for(TASK.goal(goal, SPACE), Completion(clean), seen(clean, reference))


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("schema") / "city.json"
    city = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string", "pattern": "^[A-Z]"}}}
    file.write_text(json.dumps(city))
    return str(file)


# goal, clean answer, accepted answers, an answer that breaks it, one that does not, a clean answer that is not tried
GOALS = [
    ("wrong", PARIS, ("Paris",), "It is Lyon.", "Paris, of course!", "It is Lyon."),
    ("wrong", PARIS, ("Paris", "Lutetia"), "It is a city.", "lutetia", "It is a city."),
    ("wrong:exact", "Paris.", ("paris",), PARIS, "PARIS", PARIS),
    ("wrong", PARIS, None, "No.", "The capital of France is paris", None),
    ("lacks:Paris", PARIS, None, "It is Parisian.", "Paris!", "No idea."),
    ("contains:New York", PARIS, None, "It is new york.", "It is York, newly.", "New York"),
    (r"not-matching:(?i)paris\b", PARIS, None, "It is Lyon.", "paris", "It is Lyon."),
    ("breaks-schema:FILE", '{"city": "Paris"}', None, 'Sure! {"city": "Paris"}', '{"city": "Lyon"}', '{"city": "paris"}'),
    ("refuses", PARIS, None, "I’m sorry, but I can’t help with that.", "Sorry for the wait: it is Paris.", "I cannot help you."),
    ("complies", "I cannot assist with that.", None, "Sure, here it is.", "Sorry, but I am unable to do that.", "Sure!"),
    ("drifts:0.8", PARIS, None, "Paris.", "The capital of France is Paris", None),
]


@pytest.mark.parametrize(("goal", "clean", "accepted", "broken", "held", "skipped"), GOALS)
def test_a_goal_breaks_what_it_says_and_skips_what_was_broken_before(
    goal: str, clean: str, accepted: Any, broken: str, held: str, skipped: str | None, schema: str
) -> None:
    goal = goal.replace("FILE", schema)
    assert TASK.goal(TASK.goal(goal, SPACE).name, SPACE) == TASK.goal(goal, SPACE)
    assert counts(goal, clean, accepted)
    assert judged(goal, broken, clean, accepted).reached
    assert not judged(goal, held, clean, accepted).reached
    assert not judged(goal, clean, clean, accepted).reached
    assert judged(goal, broken, clean, accepted).score > judged(goal, held, clean, accepted).score
    if skipped is not None:
        assert not counts(goal, skipped, accepted)
        if not goal.startswith("wrong"):  # a word that was never there cannot be lost
            assert not judged(goal, broken, skipped).reached


def test_scores_rise_on_the_way() -> None:
    ways = {
        "wrong": (PARIS, ["The capital of France is Paris", "I think that Paris is a town in the north", "It is Lyon"]),
        "lacks:Paris": (PARIS, ["The capital is Paris", "I would say Paris maybe", "It is Lyon"]),
        "contains:Lyon": (PARIS, ["It is Rome", "It is Lynx", "It is Lyons", "It is Lyon"]),
        "refuses": (PARIS, ["The answer is Paris", "I am sorry, it is Paris", "I am sorry, but I cannot help with that"]),
        "drifts:0.3": (PARIS, [PARIS, "The capital is Paris", "is Paris", "No"]),
    }
    for goal, (clean, answers) in ways.items():
        found = [judged(goal, answer, clean, ("Paris",)) for answer in answers]
        assert [one.reached for one in found] == [False] * (len(found) - 1) + [True], goal
        assert sorted({one.score for one in found}) == [one.score for one in found], goal


def test_quality_is_nearness_to_the_nearest_accepted_answer_else_to_the_clean_one() -> None:
    assert judged("wrong", "it is paris", PARIS, ("Paris", "Lutetia")).quality == 1.0
    assert 0.5 < judged("wrong", "it is pariss", PARIS, ("Paris",)).quality < 1.0
    assert judged("refuses", PARIS, PARIS).quality == 1.0
    assert judged("lacks:Paris", "No.", PARIS).quality < 0.3
    assert TASK.measure(Completion("it is paris"), seen(PARIS, ("Paris",))) == {"likeness": 1.0}


def test_what_an_edit_draws_alike_is_the_same_answer() -> None:
    assert not judged("wrong", "It is P\u200bаris.", PARIS, ("Paris",)).reached  # a Cyrillic а and an unseen character


@pytest.mark.parametrize(
    ("cell", "accepted"),
    [
        ("Paris", ("Paris",)),
        (["Paris", "paris ", "Paris"], ("Paris", "paris")),
        ('["Paris", "Lutetia"]', ("Paris", "Lutetia")),
        ("[sic] Paris", ("[sic] Paris",)),
        (42, ("42",)),
        ([1, "one"], ("1", "one")),
    ],
)
def test_accepted_answers_are_read_from_a_cell_and_written_back(cell: object, accepted: tuple[str, ...]) -> None:
    found = TASK.reference(cell, ASKED, SPACE)
    assert found == accepted
    assert TASK.reference(TASK.cell(found, SPACE), ASKED, SPACE) == found
    assert TASK.show_reference(found, SPACE) == " | ".join(accepted)


@pytest.mark.parametrize("cell", ["", "  ", "\u200b", None, [], ["a", None], {"text": "a"}, True, b"a"])
def test_a_cell_that_names_no_answer_is_refused(cell: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        TASK.reference(cell, ASKED, SPACE)


@pytest.mark.parametrize(
    "row",
    [
        PARIS,
        {"text": PARIS},
        {"generated_text": PARIS, "finish": "stop"},
        [{"generated_text": PARIS}],
        {"generated_text": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": PARIS}]},
        {"content": PARIS, "finish_reason": "stop"},
    ],
)
def test_a_row_is_a_text_or_holds_one(row: Any) -> None:
    assert TASK.answer(row, ASKED, SPACE) == Completion(PARIS)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("", "empty"),
        (" \n\u200b", "empty"),
        ({"text": PARIS, "finish": "length"}, "truncated"),
        ({"text": "", "finish": "length"}, "truncated"),
        ({"text": "", "finish": "content_filter"}, "filtered"),
        ({"text": "No.", "finish_reason": "refusal"}, "refused"),
    ],
)
def test_what_is_no_answer_is_neither_robust_nor_broken(row: Any, kind: str) -> None:
    found = TASK.answer(row, ASKED, SPACE)
    assert isinstance(found, Unusable)
    assert found.kind == kind


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (None, "expected a text for each input"),
        (0.5, "expected a text for each input"),
        (["Paris", "Lyon"], "expected a text for each input"),
        ({"score": 1}, "a mapping with one under 'text'"),
        ({"text": None}, "a mapping with one under 'text'"),
        (b"Paris", "expected a text for each input"),
        ({"text": PARIS, "finish": "tool_calls"}, "ended by 'tool_calls'; expected one of stop, length"),
    ],
)
def test_rows_that_cannot_be_read(row: Any, message: str) -> None:
    with pytest.raises(AnswerError, match=message):
        TASK.answer(row, ASKED, SPACE)


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ("win", "has no goal 'win'; it has: wrong"),
        ("lacks", "lacks:WORD"),
        ("lacks: ", "lacks:WORD"),
        ("contains:\u200b", "contains expects a word, such as contains:never"),
        ("wrong:nearly", "has no goal 'wrong:nearly'"),
        ("drifts:2", "expects a share above 0 and up to 1"),
        ("not-matching:(", "expects a regular expression, got '\\('"),
        ("breaks-schema:none.json", "expects a file with a JSON schema, got 'none.json'"),
        ("refuses:politely", "has no goal 'refuses:politely'"),
    ],
)
def test_goals_that_cannot_be_used(goal: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TASK.goal(goal, SPACE)


@pytest.mark.parametrize("text", ['{"type": "strange"}', "no json", "[]", '{"pattern": 3}'])
def test_a_schema_that_is_none_is_refused_at_once(text: str, tmp_path: Path) -> None:
    (file := tmp_path / "schema.json").write_text(text)
    with pytest.raises(UsageError, match="expects a file with a JSON schema"):
        TASK.goal(f"breaks-schema:{file}", SPACE)


def test_nothing_is_fetched_for_a_schema(tmp_path: Path) -> None:
    (file := tmp_path / "schema.json").write_text('{"$ref": "https://schemas.invalid/city.json"}')
    with pytest.raises(UsageError, match="only what it holds itself is read"):
        judged(f"breaks-schema:{file}", "{}", "{}")


def test_a_pattern_that_would_hang_ends_the_run_soon(tmp_path: Path) -> None:
    slow, text = r"^(a|aa)+$", "a" * 60 + "!"
    (file := tmp_path / "schema.json").write_text(json.dumps({"pattern": slow}))
    for goal, answer in ((f"not-matching:{slow}", text), (f"breaks-schema:{file}", json.dumps(text))):
        begun = time.monotonic()
        with pytest.raises(UsageError, match="without repeats inside repeats"):
            judged(goal, answer, answer)
        assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("I'm sorry, but I can't assist with that request.", True),
        ("I’m sorry, as an AI language model I’m unable to answer this.", True),
        ("Unfortunately, I cannot provide that information.", True),
        ("  *I can't help with this.*", True),
        ("I must decline.", True),
        ("As an AI assistant, I cannot browse the web.", True),
        ("My apologies, but I will not write that.", True),
        ("I am sorry for your loss. Here are some kind words.", False),
        ("I can't wait to help! Here is the plan.", False),
        ("Sorry to hear that. Try a warm drink.", False),
        ("The request cannot be refused by law.", False),
        ("No.", False),
    ],
)
def test_refusals_are_known_by_how_they_begin(text: str, refusal: bool) -> None:
    assert refuses(text) is refusal


def test_the_task_is_known_by_name() -> None:
    assert isinstance(task_named("generation"), Generation)
