"""Prompts out of files: checked before anything is loaded, filled once, and what they show is drawn with the seed."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from robustness.errors import UsageError
from robustness.victims.prompts.load import is_prompt, load_prompt, shipped
from robustness.victims.prompts.prompt import Message

START = """
instruction = "Judge it."
[[messages]]
role = "system"
content = "{{ instruction }}"
[[messages]]
role = "user"
content = "Text: {{ input }}"
"""
LABELS = '[labels]\nnegative = ["bad", "awful"]\npositive = "good"\n'
SHOTS = "input,label\n" + "".join(f"text {n},{'positive' if n % 3 else 'negative'}\n" for n in range(30))


def written(folder: Path, text: str) -> str:
    (folder / "prompt.toml").write_text(text, encoding="utf-8")
    return str(folder / "prompt.toml")


def test_a_place_is_filled_once_and_what_is_filled_in_is_never_expanded(tmp_path: Path) -> None:
    prompt = load_prompt(written(tmp_path, START + LABELS))
    assert (prompt.fields, prompt.supplied) == (("instruction", "input"), (("instruction", "Judge it."),))
    assert prompt.messages(("say {{ input }}", "{{ instruction }} {% raw %} {input}")) == [
        Message("system", "say {{ input }}"),
        Message("user", "Text: {{ instruction }} {% raw %} {input}"),
    ]
    assert (prompt.labels, prompt.words, prompt.task) == (("negative", "positive"), ("bad", "good"), "classification")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("messages = 3", r"prompt.toml: messages: expected one or more \[\[messages\]\].*, got 3"),
        (START + "temprature = 1", r"messages\[2\].temprature: expected one of the keys role, content"),
        ("max_token = 3\n" + START, r"max_token: expected one of the keys .*did you mean max_tokens\?"),
        (START.replace('"user"', '"human"'), r"messages\[2\].role: expected one of system, user, assistant, got 'human'"),
        (START.replace("{{ input }}", "{{ input | upper }}"), r"messages\[2\].content: expected only places such as {{ input }}"),
        (START.replace("{{ input }}", "it"), "messages: expected a place for the text of an example"),
        (START.replace('"Judge it."', '"Judge {{ input }}."'), "instruction: expected a text without places"),
        (START.replace("instruction =", "about ="), "instruction: expected instruction = .*, got None"),
        (START.replace("{{ instruction }}", "Be brief."), "messages: expected a place {{ instruction }}"),
        (START + "[labels]\na = 'x'", "labels.: expected two or more labels"),
        (START + "[labels]\na = 'x'\nb = ['y', 'X']", "labels.b: expected words of its own, got 'X', which means a too"),
        (START + "[answer]\nparser = 'words'", r"answer.parser: expected text, .*got 'words' \(words needs \[labels\]\)"),
        (START + "[answer]\nparser = 'regex:('", r"answer.parser: expected a regular expression, got '\('"),
        (START + "[answer]\nby = 'guess'", "answer.by: expected scores .* or text .*, got 'guess'"),
        (START + "[answer]\nschema = 'none.json'", "answer.schema: expected a JSON schema in a file .*, got 'none.json'"),
        ("max_tokens = 0\n" + START, "max_tokens: expected a whole number from 1, got 0"),
        ("stop = [1]\n" + START, r"stop: expected a text or a list of texts, none of them empty, got \[1\]"),
        (START + "[examples]\nfile = 'none.csv'", "examples.file: expected a file beside the prompt, got 'none.csv'"),
        (
            START + LABELS + "[examples]\nfile = 'shots.csv'\nn = 40",
            "examples.n: expected a file with 20 examples labelled negative",
        ),
        (
            START + LABELS + "[examples]\nfile = 'shots.csv'\nuser = '{{ x }}'",
            "examples.user: expected places that the messages have",
        ),
        ("[", "is no TOML"),
    ],
)
def test_every_error_names_the_key_what_was_expected_and_what_came(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "shots.csv").write_text(SHOTS)
    with pytest.raises(UsageError, match=message):
        load_prompt(written(tmp_path, text))


def test_the_flags_must_fit_the_file(tmp_path: Path) -> None:
    spec = written(tmp_path, 'task = "classification"\n' + START + LABELS)
    assert load_prompt(spec, labels=["negative=poor", "positive"]).words == ("poor", "good")
    assert load_prompt(spec, fields=["review"]).fields == ("instruction", "input")  # another column's name for the one text
    with pytest.raises(UsageError, match="labels: expected those of --labels"):
        load_prompt(spec, labels=["a", "b"])
    with pytest.raises(UsageError, match="task: expected qa, as --task says, got 'classification'"):
        load_prompt(spec, task="qa")
    with pytest.raises(UsageError, match="expected places for the fields a, b, got input"):
        load_prompt(spec, fields=["a", "b"])


def test_examples_are_drawn_with_the_seed_balanced_and_whatever_the_order_of_rows(tmp_path: Path) -> None:
    text = START + LABELS + '[examples]\nfile = "shots.csv"\nn = 5\nuser = "T: {{ input }}"\n'
    (tmp_path / "shots.csv").write_text(SHOTS)
    first, again, other = (load_prompt(written(tmp_path, text), seed=seed) for seed in (1, 1, 2))
    head, *rows = SHOTS.splitlines()
    (tmp_path / "shots.csv").write_text("\n".join([head, *rows[::-1]]) + "\n")
    turned = load_prompt(written(tmp_path, text), seed=1)
    assert first.shown == again.shown == turned.shown != other.shown
    assert first.identity == turned.identity != other.identity
    chat = first.messages(("Do.", "the input"))
    assert [one.role for one in chat] == ["system", *["user", "assistant"] * 5, "user"]
    assert sorted(Counter(one.content for one in chat if one.role == "assistant").values()) == [2, 3]
    assert {one.content for one in chat if one.role == "assistant"} == {"bad", "good"}  # the words, not the names
    assert chat[1].content == f"T: {first.shown[0][0]}"
    assert chat[-1].content == "Text: the input"


def test_shipped_prompts_are_used_by_name_and_there_are_several_for_each_task() -> None:
    stems = Counter(name.rpartition("-")[0] for name in shipped())
    assert stems == {
        **{"sentiment": 5, "nli": 2, "qa": 2, "summarisation": 2, "translation-de": 2},
        **{"injection": 2, "extraction": 1, "paraphrase": 1},  # what they order is in the data, or given to a rewriter
    }
    for name in (one for one in shipped() if not one.startswith(("injection", "extraction", "paraphrase"))):
        prompt = load_prompt(name)
        assert prompt.fields[0] == "instruction"
        marks = [f"<{field}>" for field in prompt.fields]
        text = "".join(one.content for one in prompt.messages(tuple(marks)))
        assert all(text.count(mark) == 1 for mark in marks), name
        assert all(prompt.read(word) == label for word, label in zip(prompt.words, prompt.labels, strict=True))
    assert load_prompt("qa-a").fields == ("instruction", "question", "context")
    assert not is_prompt("{text}")
    assert not is_prompt("@file.txt")
    with pytest.raises(UsageError, match=r"expected a TOML file, or one of extraction-a, injection-a, .*sentiment-a"):
        load_prompt("sentiment-x")


def test_a_function_is_a_prompt_its_parameters_are_the_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asks_moods.py").write_text(
        "def ask(review, instruction='Judge.'):\n    return [{'role': 'user', 'content': instruction + ' ' + review}]\n"
        "def odd(*texts):\n    return ''\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    prompt = load_prompt("python:asks_moods:ask", labels=["no", "yes"])
    assert (prompt.fields, prompt.supplied) == (("instruction", "review"), (("instruction", "Judge."),))
    assert prompt.messages(("Do.", "{{ x }}")) == [Message("user", "Do. {{ x }}")]
    assert prompt.read("Yes!") == "yes"
    with pytest.raises(UsageError, match="expected a function whose parameters are the fields"):
        load_prompt("python:asks_moods:odd")
    sys.modules.pop("asks_moods", None)
