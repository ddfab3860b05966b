"""Tokens as the Penn treebank cuts them, with their places in the text: ``do|n't``, ``I|'d``, spaced out or not."""

from __future__ import annotations

from dataclasses import dataclass

import regex

_LETTERS = r"[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*"
_TOKEN = regex.compile(
    rf"(?i:(?<![\p{{L}}\p{{N}}_])n['’]t(?![\p{{L}}\p{{N}}_]))"  # standing alone, as in "do n't"
    rf"|(?i:[\p{{L}}]+?(?=n['’]t(?![\p{{L}}\p{{N}}_])))"  # what stands before n't
    rf"|(?i:(?<=\p{{L}})n['’]t(?![\p{{L}}\p{{N}}_]))"
    rf"|(?i:['’](?:s|m|re|ve|ll|d)(?![\p{{L}}\p{{N}}_]))"
    rf"|{_LETTERS}(?:-{_LETTERS})*"
    r"|[^\s]"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token. ``start``, ``end``: code points of the text. ``glued``: nothing stands between it and the token before."""

    text: str
    start: int
    end: int
    glued: bool

    @property
    def small(self) -> str:
        """In lower case with a straight apostrophe."""
        return self.text.lower().replace("’", "'")


def tokenised(text: str) -> tuple[Token, ...]:
    """The tokens of a text, punctuation included."""
    found: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        found.append(Token(match.group(), match.start(), match.end(), match.start() == end))
        end = match.end()
    return tuple(found)
