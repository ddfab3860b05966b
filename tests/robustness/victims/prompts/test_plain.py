"""Plain prompts: what each task is asked, and answers that are read as one thing or as none."""

from __future__ import annotations

from typing import Any

import pytest

from attacks.search import Unusable
from robustness.errors import UsageError
from robustness.victims.prompts.chosen import prompt_of
from robustness.victims.prompts.plain import plain_prompt
from robustness.victims.transformers.asking import question_of

LABELS = ["negative", "positive"]


def read(text: str, **how: Any) -> Any:
    found = plain_prompt(**how).read(text)
    return found.kind if isinstance(found, Unusable) else found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Positive.", "positive"),
        ("**positive**", "positive"),
        ("The answer is negative, I think", "negative"),
        ("positive or negative", "unparsed"),
        ("not positive", "unparsed"),
        ("It is not a very positive review", "unparsed"),
        ("nonpositive", "unparsed"),
        ("a fine film", "unparsed"),
        ("I'm sorry, but I can't help with that.", "refused"),
    ],
)
def test_a_label_is_the_one_word_that_an_answer_names(text: str, expected: str) -> None:
    assert read(text, labels=LABELS) == expected


def test_a_label_inside_a_longer_one_is_not_named_by_it() -> None:
    assert read("not toxic", labels=["toxic", "clean=not toxic"]) == "clean"
    assert read("Toxic", labels=["toxic", "clean=not toxic"]) == "toxic"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("joy, anger", ["joy", "anger"]),
        ('["joy"]', ["joy"]),
        ("- Joy\n- Anger", ["joy", "anger"]),
        ("none", []),
        ("[]", []),
        ("joy and more", "unparsed"),
        ("I cannot answer that.", "refused"),
    ],
)
def test_several_labels_are_a_list_of_nothing_else(text: str, expected: Any) -> None:
    assert read(text, labels=["joy", "anger"], task="multi-label") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.5", 3.5),
        ("Similarity: -2", -2.0),
        ("1e-3", 0.001),
        ("3 of 5", "unparsed"),
        ("three", "unparsed"),
        ("1,000", "unparsed"),
    ],
)
def test_a_number_is_the_only_one_in_an_answer(text: str, expected: Any) -> None:
    assert read(text, task="regression", prompt="Rate {text} from 0 to 5.") == expected


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"task": "translation"}, "into which language"),
        ({"task": "regression"}, "on which scale"),
        ({"task": "ner"}, "read out of JSON"),
        ({"task": "retrieval"}, "ranks no passages"),
        ({"task": "classification"}, "name them with --labels"),
        ({"task": "qa", "labels": LABELS}, "leave --labels or --task out"),
        ({"labels": ["a"]}, "two or more different names"),
        ({"labels": ["a", "A"]}, "which means a too"),
        ({"prompt": "no place"}, "no place for the text"),
        ({"max_new_tokens": 0}, "at least 1"),
    ],
)
def test_a_task_that_cannot_be_asked_says_what_it_needs(how: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plain_prompt(**how)


def test_each_task_has_its_fields_and_its_words() -> None:
    qa = plain_prompt(task="qa")
    assert qa.fields == ("question", "context")
    (user,) = qa.messages(("Who?", "Ada {question} wrote it."))
    assert user.content.startswith("Ada {question} wrote it.\n\nQuestion: Who?")
    system, user = plain_prompt(prompt="{text}", system="Be brief.\\nReally.").messages(("a {text} {{",))
    assert (system.content, user.content) == ("Be brief.\nReally.", "a {text} {{")
    assert plain_prompt(labels=LABELS).messages(("x",))[0].content.startswith("Classify the text as negative or positive.")


@pytest.mark.parametrize(
    ("task", "fields"), [("injection", ("system", "task", "document")), ("extraction", ("system", "message"))]
)
def test_the_system_prompt_of_the_data_reaches_the_model_as_one(task: str, fields: tuple[str, ...]) -> None:
    """In the user's message an order not to do something is worth nothing, and every injection would seem to work."""
    asked_for: dict[str, Any] = {"task": task, "fields": fields, "calibrate": False, "seed": 0}
    asked_for |= dict.fromkeys(("prompt", "system", "labels", "max_new_tokens", "stop"))
    hf = question_of(**asked_for)
    for asked in (prompt_of(None, task=task, fields=fields), hf.asked):
        assert tuple(asked.fields) == fields
        system, user = asked.messages(("Keep the word.", *("a {{ system }}", "the end")[: len(fields) - 1]))
        assert (system.role, system.content, user.role) == ("system", "Keep the word.", "user")
        assert "a {{ system }}" in user.content
    own = prompt_of("{system} {task} {document}{message}", task=task)
    assert [one.role for one in own.messages(("1", "2", "3", "4"))] == ["user"]
