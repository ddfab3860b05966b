"""A prompt in a TOML file, read into checked values. Every error names the file, the key, what was expected and what came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import regex

from robustness.errors import UsageError
from robustness.victims.prompts.answers import JsonPath, Labels, Named, Pattern, Read, Words, whole
from robustness.victims.prompts.placeholders import odd_place, places
from robustness.victims.prompts.prompt import Message
from robustness.victims.prompts.verbaliser import check_words

INSTRUCTION = "instruction"
ROLES = ("system", "user", "assistant")
MAX_TOKENS = {True: 16, False: 64}
"""Where the file does not say: with labels, and without."""
KEYS = ("task", "about", INSTRUCTION, "messages", "examples", "labels", "answer", "stop", "max_tokens")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Examples:
    """``[examples]``: ``n`` of a file's rows, shown before the input. ``user``: how each is asked; None: as the input itself."""

    file: Path
    n: int
    user: str | None = None


@dataclass(frozen=True, slots=True)
class PromptFile:
    """What stands in a file. ``fields``: the places in the messages, the instruction's left aside; ``scored``: see the loader."""

    source: str
    messages: tuple[Message, ...]
    instruction: str | None
    fields: tuple[str, ...]
    task: str | None
    labels: Labels
    parser: str
    schema: Mapping[str, Any] | None
    scored: bool
    stop: tuple[str, ...]
    max_tokens: int
    examples: Examples | None


def read_prompt(source: str, text: str, folder: Path) -> PromptFile:
    """The prompt in ``text``; ``source`` is what messages call it, files that it names are looked for in ``folder``.

    Raises:
        UsageError: naming the key, what was expected and what came.
    """
    import tomllib

    try:
        table = _Table(source, "", tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(f"{source} is no TOML: {problem}") from problem
    table.refuse_others(KEYS)
    messages = _messages(table)
    fields = tuple(dict.fromkeys(name for one in messages for name in places(one.content)))
    instruction = _instruction(table, fields)
    labels = _labels(table.table("labels"))
    answer = table.table("answer")
    answer.refuse_others(("parser", "by", "schema"))
    parser = answer.get("parser", str, "a text", "words" if labels else "text")
    parser_of(parser, labels, answer.key("parser"))
    by = answer.get("by", str, "scores or text", "scores")
    if by not in ("scores", "text"):
        raise answer.wrong("by", "scores (of each label, where the victim gives them) or text (read what it writes)", by)
    stop = table.texts("stop")
    most = table.get("max_tokens", int, "a whole number from 1", MAX_TOKENS[bool(labels)])
    if most < 1:
        raise table.wrong("max_tokens", "a whole number from 1", most)
    data_fields = tuple(name for name in fields if name != INSTRUCTION)
    return PromptFile(
        source=source,
        messages=messages,
        instruction=instruction,
        fields=data_fields,
        task=table.get("task", str | None, "the name of a task", None),
        labels=labels,
        parser=parser,
        schema=_schema(answer, folder),
        scored=by == "scores",
        stop=stop,
        max_tokens=most,
        examples=_examples(table.table("examples"), folder, (*data_fields, INSTRUCTION)),
    )


class _Table:
    """A table of the file with the key under which it stands."""

    def __init__(self, source: str, at: str, values: Mapping[str, Any]) -> None:
        self.source, self.at, self.values = source, at, values

    def key(self, name: str) -> str:
        return f"{self.source}: {self.at}{name}"

    def wrong(self, name: str, expected: str, came: object) -> UsageError:
        shown = repr(came)
        return UsageError(f"{self.key(name)}: expected {expected}, got {shown[:100]}{'…' if len(shown) > 100 else ''}")

    def refuse_others(self, known: Sequence[str]) -> None:
        for name in self.values:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                meant = f"; did you mean {near[0]}?" if near else ""
                raise UsageError(f"{self.key(name)}: expected one of the keys {', '.join(known)}, got {name!r}{meant}")

    def get(self, name: str, kind: Any, expected: str, otherwise: Any) -> Any:
        found = self.values.get(name, otherwise)
        if name in self.values and (not isinstance(found, kind) or isinstance(found, bool)):
            raise self.wrong(name, expected, found)
        return found

    def table(self, name: str) -> _Table:
        found = self.values.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong(name, f"a table [{name}]", found)
        return _Table(self.source, f"{self.at}{name}.", found)

    def texts(self, name: str) -> tuple[str, ...]:
        found = self.values.get(name, [])
        several = [found] if isinstance(found, str) else found
        if not isinstance(several, list) or not all(isinstance(one, str) and one for one in several):
            raise self.wrong(name, "a text or a list of texts, none of them empty", found)
        return tuple(several)


def _messages(table: _Table) -> tuple[Message, ...]:
    found = table.values.get("messages")
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise table.wrong("messages", "one or more [[messages]], each with role and content", found)
    made = [_message(_Table(table.source, f"messages[{n}].", one)) for n, one in enumerate(found, 1)]
    if made[-1].role != "user":
        raise table.wrong("messages", "the user's message last: the model answers it", f"one of the {made[-1].role}")
    if any(one.role == "system" for one in made[1:]):
        raise table.wrong("messages", "a system message in the first place only", [one.role for one in made])
    if not any(set(places(one.content)) - {INSTRUCTION} for one in made):
        raise table.wrong("messages", "a place for the text of an example, such as {{ input }}", [one.content for one in made])
    return tuple(made)


def _message(table: _Table) -> Message:
    table.refuse_others(("role", "content"))
    role, content = table.values.get("role"), table.values.get("content")
    if role not in ROLES:
        raise table.wrong("role", f"one of {', '.join(ROLES)}", role)
    if not isinstance(content, str) or not content.strip():
        raise table.wrong("content", "a text", content)
    _check_places(table, "content", content)
    return Message(role, content)


def _check_places(table: _Table, name: str, text: str) -> None:
    odd = odd_place(text)
    if odd is not None:
        raise table.wrong(name, "only places such as {{ input }}: a name between two braces", odd)


def _instruction(table: _Table, fields: Sequence[str]) -> str | None:
    found: str | None = table.get(INSTRUCTION, str, "a text", None)
    if found is None and INSTRUCTION in fields:
        raise table.wrong(INSTRUCTION, 'instruction = "…", since the messages have a place for it', None)
    if found is None:
        return None
    if not found.strip():
        raise table.wrong(INSTRUCTION, "a text", found)
    if INSTRUCTION not in fields:
        raise table.wrong("messages", "a place {{ instruction }}, since there is an instruction", "none")
    if places(found):
        raise table.wrong(INSTRUCTION, "a text without places, which belong into the messages: it is put in as it is", found)
    return found


def _labels(table: _Table) -> Labels:
    found = {name: table.texts(name) for name in table.values}
    if not found:
        return {}
    for name, words in found.items():
        if not name.strip() or not words or not all(word.strip() for word in words):
            raise table.wrong(name or '""', "a name, and the words that mean it", list(words))
    if len(found) < 2:
        raise table.wrong("", "two or more labels", list(found))
    check_words(found, table.source)
    return found


def parser_of(spec: str, labels: Labels, key: str) -> Read:
    """The reader behind ``words``, ``text``, ``json:PATH`` or ``regex:PATTERN``; raises ``UsageError``."""
    kind, _, rest = spec.partition(":")
    if spec == "words" and labels:
        return Words(labels)
    if spec == "text" and not labels:
        return whole
    inner: Read
    if kind == "json" and rest and all(rest.split(".")):
        inner = JsonPath(tuple(rest.split(".")))
    elif kind == "regex" and rest:
        try:
            inner = Pattern(regex.compile(rest))
        except regex.error as problem:
            raise UsageError(f"{key}: expected a regular expression, got {rest!r} ({problem})") from problem
    else:
        ways = "words" if labels else "text"
        why = (
            " (words needs [labels])"
            if spec == "words"
            else " (with [labels], an answer is one of them)"
            if spec == "text"
            else ""
        )
        raise UsageError(f"{key}: expected {ways}, json:PATH such as json:answer.label, or regex:PATTERN, got {spec!r}{why}")
    return Named(inner, labels) if labels else inner


def _schema(table: _Table, folder: Path) -> Mapping[str, Any] | None:
    found = table.values.get("schema")
    if isinstance(found, str):
        try:
            found = json.loads((folder / found).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise table.wrong("schema", f"a JSON schema in a file ({problem})", table.values["schema"]) from problem
    if found is not None and not isinstance(found, dict):
        raise table.wrong("schema", "a JSON schema: a table, or the name of a file with one", found)
    return found


def _examples(table: _Table, folder: Path, fields: Sequence[str]) -> Examples | None:
    if not table.values:
        return None
    table.refuse_others(("file", "n", "user"))
    name = table.values.get("file")
    if not isinstance(name, str) or not name:
        raise table.wrong("file", "the file of the examples", name)
    file = folder / Path(name).expanduser()
    if not file.is_file():
        raise table.wrong("file", "a file beside the prompt", name)
    n = table.get("n", int, "a whole number from 1", 4)
    if n < 1:
        raise table.wrong("n", "a whole number from 1", n)
    user: str | None = table.get("user", str, "a text with places", None)
    if user is not None:
        _check_places(table, "user", user)
        odd = [one for one in places(user) if one not in fields]
        if odd or not places(user):
            raise table.wrong("user", f"places that the messages have too ({', '.join(fields)})", user)
    return Examples(file, n, user)
