"""Dialogues in an input, as the messages of a chat: what a chat victim makes of the texts that ``attacks.dialogue`` describes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attacks.dialogue import INPUT, SIGN, Turn, turns_of
from attacks.search import Input
from robustness.victims.prompts.prompt import Message


def spoken(alone_of: Callable[[Input], Sequence[Message]], inputs: Input) -> list[Message]:
    """The chat for an input, one text of which may be a dialogue.

    ``alone_of``: the messages of an input without dialogues, such as ``Prompt.messages``. The dialogue's ``input`` turn
    becomes the last of them; what they say before that (a system message, examples) comes first, the other turns stand around.
    """
    if not any(text.startswith(SIGN) for text in inputs):
        return list(alone_of(inputs))
    at, turns = _found(inputs)
    asked = next((turn.content for turn in turns if turn.role == INPUT), "")
    alone = list(alone_of((*inputs[:at], asked, *inputs[at + 1 :]) if turns else inputs))
    if not turns:
        return alone
    said = [alone[-1] if turn.role == INPUT else Message(turn.role, turn.content) for turn in turns]
    return [*alone[:-1], *said]


def _found(inputs: Input) -> tuple[int, tuple[Turn, ...]]:
    """Where the first dialogue is, and its turns; no turns where there is none."""
    return next(((at, turns) for at, text in enumerate(inputs) if (turns := turns_of(text)) is not None), (0, ()))
