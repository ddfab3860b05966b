"""Prompts of decoders: a template with places for the texts of an example, rendered through the tokenizer's chat template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError, cut
from robustness.victims.dialogues import spoken
from robustness.victims.prompts.prompt import Message
from robustness.victims.transformers.tokens import check_readable

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


class Prompts:
    """What a decoder reads of an example, in tokens.

    ``system``: the system message of a chat, else a first paragraph. ``prefix``: the tokens that every prompt begins with.
    """

    def __init__(self, tokenizer: Any, template: Template, system: str | None = None) -> None:
        self._tokenizer, self.template, self._system = tokenizer, template, system
        self.chat = bool(getattr(tokenizer, "chat_template", None))
        empty = self._ids("")
        self._ends_itself = not self.chat and bool(empty) and empty[-1] == tokenizer.eos_token_id and len(self._ids("a")) > 1
        probes = [self.encode((probe,) * len(template.fields)) for probe in _PROBES]
        self.prefix = _common(probes)

    @property
    def identity(self) -> dict[str, str]:
        """What pins the prompt: the tokenizer's files hold no chat template that lies in a file of its own."""
        known = str(getattr(self._tokenizer, "chat_template", None) or "")
        return {
            "prompt": self.template.text,
            "system": self._system or "",
            "chat_template": sha256(known.encode()).hexdigest() if known else "",
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """What may surprise in what the chat template writes."""
        if self.chat and _DATE.search(str(self._tokenizer.chat_template)):
            return ("the chat template writes the date into each prompt, so answers may change from day to day",)
        return ()

    def messages(self, texts: Input) -> list[Message]:
        """The chat for an input whose texts are no dialogues."""
        system = [Message("system", self._system)] if self._system else []
        return [*system, Message("user", self.template.fill(texts))]

    def render(self, texts: Input) -> str:
        """The whole text that the model goes on from."""
        if not self.chat:
            message = self.template.fill(texts)
            return f"{self._system}\n\n{message}" if self._system else message
        messages = [{"role": one.role, "content": one.content} for one in spoken(self.messages, texts)]
        try:
            return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        except Exception as problem:  # a chat template raises what its author wrote
            told = f"{type(problem).__name__}: {cut(problem, 200)}"
            way = "it may take no system message: put that into --prompt" if self._system else "correct chat_template.jinja"
            raise UsageError(f"the chat template of the tokenizer cannot write this chat ({told}); {way}") from problem

    def encode(self, texts: Input) -> tuple[int, ...]:
        """The prompt in tokens, at least one.

        Raises:
            VictimError: a text holds a lone surrogate, which no tokenizer can read.
        """
        check_readable(texts)
        ids = self._ids(self.render(texts))
        if self._ends_itself:  # some tokenizers close every text, and a closed text is not gone on with
            ids = ids[:-1]
        first = (self._tokenizer.bos_token_id, self._tokenizer.eos_token_id, self._tokenizer.pad_token_id, 0)
        return tuple(ids) or (next(one for one in first if one is not None),)

    def answer_ids(self, answer: str) -> tuple[int, ...]:
        """The tokens of an answer as they follow a prompt: as the tokenizer cuts both together, where it cuts between them."""
        prompt = self.render(("a",) * len(self.template.fields))
        spaced = answer if self.chat or prompt[-1:].isspace() else f" {answer}"
        before, whole = list(self.encode(("a",) * len(self.template.fields))), self._ids(prompt + spaced)
        if whole[: len(before)] == before:
            found = whole[len(before) : len(whole) - self._ends_itself]
        else:
            found = list(self._tokenizer(spaced, add_special_tokens=False, verbose=False)["input_ids"])
        return tuple(found)

    def _ids(self, text: str) -> list[int]:
        """A chat template writes the special tokens itself."""
        return list(self._tokenizer(text, add_special_tokens=not self.chat, verbose=False)["input_ids"])


def _common(rows: Sequence[Sequence[int]]) -> tuple[int, ...]:
    same = 0
    for column in zip(*rows, strict=False):
        if len(set(column)) > 1:
            break
        same += 1
    return tuple(rows[0][:same])
