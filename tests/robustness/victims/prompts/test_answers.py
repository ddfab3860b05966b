"""What a model wrote is one answer or none: never a guess."""

from __future__ import annotations

import time

import pytest
import regex

from attacks.search import Unusable
from robustness.victims.prompts.answers import JsonPath, Named, Pattern, Read, Words

LABELS = {"negative": ("bad", "awful"), "positive": ("good",)}
NLI = {"entailment": ("entailment",), "not entailment": ("not entailment",)}


def kind(read: Read, text: str) -> str:
    found = read(text)
    return found.kind if isinstance(found, Unusable) else f"= {found}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good.", "= positive"),
        ("**BAD**", "= negative"),
        ("The film is awful, just awful", "= negative"),
        ("positive", "= positive"),
        ("ｇｏｏｄ", "= positive"),
        ("goodness", "unparsed"),
        ("good or bad", "unparsed"),
        ("It is not good.", "unparsed"),
        ("It isn't a good film", "unparsed"),
        ("I do not know. Good", "= positive"),
        ("Perhaps", "unparsed"),
        ("I'm sorry, but I can't help with that.", "refused"),
    ],
)
def test_an_answer_is_the_one_label_that_it_names(text: str, expected: str) -> None:
    assert kind(Words(LABELS), text) == expected


def test_the_longest_words_win_and_scripts_without_blanks_are_read() -> None:
    assert kind(Words(NLI), "Not entailment") == "= not entailment"
    assert kind(Words({"p": ("正面",), "n": ("负面",)}), "这是正面的") == "= p"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": {"mood": ["Good"]}}', "= positive"),
        ('Sure:\n```json\n{"a": {"mood": ["bad"]}}\n```', "= negative"),
        ('{"a": {"mood": ["fair"]}}', "unparsed"),
        ('{"a": {"mood": []}}', "unparsed"),
        ('{"a": {"mood": ["good"], "mood": ["bad"]}}', "unparsed"),
        ('{"a": {"mood": ["good"]}} {"a": {"mood": ["bad"]}}', "unparsed"),
        ('{"a": {"mood": ["good"]', "unparsed"),
        ("[" * 100_000, "unparsed"),
    ],
)
def test_a_path_into_json_finds_one_value_or_none(text: str, expected: str) -> None:
    assert kind(Named(JsonPath(("a", "mood", "0")), LABELS), text) == expected


def test_a_pattern_that_finds_two_values_finds_none() -> None:
    read = Pattern(regex.compile(r"answer: (?P<answer>\w+)"))
    assert kind(read, "the answer: yes") == "= yes"
    assert kind(read, "answer: yes, answer: yes") == "= yes"
    assert kind(read, "answer: yes, answer: no") == "unparsed"


def test_a_pattern_that_a_hostile_answer_keeps_busy_is_given_up() -> None:
    started = time.monotonic()
    assert kind(Pattern(regex.compile(r"(a+)+b")), "a" * 5000) == "unparsed"
    assert time.monotonic() - started < 10
