"""Two words contracted into one, and contractions written out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from random import Random
from types import MappingProxyType

from attacks.morphology import like_case
from attacks.search import Candidate, Citation
from attacks.transformations.base import WordNoise, share_of, shuffled
from attacks.transformations.lookup import listed
from attacks.transformations.tables import Table, table
from attacks.words import Words

_CHECKLIST = Citation(
    "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", "https://arxiv.org/abs/2005.04118"
)
MOST_ALONE = 50
"""A long text is not rewritten at each of its thousand contractions."""


class Contraction:
    """``do not`` becomes ``don't``. Where no word follows only negations contract: ``Yes, it is.`` stays as it is."""

    name = "contraction"
    level = "word"
    languages = ("en",)
    description = "Words are contracted: do not -> don't."
    citation = _CHECKLIST

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Contract at a share of the words, or wherever possible if there are fewer."""
        words = Words(text)
        found = _contractible(words)
        chosen = [found[which] for which in shuffled(len(found), rng)[: share_of(len(words), severity)]]
        return _contracted(words, chosen, severity) if chosen else None

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """All contractions at once, then each alone, up to ``MOST_ALONE``."""
        words = Words(text)
        found = _contractible(words)
        made = [_contracted(words, found), *(_contracted(words, [one]) for one in found[:MOST_ALONE])] if found else []
        return list({candidate.text: candidate for candidate in made}.values())


def _contractible(words: Words) -> list[tuple[int, int, str]]:
    """(first word, one past the last, contraction) of places that do not overlap, from left to right."""
    known = table("contractions")
    found: list[tuple[int, int, str]] = []
    free = 0
    for index in range(len(words)):
        for stop in (index + 2, index + 1):
            short = _short(words, index, stop, known) if index >= free and stop <= len(words) else None
            if short is not None:
                found.append((index, stop, short))
                free = stop
                break
    return found


def _short(words: Words, start: int, stop: int, known: Table) -> str | None:
    pair = stop - start == 2
    if pair and words.gap(start + 1) != " ":
        return None
    first, last = words[start].lower(), words[stop - 1].lower()
    found = known.get(f"{first} {last}" if pair else first)
    if found is None:
        return None
    if not found[0].endswith("n't"):
        follows = stop < len(words) and words.gap(stop).isspace()
        if not follows or f"{last} {words[stop].lower()}" in known:  # "they will not" is "they won't", not "they'll not"
            return None
    return _in_case(found[0], words[start], words[stop - 1])


def _in_case(short: str, first: str, last: str) -> str:
    return short.upper() if last.isupper() and first.isupper() else like_case(short, first[:1])


def _contracted(words: Words, places: Iterable[tuple[int, int, str]], severity: int | None = None) -> Candidate:
    new = words.replace_ranges({(start, stop): short for start, stop, short in places}, Contraction.name)
    return Candidate(str(new), Contraction.name, new, severity=severity)


class Expansion(WordNoise):
    """``don't`` becomes ``do not``; straight and curly apostrophes are both known."""

    name = "expansion"
    level = "word"
    languages = ("en",)
    description = "Contractions are written out: don't -> do not."
    citation = _CHECKLIST

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word written out."""
        return listed(words[index], _written_out())

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """All contractions written out at once, then each alone, up to ``MOST_ALONE``."""
        words = Words(text)
        found = {index: options[0] for index in range(len(words)) if (options := self.swaps(words, index, rng))}
        sets = [found, *({index: new} for index, new in [*found.items()][:MOST_ALONE])] if found else []
        made = [words.replace_many(changes, self.name) for changes in sets]
        return list({str(new): Candidate(str(new), self.name, new) for new in made}.values())


@cache
def _written_out() -> Table:
    found: dict[str, tuple[str, ...]] = {}
    for long, (short, *_) in table("contractions").items():
        found[short.lower()] = (*found.get(short.lower(), ()), long)
    return MappingProxyType(found)
