"""What a prompt is to a victim that is asked in words: messages out of an input, and an answer out of what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from attacks.search import Input


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat. ``role``: ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


class Prompt(Protocol):
    """How a victim is asked, and how its words are read."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The text fields that it reads, in order; every one can be attacked. Those that it supplies itself come first."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names that it answers with; empty where its answers are texts."""

    @property
    def words(self) -> tuple[str, ...]:
        """What the model is to say for each label, in their order."""

    @property
    def max_tokens(self) -> int:
        """The most tokens that the model may write."""

    @property
    def stop(self) -> tuple[str, ...]:
        """Texts at which an answer ends."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What pins it: every text in it, the examples that were drawn, how answers are read."""

    def messages(self, inputs: Input) -> Sequence[Message]:
        """The chat for one input."""

    def read(self, text: str) -> Any:
        """What was written, as a raw row of the task: a label's name, a text, or an ``Unusable`` that says what is wrong."""


class LoadedPrompt(Prompt, Protocol):
    """A prompt that was read from a file, a shipped name or a callable: it brings texts of its own."""

    @property
    def name(self) -> str:
        """What it was asked for by."""

    @property
    def supplied(self) -> tuple[tuple[str, str], ...]:
        """(field, text) of each field that the prompt brings and the data do not: the instruction. First in ``fields``."""

    @property
    def task(self) -> str | None:
        """The task that it is written for; None where it does not say."""

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """A JSON schema that answers are to obey, for servers that can enforce one; None where it has none."""

    @property
    def scored(self) -> bool:
        """Whether labels may be scored by their likelihood; false where the file says that answers are to be read as written."""

    @property
    def shown(self) -> tuple[Input, ...]:
        """The inputs of the examples that it shows, in the order of the fields that it does not supply."""
