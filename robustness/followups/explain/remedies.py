"""Repairs of a text that could be put before a victim: candidates, each judged by asking the victim again.

A remedy is one entry here. None is recommended for what it does, only for what the victim answers to what it makes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import regex

from attacks.transformations.tables import table

_UNSEEN = regex.compile(r"[\p{Cf}\p{Default_Ignorable_Code_Point}]+")
_KEPT_JOINERS = regex.compile(r"(?<=\p{Emoji_Presentation}|\p{Extended_Pictographic}|\uFE0F)\u200D(?=\p{Extended_Pictographic})")
_DIRECTION = regex.compile(r"[\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]")
_TURNED = regex.compile(r"\u202E([^\u202A-\u202E\u2066-\u2069]{1,400})\u202C?")
_ONE = r"\u2066([^\u202A-\u202E\u2066-\u2069]{1,8})\u2069"
_SWAPPED = regex.compile(rf"\u202D?\u2066?\u202E{_ONE}{_ONE}\u202C?\u2069?\u202C?")
_SPACES = regex.compile(r"[\p{Zs}\t\r\n\u2028\u2029]+")
_MARKS = regex.compile(r"(?<=\p{Latin})\p{Mn}{2,}")
_WIPED = "\b\x7f"
LONGEST = 200_000
"""Characters of the longest text that is repaired; a longer one stays as it is."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """A repair by name: what it does, for a reader, and how."""

    name: str
    does: str
    repair: Callable[[str], str]


def strip_unseen(text: str) -> str:
    """Without characters that nothing draws, and without what a backspace wipes out; joiners inside emoji stay."""
    if any(character in text for character in _WIPED):
        kept: list[str] = []
        for character in text:
            if character not in _WIPED:
                kept.append(character)
            elif kept:
                kept.pop()
        text = "".join(kept)
    joined = [match.start() for match in _KEPT_JOINERS.finditer(text)]
    if not joined:
        return _UNSEEN.sub("", text)
    ends = [0, *(at + 1 for at in joined)]
    parts = (_UNSEEN.sub("", text[start : end - 1]) for start, end in zip(ends, [*ends[1:], len(text) + 1], strict=True))
    return "\u200d".join(parts)


def read_in_order(text: str) -> str:
    """What stands reversed behind a right-to-left override comes as it is shown; then no direction control is left."""
    before = None
    while before != text:
        before, text = text, _TURNED.sub(lambda match: match[1][::-1], text)
    return _DIRECTION.sub("", _isolated(text))


def _isolated(text: str) -> str:
    """Two isolates that an override shows in reverse (Boucher et al. 2022, section IV-D) change places."""
    return _SWAPPED.sub(lambda match: match[2] + match[1], text)


def fold_confusables(text: str) -> str:
    """Letters that look like a Latin one become that, in words that hold no other letter of their own script alone."""
    lookalikes = _lookalikes()
    return "".join(word.translate(lookalikes) if _disguised(word) else word for word in regex.split(r"(\s+)", text))


def _disguised(word: str) -> bool:
    """Whether a word would be Latin throughout once folded, and was not before: a Russian word in Cyrillic stays."""
    folded = word.translate(_lookalikes())
    return folded != word and not regex.search(r"[\p{L}--\p{Latin}]", folded, regex.V1)


@cache
def _lookalikes() -> Mapping[int, str]:
    return {ord(alike): letter for letter, drawn in table("homoglyphs").items() if letter.isascii() for alike in drawn}


def collapse_spaces(text: str) -> str:
    """One plain space wherever there is any space, none at the ends."""
    return _SPACES.sub(" ", text).strip()


def nfkc(text: str) -> str:
    """Compatibility forms and composed letters (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", text)


def lower_case(text: str) -> str:
    """All letters in lower case."""
    return text.lower()


def plain_marks(text: str) -> str:
    """Latin letters with several marks on them lose those."""
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))


def all_characters(text: str) -> str:
    """Every repair of characters, one after the other."""
    for repair in (read_in_order, strip_unseen, fold_confusables, nfkc, plain_marks, collapse_spaces):
        text = repair(text)
    return text


REMEDIES: tuple[Remedy, ...] = (
    Remedy("strip-unseen", "drop characters that nothing draws, such as U+200B, and what a backspace wipes out", strip_unseen),
    Remedy("read-in-order", "put text that is stored in reverse as it is shown, and drop direction controls", read_in_order),
    Remedy("fold-confusables", "read lookalikes from other scripts as the Latin letters that they look like", fold_confusables),
    Remedy("nfkc", "Unicode NFKC: full-width, composed and compatibility forms", nfkc),
    Remedy("collapse-spaces", "one plain space wherever there is any space", collapse_spaces),
    Remedy("lower-case", "all letters in lower case", lower_case),
    Remedy("all-characters", "all of these but lower case, one after the other", all_characters),
)
"""Every remedy, the milder first; ``robustness explain --remedies`` chooses among them."""


def repaired(remedy: Remedy, text: str) -> str:
    """The text after a remedy; as it was where it is too long, or where nothing would be left of it."""
    made = remedy.repair(text) if len(text) <= LONGEST else text
    return made if made.strip() else text
