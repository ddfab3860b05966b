"""A prompt made of messages with places, and of what stands in them beside the input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import Input, Unusable
from robustness.errors import UsageError
from robustness.victims.prompts.answers import Labels, Read
from robustness.victims.prompts.file import INSTRUCTION, PromptFile
from robustness.victims.prompts.placeholders import fill
from robustness.victims.prompts.prompt import Message
from robustness.victims.prompts.shown import Shot


def read_answer(read: Read, text: str) -> str | Unusable:
    """What was written as an answer; nothing is ``empty``."""
    if not text.strip():
        return Unusable("empty", "the victim answered an empty text; expected an answer")
    return read(text)


@dataclass(frozen=True, slots=True)
class WrittenPrompt:
    """A prompt out of a file; a ``LoadedPrompt``. ``data_fields``: in the order of the data; ``shots``: what it shows first."""

    name: str
    file: PromptFile
    data_fields: tuple[str, ...]
    meanings: Labels
    reader: Read
    shots: tuple[Shot, ...] = ()

    @property
    def supplied(self) -> tuple[tuple[str, str], ...]:
        """The instruction, where there is one."""
        return () if self.file.instruction is None else ((INSTRUCTION, self.file.instruction),)

    @property
    def fields(self) -> tuple[str, ...]:
        """The instruction, then the fields of the data."""
        return (*(name for name, _ in self.supplied), *self.data_fields)

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(self.meanings)

    @property
    def words(self) -> tuple[str, ...]:
        """The first words of each label."""
        return tuple(words[0] for words in self.meanings.values())

    @property
    def max_tokens(self) -> int:
        """As the file says."""
        return self.file.max_tokens

    @property
    def stop(self) -> tuple[str, ...]:
        """As the file says."""
        return self.file.stop

    @property
    def task(self) -> str | None:
        """As the file says; with labels, classification."""
        return self.file.task or ("classification" if self.meanings else None)

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """As the file says."""
        return self.file.schema

    @property
    def scored(self) -> bool:
        """Whether the file allows labels to be scored."""
        return self.file.scored

    @property
    def shown(self) -> tuple[Input, ...]:
        """The inputs of the examples in it."""
        return tuple(shot.inputs for shot in self.shots)

    @property
    def identity(self) -> Mapping[str, str]:
        """Everything that decides what is asked and how the answer is read, and no name of a file."""
        file = self.file
        user = file.examples.user if file.examples else None
        return {
            "prompt": json.dumps([[one.role, one.content] for one in file.messages], ensure_ascii=False),
            "instruction": file.instruction or "",
            "shown": json.dumps([[user or "", *shot.inputs, shot.right] for shot in self.shots], ensure_ascii=False),
            "verbaliser": json.dumps({name: list(words) for name, words in self.meanings.items()}, ensure_ascii=False),
            "parser": file.parser,
            "scored": str(file.scored),
            "schema": json.dumps(file.schema, sort_keys=True) if file.schema else "",
        }

    def messages(self, inputs: Input) -> Sequence[Message]:
        """The messages, with the examples that it shows before the last one."""
        values = dict(zip(self.fields, inputs, strict=True))
        *before, last = self.file.messages
        turns = [turn for shot in self.shots for turn in self._turns(shot, values, last.content)]
        return [
            *(Message(one.role, fill(one.content, values)) for one in before),
            *turns,
            Message("user", fill(last.content, values)),
        ]

    def _turns(self, shot: Shot, values: Mapping[str, str], asked: str) -> tuple[Message, Message]:
        """An example as a question and its answer; the instruction in it is that of the input."""
        own = {**values, **dict(zip(self.data_fields, shot.inputs, strict=True))}
        user = self.file.examples.user if self.file.examples else None
        words = self.meanings.get(shot.right, (shot.right,))
        return Message("user", fill(user or asked, own)), Message("assistant", words[0])

    def read(self, text: str) -> Any:
        """A label's name or a text; ``Unusable`` where it is neither."""
        return read_answer(self.reader, text)


def ordered(source: str, named: Sequence[str], fields: Sequence[str] | None) -> tuple[str, ...]:
    """The prompt's fields in the order of the data: by name, or by place where the data call them otherwise.

    Raises:
        UsageError: there are more or fewer, or some names are the same and some are not.
    """
    if fields is None:
        return tuple(named)
    if set(fields) == set(named):
        return tuple(fields)
    if len(fields) != len(named) or set(fields) & set(named):
        raise UsageError(f"{source}: messages: expected places for the fields {', '.join(fields)}, got {', '.join(named)}")
    return tuple(named)
