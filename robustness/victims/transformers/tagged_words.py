"""From tokens to words and back: what a tagger says of each word, by the word's first token, as taggers are trained."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from attacks.language.segmentation import UNSPACED
from robustness.victims.transformers.tokens import Place

_LETTER = rf"[[\p{{L}}\p{{N}}\p{{M}}_]--{UNSPACED.pattern}]"
_WORD = regex.compile(
    rf"""
    (?:\p{{L}}\.){{2,}}                                              # U.S., a.m.
  | {_LETTER}+ (?: (?: - | ['’](?!s\b) | \p{{Cf}}+ ) {_LETTER}+ )*   # AL-AIN, O'Neill, but not the 's of John's
  | ['’]s\b
  | {UNSPACED.pattern} \p{{M}}*                                      # taggers of these scripts read single characters
  | \S
    """,
    regex.V1 | regex.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class TaggedWord:
    """A word of the text, in code points, and the number of its first token; None where the model did not read it."""

    start: int
    end: int
    token: int | None


def tagged_words(text: str, places: Sequence[Place | None]) -> list[TaggedWord]:
    """The words of a text with the token that speaks for each.

    A token can reach over several words, as where a tokenizer drops a character between them: they are one word then.
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    starts = [start for start, _ in spans]
    first: dict[int, int] = {}
    ends = dict(enumerate(end for _, end in spans))
    for number, place in enumerate(places):
        at, end = _inner(text, place)
        word = bisect_right(starts, at) - 1
        if end > at and word >= 0 and at < spans[word][1]:
            first.setdefault(word, number)
            ends[word] = max(ends[word], end)
    out: list[TaggedWord] = []
    for word, (start, _) in enumerate(spans):
        if word not in first and out and start < out[-1].end:
            continue
        out.append(TaggedWord(start, ends[word], first.get(word)))
    return out


def _inner(text: str, place: Place | None) -> tuple[int, int]:
    """A token's place without the blanks before it, which byte-level tokenizers count in; an empty one where it has none."""
    if place is None:
        return 0, 0
    _, start, end = place
    while start < end and text[start].isspace():
        start += 1
    return start, end
