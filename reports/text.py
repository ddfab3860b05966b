"""Hostile text made readable: invisible characters named, formulas disarmed, changed spans marked.

Every text of a run may have been written by an attack. Renderers escape for their own format; what no format shows
(controls, bidi marks, zero-width and odd spaces, surrogates) is written out here as ``⟨U+202E⟩``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex
from rapidfuzz.distance import Levenshtein

from reports.run import EditRecord

# The first two branches step over the selectors and joiners that emoji are spelled with; the third is what gets written out.
_HIDDEN = regex.compile(
    r"(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?)[\ufe0e\ufe0f](*SKIP)(*FAIL)"
    r"|(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d(?=\p{Extended_Pictographic})(*SKIP)(*FAIL)"
    r"|(?![\n\t ])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]"
)
_FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"


def segments(text: str) -> list[tuple[str, bool]]:
    """The text in runs of (text, is_escape): what can be seen as it is, and each hidden character as ``⟨U+XXXX⟩``.

    Hidden are controls (but for tab and newline), format and bidi characters, spaces other than U+0020, default
    ignorables, surrogates, private and unassigned code points. The joiners inside an emoji stay as they are.
    """
    out: list[tuple[str, bool]] = []
    at = 0
    for match in _HIDDEN.finditer(text):
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


def cell(text: str) -> str:
    """A text for a spreadsheet cell: hidden characters written out, and no start that a spreadsheet runs as a formula.

    A leading apostrophe marks such text as text (OWASP, CSV Injection); starts behind white space count as well.
    """
    shown = visible(text)
    start = shown.lstrip()
    risky = start[:1] and start[0] in _FORMULA
    return f"'{shown}" if risky or shown[:1] in ("\t", "\n") else shown


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of one text: unchanged, or one side of the edit with this index."""

    text: str
    edit: int | None = None


def parts(text: str, edits: Sequence[EditRecord], *, after: bool) -> list[Part]:
    """The text cut at its edits, of the original or (``after``) of the perturbed text; joined it gives the text back.

    Edits that do not fit the text are left out rather than shown at a wrong place.
    """
    out: list[Part] = []
    at = 0
    for index, edit in enumerate(edits):
        start, end = (edit.new_start, edit.new_end) if after else (edit.start, edit.end)
        said = edit.after if after else edit.before
        if start < at or text[start:end] != said or end - start != len(said):
            continue
        if start > at:
            out.append(Part(text[at:start]))
        out.append(Part(said, index))
        at = end
    if at < len(text):
        out.append(Part(text[at:]))
    return out


def characters(before: str, after: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Both sides of one edit in runs of (text, is_changed), aligned by character (Levenshtein)."""
    codes = Levenshtein.opcodes(list(before), list(after))
    left = [(before[op.src_start : op.src_end], op.tag != "equal") for op in codes]
    right = [(after[op.dest_start : op.dest_end], op.tag != "equal") for op in codes]
    return [run for run in left if run[0]], [run for run in right if run[0]]


def inline_diff(text: str, edits: Sequence[EditRecord], perturbed: str) -> Iterator[tuple[str, str]]:
    """The two texts as one stream of (kind, text) with kinds ``same``, ``removed`` and ``added``, for plain renderers."""
    old = {part.edit: part.text for part in parts(text, edits, after=False) if part.edit is not None}
    for part in parts(perturbed, edits, after=True):
        if part.edit is None:
            yield "same", part.text
            continue
        if old.get(part.edit):
            yield "removed", old[part.edit]
        if part.text:
            yield "added", part.text
