"""What an injected text is dressed in: letters that look or read otherwise, and encodings; alone or two on top of each other.

Letters stay readable where they stand. An encoding says nothing to a reader who does not undo it, so the payload names it in
a line of its own. A chain is written inner first: ``rot13+base64`` is the Base64 of the rot13.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from urllib.parse import quote

from attacks.transformations.characters.disguises import DISGUISES as WRITINGS
from attacks.transformations.characters.homoglyphs import Homoglyph
from attacks.transformations.characters.invisible import ZERO_WIDTH
from attacks.transformations.characters.keyboard import KeyboardTypo
from attacks.transformations.characters.leet import Leetspeak
from attacks.transformations.tables import both_cases, table

Dress = Callable[[str, str], str]
"""From a text and the word in it to the text in disguise."""
WRITTEN = {one.name: one.write for one in WRITINGS}
MOST_DEEP = 2
NONE = "none"


@dataclass(frozen=True, slots=True)
class Disguise:
    """One disguise. ``reads_as``: what an encoding is called in the line above it; empty where letters stay readable.

    ``exact``: every character comes back, so that an encoding inside it can still be undone.
    """

    name: str
    dress: Dress
    reads_as: str = ""
    exact: bool = True


def _as_ever(name: str) -> Dress:
    """A disguise of texts that is known by this name already, whatever the word in them."""
    write = WRITTEN[name]
    return lambda text, _: write(text)


def _lookalikes(text: str, _: str) -> str:
    known = table(Homoglyph.name + "s")
    return "".join(known[one][0] if one in known else one for one in text)


def _invisible(text: str, _: str) -> str:
    return re.sub(r"(?<=\w)(?=\w)", ZERO_WIDTH[0], text)


def _wide(text: str, _: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def _tags(text: str, _: str) -> str:
    """As Unicode tag characters, which no font draws and many tokenizers pass on."""
    return "".join(chr(0xE0000 + ord(one)) if " " <= one <= "~" else one for one in text)


def _leet(text: str, _: str) -> str:
    leet = both_cases(Leetspeak.name.removesuffix("speak"))
    return "".join(leet[one][0] if one in leet else one for one in text)


def _typos(text: str, word: str) -> str:
    """Keyboard slips in every second word or so; the word that is asked for stays as it is, and so do its halves."""
    slips = KeyboardTypo()
    half = len(word) // 2
    pieces = re.split(f"({re.escape(word[:half])}(?:{re.escape(word[half:])})?|{re.escape(word[half:])})", text)
    noisy = (slips.sample(piece, 5, Random(at)) if at % 2 == 0 else None for at, piece in enumerate(pieces))
    return "".join(piece if noise is None else noise.text for piece, noise in zip(pieces, noisy, strict=True))


def _spaced(text: str, _: str) -> str:
    return "\n".join("  ".join(" ".join(word) for word in line.split()) for line in text.split("\n"))


def _base64url(text: str, _: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode("ascii").rstrip("=")


def _base32(text: str, _: str) -> str:
    return base64.b32encode(text.encode("utf-8", "replace")).decode("ascii")


def _percent(text: str, _: str) -> str:
    return "".join(f"%{byte:02X}" if chr(byte).isalnum() else quote(bytes([byte])) for byte in text.encode("utf-8", "replace"))


MORSE: Mapping[str, str] = dict(
    pair.split("=")
    for pair in (
        "a=.- b=-... c=-.-. d=-.. e=. f=..-. g=--. h=.... i=.. j=.--- k=-.- l=.-.. m=-- n=-. o=--- p=.--. q=--.- r=.-. s=... t=- "
        "u=..- v=...- w=.-- x=-..- y=-.-- z=--.. 0=----- 1=.---- 2=..--- 3=...-- 4=....- 5=..... 6=-.... 7=--... 8=---.. 9=----."
    ).split()
)


def _morse(text: str, _: str) -> str:
    words = (" ".join(MORSE[one] for one in word.lower() if one in MORSE) for word in re.split(r"\s+", text))
    return " / ".join(word for word in words if word)


DISGUISES: Mapping[str, Disguise] = {
    disguise.name: disguise
    for disguise in (
        Disguise("homoglyph", _lookalikes),
        Disguise("invisible", _invisible),
        Disguise("fullwidth", _wide),
        Disguise("tags", _tags),
        Disguise("leet", _leet, exact=False),
        Disguise("typos", _typos, exact=False),
        Disguise("alternating-case", _as_ever("alternating-case"), exact=False),
        Disguise("spaced", _spaced, exact=False),
        Disguise("rot13", _as_ever("rot13"), "rot13"),
        Disguise("reversed", _as_ever("reversed"), "letters in reverse order"),
        Disguise("base64", _as_ever("base64"), "Base64"),
        Disguise("base64url", _base64url, "Base64 for URLs"),
        Disguise("base32", _base32, "Base32"),
        Disguise("hex", _as_ever("hex"), "hexadecimal"),
        Disguise("url", _percent, "URL encoding"),
        Disguise("morse", _morse, "Morse code", exact=False),
    )
}
_ENCODED = frozenset(("base64", "base64url", "base32", "hex", "url", "morse", "tags"))
"""What leaves no letter of the text as it was: another disguise inside it counts, letters on top of it mostly do not."""
Chain = tuple[str, ...]


def fits(chain: Chain) -> bool:
    """Whether a chain can be undone, and each of its links changes something."""
    if len(chain) < 2:
        return True
    inner, outer = chain
    if inner == outer or {inner, outer} <= {"base64", "base64url"} or outer == "typos":
        return False
    if inner == "homoglyph" and outer in (
        "alternating-case",
        "rot13",
    ):  # capitals of lookalikes look like nothing; rot13 leaves them
        return False
    if inner == "tags":  # unseen already; as bytes they triple an encoding for nothing
        return False
    if inner in _ENCODED:
        return DISGUISES[outer].exact and outer not in ("invisible", "tags") and not (inner == "morse" and outer == "rot13")
    # Upper case, dots and dashes keep neither lookalikes nor what is unseen.
    return outer != "morse" or inner in ("rot13", "reversed", "leet", "typos")


@cache
def chains() -> tuple[Chain, ...]:
    """Every chain of up to ``MOST_DEEP`` disguises, the empty one first."""
    single = tuple((name,) for name in DISGUISES)
    double = tuple((inner, outer) for inner in DISGUISES for outer in DISGUISES if fits((inner, outer)))
    return ((), *single, *double)


def dressed(text: str, word: str, chain: Chain) -> tuple[str, str]:
    """The text in its disguises, inner first, and what the encodings among them are called together, outer first."""
    for name in chain:
        text = DISGUISES[name].dress(text, word)
    named = [DISGUISES[name].reads_as for name in reversed(chain) if DISGUISES[name].reads_as]
    return text, " of ".join(named)
