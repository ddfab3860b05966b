"""A dialogue as one text: a chat victim reads it as turns, everything else (caches, files, reports) as a text like any other.

    ␞ input
    What is the capital of France?
    ␞ assistant
    Paris.
    ␞ user
    Are you sure? Answer again.

A line of the sign U+241E and a role opens each turn; a line of a turn that begins with the sign has it doubled, so that no
content can open one. ``input`` is the attacked text and goes through the victim's prompt as it would alone; ``user`` and
``assistant`` are said as they stand. A text is a dialogue only if it keeps this form to the letter and has one ``input``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SIGN = "\u241e"
INPUT, USER, ASSISTANT = "input", "user", "assistant"
ROLES = (INPUT, USER, ASSISTANT)
_HEADS = {f"{SIGN} {role}": role for role in ROLES}


@dataclass(frozen=True, slots=True)
class Turn:
    """Who speaks, one of ``ROLES``, and what is said."""

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"the role of a turn is one of {', '.join(ROLES)}, got {self.role!r}")


def written(turns: Iterable[Turn]) -> str:
    """The turns as one text."""
    return "\n".join(f"{SIGN} {turn.role}\n{_escaped(turn.content)}" for turn in turns)


def turns_of(text: str) -> tuple[Turn, ...] | None:
    """The turns of a text that is a dialogue; None for any other."""
    if not text.startswith(SIGN):
        return None
    turns: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        if line in _HEADS:
            turns.append((_HEADS[line], []))
        elif not turns or (line.startswith(SIGN) and not line.startswith(SIGN * 2)):
            return None
        else:
            turns[-1][1].append(line[1:] if line.startswith(SIGN) else line)
    found = tuple(Turn(role, "\n".join(lines)) for role, lines in turns if lines)
    whole = len(found) == len(turns) and sum(turn.role == INPUT for turn in found) == 1
    return found if whole else None


def _escaped(content: str) -> str:
    return "\n".join(f"{SIGN}{line}" if line.startswith(SIGN) else line for line in content.split("\n"))
