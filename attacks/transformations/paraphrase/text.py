"""What rewriting rules share: sentences, the first letter of a sentence, replacements made together and one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import regex

from attacks.constraints.stopwords import is_stop_word
from attacks.language.morphology import readings
from attacks.transformations.base import Replacement

MOST_ALONE = 8
"""A long text is not rewritten at each of its hundred places."""
MOST_SENTENCES = 200
_SENTENCE = regex.compile(r"[^\s.!?][^.!?]*(?:[.!?](?!\s|$)[^.!?]*)*[.!?]*")
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’\-][\p{L}\p{M}]+)*")


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, its closing punctuation included; the first ``MOST_SENTENCES``."""
    found: list[tuple[int, int]] = []
    for match in _SENTENCE.finditer(text):
        found.append((match.start(), match.start() + len(match.group().rstrip())))
        if len(found) == MOST_SENTENCES:
            break
    return found


def words_of(text: str) -> list[str]:
    """The words of a clause, in lower case, with straight apostrophes."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def lowered(text: str) -> str:
    """The text as it reads inside a sentence: its first letter small, unless it begins with a name, an acronym or *I*."""
    match = _WORD.match(text)
    if match is None or match.group().split("'")[0].split("’")[0] == "I":
        return text
    first, after = match.group(), _WORD.search(text, match.end())
    known = is_stop_word(first) or bool(readings(first.lower()))
    named = after is not None and after.group()[0].isupper() and after.group() != "I" and not is_stop_word(first)
    if not known or named or first[1:] != first[1:].lower():
        return text
    return first[0].lower() + text[1:]


def raised(text: str, like: str = "A") -> str:
    """The text with a capital, if ``like`` has one."""
    return text[:1].upper() + text[1:] if like[:1].isupper() else text


def replaced(text: str, changes: Iterable[Replacement]) -> str:
    """The text with spans replaced; they come in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for start, end, new in changes:
        parts += (text[at:start], new)
        at = end
    return "".join((*parts, text[at:]))


def together_and_alone(text: str, changes: Sequence[Replacement]) -> Iterator[str]:
    """The text with all changes made, then with each of the first few alone."""
    if len(changes) > 1:
        yield replaced(text, changes)
    for change in changes[:MOST_ALONE]:
        yield replaced(text, [change])
