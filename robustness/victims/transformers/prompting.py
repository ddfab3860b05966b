"""Prompts of decoders in tokens: messages out of the texts of an example, written through the tokenizer's chat template."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from attacks.search import Input
from robustness.errors import UsageError, cut
from robustness.victims.dialogues import spoken
from robustness.victims.prompts.prompt import Message

_PLACE = re.compile(r"\{\{|\}\}|\{([^\W\d]\w*)\}")
_PROBES = ("", "a", " b", "\nc", "é", "1", '"', "。")
"""Texts that begin in ways that a tokenizer may merge with what stands before."""
_DATE = re.compile(r"strftime_now|datetime")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with ``{name}`` for each text field; ``{{`` and ``}}`` are braces, and so is any brace that names nothing."""

    text: str
    fields: tuple[str, ...]

    def fill(self, texts: Input) -> str:
        """The template with its places filled; braces inside the texts stay as they are."""
        values = dict(zip(self.fields, texts, strict=True))
        return _PLACE.sub(lambda at: values[at[1]] if at[1] else at[0][0], self.text)


def template_of(prompt: str | None, fields: Sequence[str] | None, default: str = "") -> Template:
    """The template behind ``--prompt``: a text, or ``@FILE``; without one ``default``, followed by the fields.

    In a text that comes by flag or setting, a backslash with ``n`` or ``t`` is a new line or a tab; in a file it is itself.

    Raises:
        UsageError: no place for a text, places that are not the fields, or a file that cannot be read.
    """
    if prompt is None:
        names = tuple(fields or ("text",))
        body = "{text}" if names == ("text",) else "\n".join(f"{name}: {{{name}}}" for name in names)
        return Template(default + body, names)
    text = _from_file(prompt[1:]) if prompt.startswith("@") else plain(prompt)
    places = tuple(dict.fromkeys(at[1] for at in _PLACE.finditer(text) if at[1]))
    if not places:
        raise UsageError(
            f"the prompt {cut(text, 80)!r} has no place for the text: write {{text}} in it, or the names of the columns, "
            "such as {question} and {context}"
        )
    if fields is not None and set(fields) != set(places):
        raise UsageError(f"the prompt names {', '.join(places)}, but the fields are {', '.join(fields)}; they must be the same")
    return Template(text, places if fields is None else tuple(fields))


def plain(text: str) -> str:
    """A text as it is meant where a shell hands backslashes through."""
    return text.replace("\\n", "\n").replace("\\t", "\t")


def _from_file(name: str) -> str:
    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"cannot read the prompt from {name!r}: {problem}; expected a text file in UTF-8") from problem


class Asking(Protocol):
    """What is asked about an example; a template and a prompt out of a file are."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The text fields."""

    @property
    def supplied(self) -> tuple[tuple[str, str], ...]:
        """(field, text) of those that it brings itself."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What pins it."""

    def messages(self, inputs: Input) -> Sequence[Message]:
        """The chat."""


@dataclass(frozen=True, slots=True)
class Templated:
    """A template as the user's message, after a system message if there is one."""

    template: Template
    system: str | None = None
    supplied: tuple[tuple[str, str], ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The template's."""
        return self.template.fields

    @property
    def identity(self) -> Mapping[str, str]:
        """Both texts."""
        return {"prompt": self.template.text, "system": self.system or ""}

    def messages(self, inputs: Input) -> Sequence[Message]:
        """One message or two."""
        before = [Message("system", self.system)] if self.system else []
        return [*before, Message("user", self.template.fill(inputs))]


class Prompts:
    """What a decoder reads of an example, in tokens.

    ``prefixes``: the tokens that every prompt begins with; then, where the prompt supplies a field, those that every prompt with
    that text in it begins with.
    """

    def __init__(self, tokenizer: Any, asked: Asking) -> None:
        self._tokenizer, self.asked = tokenizer, asked
        self.chat = bool(getattr(tokenizer, "chat_template", None))
        empty = self._ids("")
        self._ends_itself = not self.chat and bool(empty) and empty[-1] == tokenizer.eos_token_id and len(self._ids("a")) > 1
        found = [_common([self.encode((probe,) * len(asked.fields)) for probe in _PROBES])]
        if asked.supplied:
            found.append(_common([self.encode(self.with_supplied(probe)) for probe in _PROBES]))
        self.prefixes = tuple(found)

    def with_supplied(self, text: str) -> Input:
        """An input whose every field is ``text``, but for those that the prompt supplies."""
        own = tuple(supplied for _, supplied in self.asked.supplied)
        return (*own, *(text,) * (len(self.asked.fields) - len(own)))

    @property
    def identity(self) -> dict[str, str]:
        """What pins the prompt: the tokenizer's files hold no chat template that lies in a file of its own."""
        known = str(getattr(self._tokenizer, "chat_template", None) or "")
        return {**self.asked.identity, "chat_template": sha256(known.encode()).hexdigest() if known else ""}

    @property
    def notes(self) -> tuple[str, ...]:
        """What may surprise in what the chat template writes."""
        if self.chat and _DATE.search(str(self._tokenizer.chat_template)):
            return ("the chat template writes the date into each prompt, so answers may change from day to day",)
        return ()

    def render(self, texts: Input) -> str:
        """The whole text that the model goes on from."""
        messages = spoken(self.asked.messages, texts) if self.chat else self.asked.messages(texts)
        if not self.chat:
            return _without_chat(messages)
        chat = [{"role": one.role, "content": one.content} for one in messages]
        try:
            return str(self._tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))
        except Exception as problem:  # a chat template raises what its author wrote
            told = f"{type(problem).__name__}: {cut(problem, 200)}"
            system = any(one.role == "system" for one in messages)
            way = "it may take no system message: put that into --prompt" if system else "correct chat_template.jinja"
            raise UsageError(f"the chat template of the tokenizer cannot write this chat ({told}); {way}") from problem

    def encode(self, texts: Input) -> tuple[int, ...]:
        """The prompt in tokens, at least one.

        Raises:
            VictimError: a text holds a lone surrogate, which no tokenizer can read.
        """
        from robustness.victims.transformers.tokens import check_readable  # numpy with it, which no endpoint needs

        check_readable(texts)
        ids = self._ids(self.render(texts))
        if self._ends_itself:  # some tokenizers close every text, and a closed text is not gone on with
            ids = ids[:-1]
        first = (self._tokenizer.bos_token_id, self._tokenizer.eos_token_id, self._tokenizer.pad_token_id, 0)
        return tuple(ids) or (next(one for one in first if one is not None),)

    def answer_ids(self, answer: str) -> tuple[int, ...]:
        """The tokens of an answer as they follow a prompt: as the tokenizer cuts both together, where it cuts between them."""
        prompt = self.render(("a",) * len(self.asked.fields))
        spaced = answer if self.chat or prompt[-1:].isspace() else f" {answer}"
        before, whole = list(self.encode(("a",) * len(self.asked.fields))), self._ids(prompt + spaced)
        if whole[: len(before)] == before:
            found = whole[len(before) : len(whole) - self._ends_itself]
        else:
            found = list(self._tokenizer(spaced, add_special_tokens=False, verbose=False)["input_ids"])
        return tuple(found)

    def _ids(self, text: str) -> list[int]:
        """A chat template writes the special tokens itself."""
        return list(self._tokenizer(text, add_special_tokens=not self.chat, verbose=False)["input_ids"])


def _without_chat(messages: Sequence[Message]) -> str:
    """Turns as paragraphs, an answer on the line of its question."""
    text = ""
    for one in messages:
        answers = one.role == "assistant" and text
        between = ("" if text[-1:].isspace() else " ") if answers else "\n\n" if text else ""
        text += between + one.content
    return text


def _common(rows: Sequence[Sequence[int]]) -> tuple[int, ...]:
    same = 0
    for column in zip(*rows, strict=False):
        if len(set(column)) > 1:
            break
        same += 1
    return tuple(rows[0][:same])
