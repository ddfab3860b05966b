r"""Takes the disguise off a text before a model reads it, and says where each character came from.

It needs the standard library alone: ``robustness.harden.kept`` writes it, with its tables inside, as one module that can go
into production as it stands. In the suite it is

    >>> from robustness.harden import Normaliser
    >>> Normaliser()("a gr\u0435at fi\u200blm")
    'a great film'

Steps, always in this order, however they are named:

``bidi``: characters stored in reverse between direction overrides go where they are shown (Boucher et al., arXiv 2106.09898).
``invisible``: characters that nothing draws, and what a backspace wipes out, go. Joiners inside emoji and in scripts that need
them stay. ``confusables``: letters of other scripts become the letters that they look like (UTS 39), in words and texts that are
otherwise of that script: a Russian text stays Russian. ``compatibility``: NFKC. ``marks``: combining marks on Latin letters that
belong to no letter of any language go. ``whitespace``: one kind of space, one at a time, and one kind of line end. ``leet``:
digits and signs become letters where that makes a known word. ``spelling``: an unknown English word becomes the most frequent
known one that is one slip away. The last two know English only, and leave alone names, capitalised words, numbers, addresses,
tags, and texts most of whose words they do not know.

The steps are repeated until nothing changes, so that a normalised text is its own normal form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from robustness.harden.speller import Speller
from robustness.harden.tables import read_table

VERSION = "1"
CHARACTERS = ("bidi", "invisible", "confusables", "compatibility", "marks", "whitespace")
WORDS = ("leet", "spelling")
STEPS = (*CHARACTERS, *WORDS)
ROUNDS = 12
"""Repetitions after which a text is taken as it is; two are the rule."""
Edit = tuple[int, int, str]
"""``text[start:end]`` becomes a new string."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A normalised text. ``starts[i]`` and ``ends[i]``: what the character ``i`` stands for in the original, in code points."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that a stretch of the normalised text stands for; of an empty one, an empty one."""
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"expected a stretch of 0:{len(self.text)}, got {start}:{end}")
        if start == end:
            at = self.starts[start] if start < len(self.starts) else self.length
            return at, at
        return min(self.starts[start:end]), max(self.ends[start:end])

    def edited(self, edits: Iterable[Edit]) -> Normalised:
        """With stretches replaced, in rising order; each new character stands for the whole of what it replaces."""
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for start, end, new in edits:
            text += (self.text[at:start], new)
            left, right = (min(self.starts[start:end]), max(self.ends[start:end])) if end > start else self.span(start, start)
            starts += (*self.starts[at:start], *[left] * len(new))
            ends += (*self.ends[at:start], *[right] * len(new))
            at = end
        return Normalised("".join((*text, self.text[at:])), (*starts, *self.starts[at:]), (*ends, *self.ends[at:]), self.length)

    def ordered(self, places: Sequence[int]) -> Normalised:
        """Only these characters, in this order."""
        return Normalised(
            "".join(self.text[n] for n in places),
            tuple(self.starts[n] for n in places),
            tuple(self.ends[n] for n in places),
            self.length,
        )


class Normaliser:
    """A text without its disguise: ``normaliser(text)``, or ``normaliser.mapped(text)`` with the way back.

    Args:
        steps: names of ``STEPS``; ``characters`` stands for those that know no language, ``all`` for all.
        known: words of the domain that spelling leaves alone and may write, the most frequent first.

    Raises:
        ValueError: an unknown step, or none.
    """

    def __init__(self, steps: Iterable[str] | str = CHARACTERS, known: Sequence[str] = ()) -> None:
        self.steps = chosen(steps)
        self.known = tuple(dict.fromkeys(word.lower() for word in known))
        speller = Speller(self.known) if set(WORDS) & set(self.steps) else None
        ways: dict[str, Callable[[str], Iterable[Edit]]] = {
            "confusables": _unconfused,
            "compatibility": _compatible,
            "marks": _unmarked,
            "whitespace": _spaced,
        }
        if speller is not None:
            ways |= {"leet": speller.plain, "spelling": speller.corrected}
        orders: dict[str, Callable[[str], Sequence[int]]] = {"bidi": _as_shown, "invisible": _seen}
        self._ways = [(ways.get(step), orders.get(step)) for step in self.steps]

    def __repr__(self) -> str:
        return f"Normaliser({', '.join(self.steps)})"

    def __call__(self, text: str) -> str:
        """The normalised text."""
        return self.mapped(text).text

    def mapped(self, text: str) -> Normalised:
        """The normalised text with the place that each character came from."""
        places = range(len(text) + 1)
        found = Normalised(text, tuple(places[:-1]), tuple(places[1:]), len(text))
        for _ in range(ROUNDS):
            before = found.text
            for edits_of, order_of in self._ways:
                if edits_of is not None:
                    edits = list(edits_of(found.text))
                    found = found.edited(edits) if edits else found
                elif order_of is not None and not found.text.isprintable():
                    order = order_of(found.text)
                    found = found.ordered(order) if len(order) < len(found.text) else found
            if found.text == before:
                break
        return found


def chosen(steps: Iterable[str] | str) -> tuple[str, ...]:
    """Names of steps in their order; raises ``ValueError`` for one that there is not."""
    names = [name.strip() for name in steps.split(",")] if isinstance(steps, str) else list(steps)
    groups = {"characters": CHARACTERS, "all": STEPS}
    wanted = [step for name in names for step in groups.get(name, (name,))]
    odd = [name for name in wanted if name not in STEPS]
    if odd or not wanted:
        raise ValueError(f"expected steps among {', '.join((*groups, *STEPS))}, got {', '.join(odd) or 'none'}")
    return tuple(step for step in STEPS if step in wanted)


_OPEN, _ISOLATE, _CLOSE, _END = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068", "\u202c", "\u2069"
_OVERRIDE = "\u202e"
_CONTROLS = frozenset(_OPEN + _ISOLATE + _CLOSE + _END + "\u200e\u200f\u061c")
_BACK = "\b\x7f"
_RIGHT = ("R", "AL", "AN")


def _as_shown(text: str) -> Sequence[int]:
    """Places in the order in which they are shown, without direction controls.

    Overrides are carried out where no letter runs from right to left by itself; else, and for embeddings, the order stays.
    """
    if not _CONTROLS.intersection(text):
        return range(len(text))
    if _OVERRIDE not in text or any(unicodedata.bidirectional(c) in _RIGHT for c in text):
        return [n for n, c in enumerate(text) if c not in _CONTROLS]
    order: list[int] = []
    for line in re.finditer(r"[^\n\u2029]*[\n\u2029]?", text):
        order += _line_as_shown(text, *line.span())
    return order


def _line_as_shown(text: str, start: int, end: int) -> list[int]:
    """One paragraph: a stack of levels, each a list of units; a level that is closed becomes one unit of the one below."""
    stack: list[tuple[str, list[list[int]]]] = [("", [])]

    def close() -> None:
        opener, units = stack.pop()
        shown = reversed(units) if opener == _OVERRIDE else units
        stack[-1][1].append([n for unit in shown for n in unit])

    tail: list[int] = []
    for n in range(start, end):
        c = text[n]
        if c in _OPEN or c in _ISOLATE:
            stack.append((c, []))
        elif c == _CLOSE and stack[-1][0] and stack[-1][0] in _OPEN:
            close()
        elif c == _END and any(opener and opener in _ISOLATE for opener, _ in stack):
            while stack[-1][0] in _OPEN:  # an isolate's end closes what was left open inside it
                close()
            close()
        elif c in "\n\u2029":
            tail.append(n)
        elif c not in _CONTROLS:
            stack[-1][1].append([n])
    while len(stack) > 1:
        close()
    return [n for unit in stack[0][1] for n in unit] + tail


_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u3164\uffa0")
_JOINERS = "\u200c\u200d"


def _seen(text: str) -> Sequence[int]:
    """Places of what is drawn: a backspace takes what stands before it along."""
    kept: list[int] = []
    for n, c in enumerate(text):
        if c in _BACK:
            if kept and text[kept[-1]] not in "\n\r":
                kept.pop()
        elif not _unseen(text, n, c):
            kept.append(n)
    return kept


def _unseen(text: str, n: int, c: str) -> bool:
    if c.isprintable() and c not in _FILLERS and not "\ufe00" <= c <= "\ufe0f" and not "\U000e0100" <= c <= "\U000e01ef":
        return False
    if c in _JOINERS:
        return not _joins(text, n)
    if c == "\ufe0f":
        return not (n and unicodedata.category(text[n - 1]) in ("So", "Sk", "Po", "Sm", "Nd"))
    kind = unicodedata.category(c)
    return kind in ("Cf", "Mn", "Lo") or (kind == "Cc" and c not in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85")


def _joins(text: str, n: int) -> bool:
    """Whether a joiner does what it is for: between signs of an emoji, or after a letter of a script that joins."""
    before, after = text[n - 1 : n], text[n + 1 : n + 2]
    if not before or not after:
        return False
    emoji = ("So", "Sk", "Mn", "Cs")
    if unicodedata.category(after) == "So" and (unicodedata.category(before) in emoji):
        return True
    return 0x0590 <= ord(before) <= 0x1CFF and 0x0590 <= ord(after) <= 0x1CFF


_RUN = re.compile(r"[^\W_]+")
_TURKISH = re.compile("[ğşİĞŞ]|[çöü][^ ]*ı|ı[^ ]*[çöü]")


def _unconfused(text: str) -> Iterable[Edit]:
    """Letters that look like those of the script around them: Latin for the rest of the word, or of the text, and the reverse."""
    if text.isascii():
        return
    table = lookalikes()
    letters = [c for c in text if c.isalpha()]
    latin = 0 < sum(map(_is_latin, letters)) >= sum(not _is_latin(c) and c not in table for c in letters)
    turkish = _TURKISH.search(text) is not None
    for run in _RUN.finditer(text):
        word = run.group()
        if word.isascii():
            continue
        alike = [n for n, c in enumerate(word) if c in table and not (turkish and c == "ı")]
        own = sum(_is_latin(c) for n, c in enumerate(word) if c.isalpha() and n not in alike)
        foreign = sum(c.isalpha() for c in word) - own - len(alike)
        if alike and (own > foreign if own or foreign else latin) and (latin or own > len(alike)):
            yield from ((run.start() + n, run.start() + n + 1, table[word[n]]) for n in alike)
        elif foreign and not latin and own <= foreign:
            yield from _into_script(word, run.start())


def _into_script(word: str, at: int) -> Iterable[Edit]:
    """Latin letters inside a word of another script, as the letters of that script."""
    for script, back in _scripts():
        if any(script <= ord(c) < script + 0x90 for c in word):
            yield from ((at + n, at + n + 1, back[c]) for n, c in enumerate(word) if c.isascii() and c in back)
            return


def _compatible(text: str) -> Iterable[Edit]:
    """NFKC, cut where no character takes part in the one before."""
    if unicodedata.is_normalized("NFKC", text):
        return
    cuts = [n for n, c in enumerate(text) if n == 0 or not _continues(c)]
    for start, end in zip(cuts, (*cuts[1:], len(text)), strict=True):
        part = text[start:end]
        new = unicodedata.normalize("NFKC", part)
        if new != part:
            yield start, end, new


@lru_cache(4096)
def _continues(c: str) -> bool:
    """Whether a character may be composed with what stands before it: a mark, or a later part of a Hangul syllable."""
    first = unicodedata.normalize("NFKD", c)[0]
    return unicodedata.category(first)[0] == "M" or 0x1160 <= ord(first) <= 0x11FF


_MARKED = re.compile(
    "([A-Za-z\u00c0-\u024f\u1e00-\u1eff])([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+)"
)


def _unmarked(text: str) -> Iterable[Edit]:
    """Marks after a Latin letter that NFC leaves beside it."""
    if text.isascii():
        return
    for found in _MARKED.finditer(text):
        yield found.start(2), found.end(2), ""


_BLANKS = re.compile(r"[^\S\n]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])\s*|[^\S\n]+|\u2800+")
_LINE = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def _spaced(text: str) -> Iterable[Edit]:
    """A space for blanks of any kind and number; line ends as they count, two at most."""
    for found in _BLANKS.finditer(text):
        blank = found.group()
        lines = len(_LINE.findall(blank.replace("\r\n", "\n")))
        new = "\n" * min(2, lines) if lines else " "
        if new != blank:
            yield found.start(), found.end(), new


@lru_cache(4096)
def _is_latin(c: str) -> bool:
    return c.isascii() or unicodedata.name(c, "").startswith("LATIN ")


@cache
def lookalikes() -> Mapping[str, str]:
    """Letters and numbers outside ASCII, with the Latin letters that they look like."""
    return dict(line.split("\t") for line in read_table("lookalikes.tsv").splitlines() if line and line[0] != "#")


@cache
def _scripts() -> tuple[tuple[int, Mapping[str, str]], ...]:
    """Of Cyrillic and Greek, where the basic letters begin, and the letter that looks like each Latin one."""
    return tuple(
        (first, {to: c for c, to in reversed(list(lookalikes().items())) if first <= ord(c) < first + 0x90 and len(to) == 1})
        for first in (0x0400, 0x0370)
    )
