"""Spellings of the other side of the Atlantic, and phrases that stand for each other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import regex

from attacks.language.morphology import like_case
from attacks.transformations.paraphrase.text import together_and_alone
from attacks.transformations.tables import table

_WORD = regex.compile(r"(?<![\p{L}\p{M}\p{N}_])\p{L}{3,}(?![\p{L}\p{M}\p{N}_])")
_PLURALS = ("our", "re", "ce", "gue", "er", "l", "tic", "ment", "t", "m")
MOST_PHRASES = 12


@cache
def spellings() -> tuple[dict[str, str], dict[str, str]]:
    """British to American and back, regular endings included: ``colours``, ``realised``, ``organising``."""
    abroad: dict[str, str] = {}
    for british, (american, *_) in table("spelling").items():
        abroad[british] = american
        if (british[-2:], american[-2:]) == ("se", "ze"):
            abroad |= {british[:-1] + end: american[:-1] + end for end in ("es", "ed", "ing")}
        elif british.endswith(_PLURALS):
            abroad[british + "s"] = american + "s"
    return abroad, {american: british for british, american in abroad.items()}


def respell(text: str) -> Iterator[str]:
    """``colour`` becomes ``color`` and the reverse, in the letter case of the text."""
    found = [(match.span(), match.group()) for match in _WORD.finditer(text)]
    for known in spellings():
        changes = [(*span, like_case(known[word.lower()], word)) for span, word in found if word.lower() in known]
        yield from together_and_alone(text, changes)


@cache
def _phrase() -> regex.Pattern[str]:
    keys = "|".join(sorted(map(regex.escape, table("phrases")), key=len, reverse=True))
    return regex.compile(rf"(?i)(?<![\p{{L}}\p{{N}}\-'’])(?:{keys})(?![\p{{L}}\p{{N}}\-'’])")


def rephrase(text: str) -> Iterator[str]:
    """``for example`` becomes ``for instance``: each phrase alone, by each of its equals."""
    known = table("phrases")
    for match in list(_phrase().finditer(text))[:MOST_PHRASES]:
        for new in known[match.group().lower()]:
            yield text[: match.start()] + like_case(new, match.group()) + text[match.end() :]
