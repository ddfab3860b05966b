"""What is left of a text when its disguise is taken off: the letters and digits that a reader, or a program, would get back.

A disguise that no normaliser can undo has destroyed its payload, and a guard that lets it pass has let nothing pass. So
*readable* is defined by what undoes it: compatibility forms (NFKC), unseen characters and marks dropped, lookalikes read as the
Latin letters that they stand for, case and separators dropped; and the usual encodings decoded, one inside another.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from unicodedata import normalize
from urllib.parse import unquote

import regex

from attacks.transformations.tables import both_cases, table

NESTED = 2
"""Encodings inside one another that are undone."""
LONGEST = 20_000
"""Characters of the longest text that is decoded: a decoded text is decoded again, and no payload is a book."""
_UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]+")
_MARKS = regex.compile(r"\p{M}+")
_KEPT = regex.compile(r"[^\p{L}\p{N}]+")
_BLANK = regex.compile(r"\s+")


@lru_cache(4096)
def skeleton(text: str) -> str:
    """Letters and digits alone, in lower case, as Latin ones where they look like them; empty where there is none."""
    drawn = _lookalikes()
    plain = normalize("NFKC", _UNSEEN.sub("", normalize("NFKC", text)))
    plain = _MARKS.sub("", normalize("NFD", plain.translate(drawn)))
    return _KEPT.sub("", plain.translate(drawn)).casefold()


def readable(payload: str, text: str) -> bool:
    """Whether normalising a text, or decoding it, brings all of a payload back; a payload without letters is never readable."""
    wanted = spelled(skeleton(payload))
    return bool(wanted) and any(spelled(skeleton(found)) == wanted for found in readings(text))


def readings(text: str) -> Iterator[str]:
    """The text, and what each chain of up to ``NESTED`` decoders makes of it; each once."""
    seen, layer = {text}, [text]
    yield text
    for _ in range(NESTED if len(text) <= LONGEST else 0):
        made = [found for one in layer for decode in _DECODERS if (found := decode(one)) is not None]
        layer = [one for one in dict.fromkeys(made) if one not in seen]
        seen.update(layer)
        yield from layer


def _base64(text: str) -> str | None:
    bare = _BLANK.sub("", text).replace("-", "+").replace("_", "/")
    return _utf8(lambda: base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)) if len(bare) > 3 else None


def _base32(text: str) -> str | None:
    bare = _BLANK.sub("", text).rstrip("=").upper()
    return _utf8(lambda: base64.b32decode(bare + "=" * (-len(bare) % 8))) if len(bare) > 3 else None


def _hex(text: str) -> str | None:
    return _utf8(lambda: binascii.unhexlify(_BLANK.sub("", text)))


def _utf8(decoded: Callable[[], bytes]) -> str | None:
    try:
        return decoded().decode("utf-8")
    except ValueError:  # of its alphabet, of its padding, or no text
        return None


def _changed(decode: Callable[[str], str]) -> Callable[[str], str | None]:
    def made(text: str) -> str | None:
        found = decode(text)
        return found if found != text else None

    return made


_DECODERS: tuple[Callable[[str], str | None], ...] = (
    _base64,
    _base32,
    _hex,
    _changed(unquote),
    _changed(html.unescape),
    _changed(lambda text: codecs.decode(text, "rot13")),
    _changed(lambda text: text[::-1]),
)


@cache
def _lookalikes() -> dict[int, str]:
    return {ord(alike): letter for letter, drawn in table("homoglyphs").items() if letter.isascii() for alike in drawn}


@cache
def _signs() -> dict[int, str]:
    """Digits and signs of leetspeak to one letter each; *1* stands for two, which are then one: both sides are folded."""
    signs: dict[str, str] = {}
    for letter, stands in both_cases("leet").items():
        for sign in stands:
            signs.setdefault(sign, letter.lower())
    signs["l"] = signs.get("1", "i")
    return str.maketrans(signs)


def spelled(bones: str) -> str:
    """A skeleton with the digits of leetspeak read as letters; two that differ in nothing else become one."""
    return bones.translate(_signs())
