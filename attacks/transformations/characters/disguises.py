"""Disguises: other ways to write a text that a person, a normaliser or a decoder reads as before."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from urllib.parse import quote

from attacks.preserves import FORM
from attacks.search import Candidate, Citation
from attacks.transformations.base import share_of, shuffled
from attacks.transformations.characters.clusters import boundaries
from attacks.transformations.tables import both_cases, table
from attacks.words import Words

FAMILIES = ("unseen", "lookalike", "spelled", "encoded")
"""By what a reader notices: nothing; another typeface at most; a strange spelling; nothing to read until it is decoded."""
CITATION = Citation(
    "Hackett et al. 2025, Bypassing LLM Guardrails: An Empirical Analysis of Evasion Attacks against Prompt Injection and "
    "Jailbreak Detection Systems",
    "https://arxiv.org/abs/2504.11168",
)
Write = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Disguise:
    """One way to write a text. ``whole``: of the text as a whole; else of each word by itself, and of as few as suffice."""

    name: str
    family: str
    description: str
    write: Write
    whole: bool = False
    level: str = "character"
    languages: tuple[str, ...] = ("*",)
    preserves: tuple[str, ...] = FORM
    citation: Citation = CITATION

    def __repr__(self) -> str:
        return f"Disguise({self.name!r})"

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """A share of the words disguised, or all of the text; None where that changes nothing."""
        words = Words(text)
        where = range(len(words)) if self.whole else shuffled(len(words), rng)[: share_of(len(words), severity)]
        made = disguised(words, (self,), sorted(where))
        return None if made is None else Candidate(made.text, made.technique, made.words, severity=severity)


def disguised(words: Words, chain: Sequence[Disguise], where: Sequence[int]) -> Candidate | None:
    """The text with a chain of disguises put on the words at these indexes, one over the other.

    Those of the whole text come last and take all of it. None where nothing changes.
    """
    changes = {}
    for index in where:
        new = words[index]
        for one in chain:
            new = new if one.whole else one.write(new)
        if new != words[index]:
            changes[index] = new
    technique = "+".join(one.name for one in chain)
    changed = words.replace_many(changes, technique) if changes else words
    whole = [one for one in chain if one.whole]
    if not whole:
        return Candidate(str(changed), technique, changed) if changes else None
    text = str(changed)
    for one in whole:
        text = one.write(text)
    return Candidate(text, technique) if text != str(words) else None


def between(sign: str) -> Write:
    """A sign between every two characters of a word."""

    def write(word: str) -> str:
        places = boundaries(word)
        return sign.join(word[start:end] for start, end in pairwise(places)) or word

    return write


def behind(sign: str) -> Write:
    """A sign behind every letter."""
    return lambda word: "".join(letter + sign if letter.isalnum() else letter for letter in word)


def letters(upper: int, lower: int, digit: int = 0) -> Write:
    """Letters of another alphabet of Unicode, whose A, a and 0 stand at these code points."""
    table = {ord("A") + n: upper + n for n in range(26)} | {ord("a") + n: lower + n for n in range(26)}
    table |= {ord("0") + n: digit + n for n in range(10)} if digit else {}
    return lambda word: word.translate(table)


def _lookalikes(word: str) -> str:
    known = table("homoglyphs")
    return "".join(known[letter][0] if letter in known and letter.isascii() else letter for letter in word)


def _leet(word: str) -> str:
    known = both_cases("leet")  # a sign, such as ( for c, would be taken for what stands between words
    return "".join(known[letter][0] if letter in known and known[letter][0].isalnum() else letter for letter in word)


def _alternating(word: str) -> str:
    return "".join(letter.upper() if at % 2 else letter.lower() for at, letter in enumerate(word))


def _entities(word: str) -> str:
    return "".join(f"&#{ord(letter)};" for letter in word)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # half of a surrogate pair has no bytes


DISGUISES = (
    Disguise("zero-width", "unseen", "A space of no width stands between the letters.", between("\u200b")),
    Disguise("soft-hyphen", "unseen", "A hyphen that is drawn at line ends only stands between the letters.", between("\u00ad")),
    Disguise("variation-selector", "unseen", "A selector of glyph variants follows each letter.", behind("\ufe0e")),
    Disguise("lookalikes", "lookalike", "Letters become lookalikes of other scripts.", _lookalikes),
    Disguise("fullwidth", "lookalike", "Letters become fullwidth ones.", letters(0xFF21, 0xFF41, 0xFF10)),
    Disguise("mathematical", "lookalike", "Letters become bold mathematical ones.", letters(0x1D400, 0x1D41A, 0x1D7CE)),
    Disguise("circled", "lookalike", "Letters become circled ones.", letters(0x24B6, 0x24D0)),
    Disguise("alternating-case", "spelled", "Every second letter is a capital.", _alternating),
    Disguise("leet", "spelled", "Letters become digits and signs.", _leet),
    Disguise("dotted", "spelled", "A full stop stands between the letters.", between(".")),
    Disguise("spaced", "spelled", "A space stands between the letters.", between(" ")),
    Disguise("struck", "spelled", "Each letter is struck through by a combining mark.", behind("\u0336")),
    Disguise("entities", "encoded", "Letters become HTML character references.", _entities),
    Disguise("rot13", "encoded", "The alphabet is turned by 13 letters.", lambda text: codecs.encode(text, "rot13"), whole=True),
    Disguise("reversed", "encoded", "The text is written backwards.", lambda text: text[::-1], whole=True),
    Disguise("percent", "encoded", "Everything but letters is percent-encoded.", lambda text: quote(_bytes(text)), whole=True),
    Disguise("hex", "encoded", "The text's bytes are written in hexadecimal.", lambda text: _bytes(text).hex(), whole=True),
    Disguise(
        "base64", "encoded", "The text is written in base64.", lambda text: base64.b64encode(_bytes(text)).decode(), whole=True
    ),
)
"""Every disguise, those that a reader notices least first."""


def of_family(*families: str) -> tuple[Disguise, ...]:
    """The disguises of these families, in their order."""
    return tuple(one for one in DISGUISES if one.family in families)
