"""Replacing one short string inside a word by another, from a table: typos, scans, lookalikes, leetspeak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from attacks.transformations.base import drawn, rotated, thinned

Options = Mapping[str, Sequence[str]]
_LONG = 100
_EACH = 8
"""The most replacements of one character, roughly."""


def substitutions(word: str, options: Options, places: range, longest: int = 1) -> list[str]:
    """Every word that one replacement at one of the places makes; keys are up to ``longest`` characters."""
    sizes = range(1, longest + 1)
    known = [at for at in places if any(word[at : at + size] in options for size in sizes)] if len(word) > _LONG else places
    made = [
        word[:at] + new + word[at + size :]
        for at in thinned(known, len(word), _EACH)
        for size in range(1, min(longest, places.stop - at) + 1)
        for new in options.get(word[at : at + size], ())
    ]
    return list(dict.fromkeys(made))


def random_substitution(word: str, options: Options, places: range, rng: Random, longest: int = 1) -> str | None:
    """One replacement at one random place, or None where no place has one."""
    if longest == 1:
        return _random_letter(word, options, places, rng)
    for at in rotated(places, rng):
        sizes = [size for size in range(1, min(longest, places.stop - at) + 1) if options.get(word[at : at + size])]
        if sizes:
            size = sizes[0] if len(sizes) == 1 else drawn(sizes, rng)
            return word[:at] + drawn(options[word[at : at + size]], rng) + word[at + size :]
    return None


def _random_letter(word: str, options: Options, places: range, rng: Random) -> str | None:
    for at in rotated(places, rng):
        found = options.get(word[at])
        if found:
            return word[:at] + drawn(found, rng) + word[at + 1 :]
    return None


def inner(count: int, keep_first: bool, keep_last: bool) -> range:
    """The places of a word of ``count`` characters that may change."""
    return range(int(keep_first), count - int(keep_last))
