"""A text, and what it says once its encodings are undone: every reading of it that somebody could take a word from.

What a filter reads past is read here: lookalikes, unseen and tag characters, spaces and marks between letters, Base64 (URL,
wrapped, spaced), Base32, hexadecimal in its spellings, binary and decimal codes, URL and HTML escapes, Morse, rot13, reversed
letters; two of them on top of each other. Every step is linear in the text: a megabyte made to be slow takes seconds, not hours.
"""

from __future__ import annotations

import binascii
import codecs
import html
import re
from collections.abc import Callable, Iterator
from functools import cache
from unicodedata import combining, normalize
from urllib.parse import unquote_to_bytes

import regex

from attacks.transformations.payloads.disguises import MORSE
from attacks.transformations.tables import table

MOST_CHARACTERS = 1 << 20
"""Of a text that can be read; a longer one is not read in part, because what is looked for may stand in the rest."""
LONGEST_ANSWER = MOST_CHARACTERS // 8
"""Characters of an answer that is looked through: folding can make eighteen of one."""
MOST_NESTED = 2
SHORTEST = 8
"""Characters in a row that must come out of an encoding; fewer are chance."""

_UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]+")
_TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
_READABLE = re.compile(rf"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]{{{SHORTEST},}}")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2}))")
_HEX_MARK = re.compile(r"\\x|0x|&#x|U\+|%", re.IGNORECASE)
_NO_BIT = re.compile(r"[^01]+")
_NO_BASE32 = re.compile(r"[^A-Z2-7]+")
_DIGITS32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghijklmnopqrstuv")
_NO_HEX, _LONE_PAIR = re.compile(r"[^0-9a-fA-F]+"), re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{2}(?![0-9A-Za-z])")
_NO_BASE64, _NO_SIGNS = re.compile(r"[^A-Za-z0-9+/]+"), re.compile(r"[^A-Za-z0-9]+")
_CODES = re.compile(r"(?<!\d)(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6])(?!\d)")
_MORSE = re.compile(r"[.\-]+")
_LETTER_OF = {code: letter for letter, code in MORSE.items()}
_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-", "_": "-", "·": ".", "•": ".", "…": "..."})


class TooLongError(ValueError):
    """A text longer than can be read in every way within a bounded time."""


@cache
def _lookalikes() -> dict[int, str]:
    back: dict[int, str] = {}
    for letter, alike in table("homoglyphs").items():
        for one in alike:
            if len(one) == 1 and not one.isascii():
                back.setdefault(ord(one), letter)
    return back


def folded(text: str) -> str:
    """As a reader sees it: compatibility forms and lookalikes as plain letters, marks and unseen characters gone, case kept."""
    if text.isascii():
        return text
    seen = _UNSEEN.sub("", text.translate(_TAGS))
    plain = normalize("NFKD", seen.translate(_lookalikes())).translate(_lookalikes())
    return "".join(one for one in plain if not combining(one))


def readings(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """(what was undone, outermost first; the text that came out), the text itself first; none twice.

    Raises:
        TooLongError: more than ``MOST_CHARACTERS``, as it came or folded.
    """
    first = folded(text) if len(text) <= MOST_CHARACTERS else text
    if max(len(text), len(first)) > MOST_CHARACTERS:
        raise TooLongError(f"a text of {len(text):,} characters is too long to look through: at most {MOST_CHARACTERS:,}")
    known = {first}
    level: list[tuple[tuple[str, ...], str]] = [((), first)]
    yield level[0]
    for _ in range(MOST_NESTED):
        deeper: list[tuple[tuple[str, ...], str]] = []
        for undone, reading in level:
            for name, undo in _UNDO.items():
                if undone and name == undone[-1] and name in ("rot13", "reversed"):
                    continue
                new = folded(undo(reading))[:MOST_CHARACTERS]
                if len(new) >= SHORTEST and new not in known:
                    known.add(new)
                    deeper.append(((*undone, name), new))
        yield from deeper
        level = deeper


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def _reversed(text: str) -> str:
    return text[::-1]


def _percent(text: str) -> str:
    return _shown(unquote_to_bytes(text)) if "%" in text else ""


def _entities(text: str) -> str:
    return html.unescape(text) if "&" in text else ""


def _escapes(text: str) -> str:
    if "\\" not in text:
        return ""

    def character(match: re.Match[str]) -> str:
        code = int(next(filter(None, match.groups())), 16)
        return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""

    return _ESCAPE.sub(character, text)


def _base64(text: str) -> str:
    """Every letter of the alphabet in a row, whatever stands between them, read from each of four places on."""
    plain = text.translate({ord("-"): "+", ord("_"): "/"})
    streams = {_NO_BASE64.sub("", plain), _NO_SIGNS.sub("", plain)}
    found = []
    for stream in sorted(streams):
        for offset in range(4):
            rest = stream[offset:]
            found.append(_shown(binascii.a2b_base64(rest + "A" * (-len(rest) % 4))))
    return "\n".join(filter(None, found))


def _base32(text: str) -> str:
    stream = _NO_BASE32.sub("", text.upper()).translate(_DIGITS32)
    return _bitwise(stream, 32, 5) if len(stream) >= SHORTEST * 8 // 5 else ""


def _bitwise(digits: str, base: int, bits: int) -> str:
    """Digits of a power of two as bytes, read from each of eight bits on."""
    number, found = int(digits, base), []
    size = len(digits) * bits // 8 + 1
    for shift in range(8):
        found.append(_shown((number << shift).to_bytes(size + 1, "big")))
    return "\n".join(filter(None, found))


def _hex(text: str) -> str:
    bare = _HEX_MARK.sub(" ", text)
    streams = (_NO_HEX.sub("", bare), "".join(_LONE_PAIR.findall(bare)))
    found = [
        _shown(bytes.fromhex(rest[: len(rest) // 2 * 2])) for one in streams for rest in (one, one[1:]) if len(one) >= SHORTEST
    ]
    return "\n".join(filter(None, found))


def _binary(text: str) -> str:
    stream = _NO_BIT.sub("", text)
    return _bitwise(stream, 2, 1) if len(stream) >= SHORTEST * 8 else ""


def _decimal(text: str) -> str:
    return "".join(chr(int(code)) for code in _CODES.findall(text))


def _morse(text: str) -> str:
    signs = _MORSE.findall(text.translate(_DASHES))
    return "".join(_LETTER_OF.get(sign, "") for sign in signs)


def _shown(raw: bytes) -> str:
    """The stretches of some bytes that are text."""
    return "\n".join(_READABLE.findall(raw.replace(b"\0", b"").decode("utf-8", "replace")))


_UNDO: dict[str, Callable[[str], str]] = {
    "rot13": _rot13,
    "reversed": _reversed,
    "url": _percent,
    "html": _entities,
    "escapes": _escapes,
    "base64": _base64,
    "base32": _base32,
    "hex": _hex,
    "binary": _binary,
    "decimal": _decimal,
    "morse": _morse,
}
