"""Hostile text made readable: invisible characters named, formulas disarmed.

Every text of a run may have been written by an attack. Renderers escape for their own format; what no format shows
(controls, bidi marks, zero-width and odd spaces, surrogates) is written out here as ``⟨U+202E⟩``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

# The first two branches step over the selectors and joiners that emoji are spelled with; the third is what gets written out.
_HIDDEN = (
    r"(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?)[\ufe0e\ufe0f](*SKIP)(*FAIL)"
    r"|(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d(?=\p{Extended_Pictographic})(*SKIP)(*FAIL)"
    r"|(?![\n\t ])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]"
)
COMMAND = re.compile(r"((?:^|(?<=[\n\r]))(?:\s|\x1b\[[0-?]*[ -/]*[@-~])*:|##[a-z]*)((?<=:):|(?<!:)\[)")
_FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"


_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("\n\t─│╭╮╰╯├┤…–—→≥≤")
"""Characters that hide nothing; a text of these alone, such as the program's help, needs no look at Unicode's tables."""


@cache
def _hidden() -> Any:
    import regex

    return regex.compile(_HIDDEN)


def segments(text: str) -> list[tuple[str, bool]]:
    """The text in runs of (text, is_escape): what can be seen as it is, and each hidden character as ``⟨U+XXXX⟩``.

    Hidden are controls (except tab and newline), format and bidi characters, spaces other than U+0020, default
    ignorables, surrogates, private and unassigned code points. The joiners inside an emoji stay as they are.
    """
    if _PLAIN.issuperset(text):
        return [(text, False)] if text else []
    out: list[tuple[str, bool]] = []
    at = 0
    for match in _hidden().finditer(text):
        if match.start() > at:
            out.append((text[at : match.start()], False))
        out.append((f"⟨U+{ord(match.group()):04X}⟩", True))
        at = match.end()
    if at < len(text):
        out.append((text[at:], False))
    return out


def visible(text: str) -> str:
    """The text with every hidden character written out; always encodable as UTF-8."""
    return "".join(part for part, _ in segments(text))


def one_line(text: str) -> str:
    """The text on one line: hidden characters written out, each line break a space."""
    return " ".join(visible(text).split("\n"))


def defused(text: str) -> str:
    """The text with nothing in it that a CI runner would obey as a command.

    A runner trims a line and obeys it where it begins with ``::`` (GitHub) or holds ``##[`` or ``##NAME[`` (GitHub's older
    form, Azure, TeamCity); the character that completes such a start is written out.
    """
    return COMMAND.sub(lambda found: f"{found[1]}⟨U+{ord(found[2]):04X}⟩", text)


def cell(text: str) -> str:
    """A text for a spreadsheet cell: hidden characters written out, and no start that a spreadsheet runs as a formula.

    A leading apostrophe marks such text as text (OWASP, CSV Injection); starts behind whitespace count as well.
    """
    shown = visible(text)
    start = shown.lstrip()
    risky = start[:1] and start[0] in _FORMULA
    return f"'{shown}" if risky or shown[:1] in ("\t", "\n") else shown
