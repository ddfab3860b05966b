"""Foreign text made harmless in a page: visible characters, escaped JSON, hashes for the content security policy.

Every text of a run may have been written by an attack. Three layers keep it inert: Jinja escapes all that it prints, the
policy in the page allows only the style and the script whose hashes it names, and the script writes text nodes only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

import regex

from reports.files.text import segments, visible

MARK = "\x7f"
"""Stands around a hidden character's hexadecimal number in the page's data; never seen in a text, being hidden itself."""
_SHORT = {
    0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x0B: "VT", 0x0C: "FF", 0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL", 0x85: "NEL", 0xA0: "NBSP",
    0xAD: "SHY", 0x034F: "CGJ", 0x061C: "ALM", 0x180E: "MVS", 0x2002: "ENSP", 0x2003: "EMSP", 0x2009: "THSP", 0x200A: "HSP",
    0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM", 0x2028: "LSEP", 0x2029: "PSEP", 0x202A: "LRE",
    0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO", 0x202F: "NNBSP", 0x205F: "MMSP", 0x2060: "WJ", 0x2066: "LRI",
    0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0x3000: "IDSP", 0xFE0E: "VS15", 0xFE0F: "VS16", 0xFEFF: "BOM",
}  # fmt: skip
_KINDS = {"Cs": "lone surrogate", "Co": "private use character", "Cn": "unassigned code point", "Cc": "control character"}

_UNPRINTABLE = regex.compile(r"[\p{Cs}\p{Cc}--\n\t]", regex.V1)


@dataclass(frozen=True, slots=True)
class Ink:
    """A stretch of text as printed: what can be seen as it is, or (``code`` set) a hidden character, ``times`` in a row."""

    text: str
    code: str = ""
    short: str = ""
    name: str = ""
    times: int = 1


def inked(text: str) -> list[Ink]:
    """A text cut into what can be seen and what is hidden, runs of one hidden character joined."""
    found: list[Ink] = []
    for (shown, hidden), run in groupby(segments(text)):
        times = len(list(run))
        found.append(_badge(shown, times) if hidden else Ink(shown * times))
    return found


def _badge(shown: str, times: int) -> Ink:
    code = shown.strip("⟨⟩").removeprefix("U+")
    return Ink(shown, code, short_name(code), long_name(code), times)


def short_name(code: str) -> str:
    """The usual abbreviation of a hidden character, or nothing."""
    return _SHORT.get(int(code, 16), "")


def long_name(code: str) -> str:
    """The Unicode name of a hidden character, or what kind of character it is."""
    char = chr(int(code, 16))
    return unicodedata.name(char, _KINDS.get(unicodedata.category(char), "hidden character"))


def coded(text: str, alike: Container[str] = ()) -> str:
    """A text for the page's data: hidden characters as their number between marks, ``200B`` or ``200B*3``.

    Behind each character of ``alike`` stands its number, as ``@0430``.
    """
    return "".join(_coded(ink) if ink.code else _annotated(ink.text, alike) for ink in inked(text))


def _annotated(text: str, alike: Container[str]) -> str:
    return "".join(f"{c}{MARK}@{ord(c):04X}{MARK}" if c in alike else c for c in text) if alike else text


def _coded(ink: Ink) -> str:
    return f"{MARK}{ink.code}{'*' + str(ink.times) if ink.times > 1 else ''}{MARK}"


def hidden_codes(texts: Iterable[str]) -> set[str]:
    """The numbers of the hidden characters in these texts."""
    return {ink.code for text in texts for ink in inked(text) if ink.code}


def code_point(char: str) -> str:
    """``U+0430`` for а."""
    return f"U+{ord(char):04X}"


def script_json(value: Any) -> str:
    """Compact JSON that can stand inside a script element: ASCII only, and no character that HTML reads."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def finalised(value: Any) -> Any:
    """Jinja's last step before escaping: hidden characters are written out whatever a template prints."""
    if value is None:
        return ""
    return visible(value) if type(value) is str else value


def as_read(text: str) -> str:
    """Escaped, and else as a reader of the text sees it, hidden characters included.

    What no page can hold (surrogates, control characters) becomes U+FFFD, for a reader sees nothing there.
    """
    return escape(_UNPRINTABLE.sub("\ufffd", text))


def policy_hash(source: str) -> str:
    """The hash by which a content security policy allows one inline script or style."""
    digest = hashlib.sha256(source.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def web_address(url: Any) -> str:
    """The address if it is a plain http or https one, else nothing: only such a one may become a link."""
    if not isinstance(url, str) or visible(url) != url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""
