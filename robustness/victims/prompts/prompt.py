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
        """The text fields that it reads, in order; every one can be attacked."""

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
