"""Spans of a text that no attack may touch: found by pattern, hidden from the attack behind one private character each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from unicodedata import category

import regex

from attacks.search import Candidate
from attacks.words import Words

Pattern = regex.Pattern[str]
LABELS = "labels"
PLACEHOLDERS = "placeholders"
PRESETS = (LABELS, PLACEHOLDERS)
_PLACEHOLDERS = r"""
    \{\{[^{}]*\}\} | \$?\{[^{}\n]*\}                                        # {{name}}, {name}, {}, ${name}
  | \[[A-Z][A-Z0-9_]*\]                                                     # [MASK], [NAME_1]
  | </?[A-Za-z|][^<>\s]{0,40}>                                              # <SEP>, </s>, <|endoftext|>
  | (?<![\p{N}%])%(?:\(\w+\))?[-+0\#]*\d*(?:\.\d+)?[sdifgeEGxXrcu](?!\p{L}) # %s, %(name)s, %.2f; not the 5 % of a sale
  | (?<![\w$])\$[A-Za-z_]\w* | __\w+?__                                     # $NAME, __NAME__
  | [\w.+-]+@[\w-]+(?:\.[\w-]+)+ | (?<![\w@])@\w+                           # name@host.org, @USER
  | (?:https?://|www\.)[^\s<>"']*[^\s<>"'.,;:!?)\]]                         # addresses, without the full stop after them
"""
_FIRST, _LAST = 0xF0000, 0xFFFFD
_PRIVATE = regex.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
"""Private characters of plane 15: no letter, no mark, no whitespace, so that no technique takes one for part of a word."""


def patterns(specs: Iterable[str], labels: Sequence[str] = ()) -> tuple[Pattern, ...]:
    """The patterns behind presets and regular expressions; ``labels``: the victim's, for the preset of that name.

    Raises:
        ValueError: naming an empty pattern, one that is not a regular expression, or labels that hold no word.
    """
    return tuple(_pattern(spec, labels) for spec in dict.fromkeys(specs))


def _pattern(spec: str, labels: Sequence[str]) -> Pattern:
    if spec == PLACEHOLDERS:
        return regex.compile(_PLACEHOLDERS, regex.VERBOSE)
    if spec == LABELS:
        return _of_labels(labels)
    if not spec.strip():
        raise ValueError(f"a pattern to protect must not be empty; give a regular expression or one of {', '.join(PRESETS)}")
    try:
        return regex.compile(spec)
    except regex.error as error:
        raise ValueError(f"{spec!r} is not a regular expression ({error}); escape it, or use {' or '.join(PRESETS)}") from None


def _of_labels(labels: Sequence[str]) -> Pattern:
    names = [regex.findall(r"[\p{L}\p{M}\p{N}]+", label) for label in labels if regex.search(r"\p{L}", label)]
    if not names:
        raise ValueError(f"the labels hold no word to protect: {', '.join(labels) or 'none are known'}")
    longest_first = sorted((r"[\s_-]+".join(map(regex.escape, name)) for name in names), key=len, reverse=True)
    return regex.compile(rf"(?<![\p{{L}}\p{{N}}])(?:{'|'.join(longest_first)})(?![\p{{L}}\p{{N}}])", regex.IGNORECASE)


def spans(text: str, found: Iterable[Pattern], marked: Iterable[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """The protected spans of a text in order, those that match or are ``marked``; those that overlap or touch as one."""
    merged: list[tuple[int, int]] = []
    matched = (match.span() for pattern in found for match in pattern.finditer(text) if match.group())
    for start, end in sorted([*matched, *marked]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@dataclass(frozen=True)
class Mask:
    """A text whose protected spans are a private character each, and the way back. ``kept``: the spans' texts, in order."""

    original: str
    text: str
    signs: str
    kept: tuple[str, ...]

    @classmethod
    def of(cls, text: str, found: Iterable[Pattern], marked: Iterable[tuple[int, int]] = ()) -> Mask | None:
        """The mask of a text, or None where nothing in it is protected."""
        where = spans(text, found, marked)
        if not where:
            return None
        first = _free(text, len(where))
        signs = [chr(first + number) for number in range(len(where))]
        parts, at = [], 0
        for sign, (start, end) in zip(signs, where, strict=True):
            parts += [text[at:start], sign]
            at = end
        return cls(text, "".join([*parts, text[at:]]), "".join(signs), tuple(text[a:b] for a, b in where))

    @property
    def leaves_words(self) -> bool:
        """Whether any word of the text may be touched."""
        return len(Words(self.text)) > 0

    @cached_property
    def _back(self) -> dict[int, str]:
        return dict(zip(map(ord, self.signs), self.kept, strict=True))

    def restored(self, text: str) -> str:
        """A masked text as the victim is to read it."""
        return text.translate(self._back)

    def intact(self, text: str) -> bool:
        """Whether all protected spans stand in a masked text in order, with nothing new growing into them."""
        at = self._signs_in(text)
        if "".join(text[i] for i in at) != self.signs:
            return False
        pairs = zip(self._neighbours, at, strict=True)
        return not any(_glues(*both) for (_, old), i in pairs for both in zip(old, _beside(text, i), strict=True))

    def _signs_in(self, text: str) -> list[int]:
        return [match.start() for match in self._sign.finditer(text)]

    @cached_property
    def _sign(self) -> Pattern:
        return regex.compile(f"[{self.signs[0]}-{self.signs[-1]}]")

    @cached_property
    def _neighbours(self) -> list[tuple[int, tuple[str, str]]]:
        return [(i, _beside(self.text, i)) for i in self._signs_in(self.text)]

    def repaired(self, candidate: Candidate) -> Candidate | None:
        """A masked candidate without those of its edits that touch a protected span; None where nothing is left of it."""
        if self.intact(candidate.text):
            return candidate
        parts, at = [], 0
        near = {j for i, _ in self._neighbours for j in (i, i + 1)}
        for edit in candidate.edits(self.text):
            if near.isdisjoint(range(edit.start, edit.end + 1)):
                parts += [self.text[at : edit.start], edit.after]
                at = edit.end
        new = "".join([*parts, self.text[at:]])
        kept = Candidate(new, candidate.technique, severity=candidate.severity)
        return kept if new != self.text and self.intact(new) else None

    def candidate(self, candidate: Candidate) -> Candidate:
        """A masked candidate as one of the original text."""
        words = candidate.words if candidate.words is None else candidate.words.translated(self.restored)
        similarity, severity = candidate.similarity, candidate.severity
        return Candidate(self.restored(candidate.text), candidate.technique, words, similarity, severity)

    def masked(self, text: str) -> str | None:
        """A rewrite of the original with its protected spans masked again; None where it lost one."""
        parts, at = [], 0
        for sign, kept in zip(self.signs, self.kept, strict=True):
            found = text.find(kept, at)
            if found < 0:
                return None
            parts += [text[at:found], sign]
            at = found + len(kept)
        return "".join([*parts, text[at:]])

    def hidden(self, text: str) -> list[tuple[int, int, int]]:
        """(start, end, place) of each protected span: in the restored text, and of its sign in a masked one."""
        found, shift = [], 0
        for place in self._signs_in(text):
            kept = self._back[ord(text[place])]
            found.append((place + shift, place + shift + len(kept), place))
            shift += len(kept) - 1
        return found

    def position(self, text: str, at: int) -> int:
        """Where a position of a masked text lies in the restored one."""
        return len(self.restored(text[:at]))

    def inside(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a span of the original lies in the masked text; None where it is protected, in part or as a whole."""
        shift = 0
        for at, kept in zip(self._signs_in(self.text), self.kept, strict=True):
            hidden = at + shift
            if start < hidden + len(kept) and hidden < end:
                return None
            if hidden >= end:
                break
            shift += len(kept) - 1
        return start - shift, end - shift

    def word_spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the words of a masked text lie in the restored one."""
        signs, shift = deque(self._signs_in(text)), 0
        for start, end in Words(text).spans():
            while signs and signs[0] < start:
                shift += len(self._back[ord(text[signs.popleft()])]) - 1
            yield start + shift, end + shift


def _free(text: str, count: int) -> int:
    """The first of ``count`` private characters in a row that the text does not hold."""
    used = {ord(match.group()) for match in _PRIVATE.finditer(text)}
    first = max(used, default=_FIRST - 1) + 1
    if first + count - 1 > _LAST:
        raise ValueError(f"{count} protected spans in one text are more than can be kept apart; protect fewer, or cut the text")
    return first


def _beside(text: str, at: int) -> tuple[str, str]:
    return text[at - 1 : at] if at else "", text[at + 1 : at + 2]


def _glues(old: str, new: str) -> bool:
    """Whether a new neighbour changes what a protected span looks like: part of a word, or an invisible character, beside it."""
    if new == old or not new or new.isspace():
        return False
    if category(new)[0] in "MC" and not _FIRST <= ord(new) <= _LAST:
        return True
    return _in_word(new) and not _in_word(old)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
