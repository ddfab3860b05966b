"""The options of a multiple-choice question: letters and what stands behind them, read from a text and put into another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from attacks.transformations.base import spliced

FEWEST, MOST = 2, 10
_OPTION = regex.compile(r"^[ \t]*\(?(?P<letter>[A-Z])[).:][ \t]+(?P<content>\S[^\n]*?)[ \t]*$", regex.MULTILINE)
_LETTER = regex.compile(
    r"^[\s\"'*(\[]*(?:(?:the )?(?:correct )?(?:answer|option)(?: is)?:?\s*)?[(*]*"
    r"(?P<letter>[A-Z])(?=\s*(?:$|[).:,;*\]\"'\n]|is\b))",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Option:
    """One option; ``start`` and ``end`` of what stands behind its letter, in code points."""

    letter: str
    content: str
    start: int
    end: int


def options_of(text: str) -> tuple[Option, ...]:
    """The last list of options in a text, from A on, a line each; none where there is no such list of different options."""
    found: list[Option] = []
    for match in _OPTION.finditer(text):
        letter = match["letter"]
        if letter == "A":
            found = []
        if ord(letter) - ord("A") == len(found):
            found.append(Option(letter, match["content"], match.start("content"), match.end("content")))
    different = len({option.content for option in found}) == len(found)
    return tuple(found) if FEWEST <= len(found) <= MOST and different else ()


def reordered(text: str, options: Sequence[Option], order: Sequence[int]) -> str:
    """The text with the n-th letter in front of what stood behind the ``order[n]``-th."""
    return spliced(text, ((at.start, at.end, options[which].content) for at, which in zip(options, order, strict=True)))


def chosen(answer: str, options: Sequence[Option]) -> str | None:
    """The letter that an answer chooses: it begins with it, or names the content of that option alone; None where unclear."""
    match = _LETTER.match(answer)
    letters = {option.letter for option in options}
    if match and match["letter"].isupper() and match["letter"] in letters:
        return str(match["letter"])
    small = answer.casefold()
    named = [option for option in options if option.content.casefold() in small]
    longest = [one for one in named if not any(one is not other and one.content in other.content for other in named)]
    return longest[0].letter if len(longest) == 1 else None


def moved_to(letter: str, before: Sequence[Option], after: Sequence[Option]) -> str | None:
    """The letter behind which the content of an option stands in another text; None where it is gone."""
    content = next((option.content for option in before if option.letter == letter), None)
    return next((option.letter for option in after if option.content == content), None)
