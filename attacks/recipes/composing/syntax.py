"""The grammar of a composition and its parser, by recursive descent.

    item     = call | number | text
    call     = name [ "(" [ argument { "," argument } ] ")" ]
    argument = [ name "=" ] value
    value    = item { "+" item }

Spaces may stand between any two of these. Names are of ASCII letters, digits, ``-`` and ``_``, and begin with a letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

LONGEST, DEEPEST = 2_000, 8
"""Characters of one composition, and calls within calls."""
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?(?![\w.])", re.ASCII)
_NUMBER_LIKE = re.compile(r"[-+.]?\d[\w.+-]*")
_SPACE = re.compile(r"[ \t\r\n]*")
_SHOWN = 60
NEAR = 60
"""How alike a known name must be to be suggested, of 100 (``rapidfuzz.fuzz.ratio``)."""


class CompositionError(ValueError):
    """A composition that cannot be read: what was expected, and a caret under the place."""

    def __init__(self, message: str, text: str, start: int, end: int | None = None) -> None:
        super().__init__(f"{message}\n{_pointed(text, start, end)}")


@dataclass(frozen=True, slots=True)
class Number:
    """A number and where it stands."""

    value: int | float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotation marks, without them, and where it stands."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; ``name`` is empty for one that was given without a name."""

    name: str
    value: tuple[Item, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A name with its arguments; ``end`` is where its name ends."""

    name: str
    arguments: tuple[Argument, ...]
    start: int
    end: int


Item = Number | Text | Call


def parse(text: str) -> Call:
    """The call that a whole text is; raises ``CompositionError``."""
    if len(text) > LONGEST:
        raise CompositionError(f"expected at most {LONGEST} characters, got {len(text)}", text, LONGEST)
    parser = _Parser(text)
    parser.space()
    call = parser.call(0)
    parser.space()
    if parser.at < len(text):
        raise parser.error("expected the end of the composition after its closing parenthesis")
    return call


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x' or 'y'?``, or all the known names where none is near."""
    known = sorted(set(known))
    query = name.lower().replace("_", "-")[:64]
    found = [name for name in known if len(query) > 2 and name.startswith(query)]
    found = found or [match for match, _, _ in process.extract(query, known, scorer=fuzz.ratio, score_cutoff=NEAR, limit=3)]
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else f"; there are: {', '.join(known)}"


@dataclass(slots=True)
class _Parser:
    text: str
    at: int = 0

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def error(self, expected: str) -> CompositionError:
        return CompositionError(f"{expected}, got {_seen(self.text, self.at)}", self.text, self.at)

    def taken(self, character: str) -> bool:
        """Step over a character and the spaces behind it, if it is the next one."""
        if not self.text.startswith(character, self.at):
            return False
        self.at += 1
        self.space()
        return True

    def name(self, expected: str) -> tuple[str, int, int]:
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self.error(expected)
        self.at = match.end()
        return match.group(), match.start(), match.end()

    def call(self, depth: int) -> Call:
        if depth >= DEEPEST:
            raise CompositionError(f"expected at most {DEEPEST} calls within one another", self.text, self.at)
        name, start, end = self.name("expected a name in ASCII letters, such as greedy" if not depth else "expected a value")
        self.space()
        arguments: list[Argument] = []
        if self.taken("("):
            while not self.taken(")"):
                if arguments and not self.taken(","):
                    raise self.error("expected ',', '+' or ')'")
                arguments.append(self.argument(depth))
                self.space()
        return Call(name, tuple(arguments), start, end)

    def argument(self, depth: int) -> Argument:
        start = self.at
        match = _NAME.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            self.space()
            if self.taken("="):
                value = self.value(depth)
                return Argument(match.group(), value, match.start(), len(self.text[: self.at].rstrip()))
            self.at = start
        value = self.value(depth)
        return Argument("", value, start, len(self.text[: self.at].rstrip()))

    def value(self, depth: int) -> tuple[Item, ...]:
        items = [self.item(depth)]
        self.space()
        while self.taken("+"):
            items.append(self.item(depth))
            self.space()
        return tuple(items)

    def item(self, depth: int) -> Item:
        character = self.text[self.at : self.at + 1]
        if character in ("'", '"'):
            return self.quoted(character)
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            value = float(number.group()) if "." in number.group() else int(number.group())
            return Number(value, number.start(), number.end())
        strange = _NUMBER_LIKE.match(self.text, self.at)
        if strange is not None:
            message = f"expected a number of up to nine digits and nine decimals, such as 0.2, got {_short(strange.group())}"
            raise CompositionError(message, self.text, strange.start(), strange.end())
        if character and not character.isascii():
            raise self.error("expected a name in ASCII letters, a number or a text in quotation marks")
        return self.call(depth + 1)

    def quoted(self, mark: str) -> Text:
        start = self.at
        end = self.text.find(mark, start + 1)
        if end < 0:
            raise CompositionError(f"expected a closing {mark} after this", self.text, start)
        value = self.text[start + 1 : end]
        wrong = next((at for at, one in enumerate(value) if not one.isprintable()), None)
        if wrong is not None:
            self.at = start + 1 + wrong
            raise self.error("expected characters that can be seen")
        self.at = end + 1
        return Text(value, start, self.at)


def _seen(text: str, at: int) -> str:
    """The character that was met instead, by name where its look could mislead."""
    if at >= len(text):
        return "the end"
    character = text[at]
    if character.isascii() and character.isprintable():
        return repr(character)
    name = unicodedata.name(character, "a control character")
    return f"U+{ord(character):04X} ({name})"


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _pointed(text: str, start: int, end: int | None) -> str:
    """The part of the text around a place, and carets under the place; what cannot be seen shows as ``·``, one for one."""
    first = max(0, start - _SHOWN // 2)
    part = text[first : first + _SHOWN]
    cut = "… " if first else ""
    marked = max(1, min((end or start + 1) - start, first + len(part) - start))
    plain = "".join(one if one.isascii() and one.isprintable() else "·" for one in part)
    return f"  {cut}{plain}{' …' if first + len(part) < len(text) else ''}\n  {' ' * (len(cut) + start - first)}{'^' * marked}"
