"""Two words contracted into one, and contractions written out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from random import Random

import regex

from attacks.preserves import FORM
from attacks.search import Candidate, Citation
from attacks.transformations.base import WordNoise, share_of, shuffled
from attacks.transformations.paraphrase.contraction_rules import Change, Reading, contractions, expansions
from attacks.transformations.tables import table
from attacks.words import Words

_CHECKLIST = Citation(
    "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", "https://arxiv.org/abs/2005.04118"
)
MOST_ALONE = 50
"""A long text is not rewritten at each of its thousand contractions."""
LONGEST = 20_000
"""Characters of the longest text that is tagged."""
_CLITIC = regex.compile(r"(?i)n['’]t\b|['’](?:s|m|re|ve|ll|d)\b")
Chosen = tuple[Change, str]


class Contraction:
    """``do not`` becomes ``don't``, where English contracts: not before a gap, and *have* only as an auxiliary.

    Args:
        tagger: what tells the parts of speech, see ``attacks.tagging``.
    """

    name = "contraction"
    level = "word"
    languages = ("en",)
    preserves = FORM
    description = "Words are contracted: do not -> don't."
    citation = _CHECKLIST

    def __init__(self, tagger: str = "auto") -> None:
        self.tagger = tagger

    def __repr__(self) -> str:
        return f"Contraction(tagger={self.tagger!r})"

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Contract at a share of the words, or wherever possible if there are fewer."""
        return _sampled(text, _contractible(text, self.tagger), severity, rng, self.name)

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """All contractions at once, then each alone, up to ``MOST_ALONE``."""
        return _variants(text, _contractible(text, self.tagger), self.name)


class Expansion(WordNoise):
    """``don't`` becomes ``do not``; what 'd and 's stand for is read from what follows, and left alone where that does not tell.

    Args:
        tagger: what tells the parts of speech, see ``attacks.tagging``.
    """

    name = "expansion"
    level = "word"
    languages = ("en",)
    preserves = FORM
    description = "Contractions are written out: don't -> do not."
    citation = _CHECKLIST

    def __init__(self, tagger: str = "auto") -> None:
        self.tagger = tagger

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """The word written out, as its sentence asks for it."""
        if not _CLITIC.search(words[index]):
            return []
        text, span = str(words), words.span(index)
        return next((list(c.options) for c in _expandable(text, self.tagger) if (c.start, c.end) == span), [])

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Write out at a share of the words, or wherever possible if there are fewer."""
        return _sampled(text, _expandable(text, self.tagger), severity, rng, self.name)

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """All contractions written out at once, then each alone, up to ``MOST_ALONE``."""
        return _variants(text, _expandable(text, self.tagger), self.name)


@cache
def _known() -> dict[str, str]:
    return {long: short for long, (short, *_) in table("contractions").items()}


@cache
def _candidates() -> regex.Pattern[str]:
    return regex.compile(rf"(?i)\b(?:{'|'.join(map(regex.escape, _known()))})\b")


@lru_cache(maxsize=1024)
def _contractible(text: str, tagger: str) -> tuple[Change, ...]:
    """Places that do not overlap, from left to right; a text without a known pair is not tagged at all."""
    if len(text) > LONGEST or not _candidates().search(text):
        return ()
    return tuple(contractions(Reading(text, tagger), _known()))


@lru_cache(maxsize=1024)
def _expandable(text: str, tagger: str) -> tuple[Change, ...]:
    if len(text) > LONGEST or not _CLITIC.search(text):
        return ()
    return tuple(expansions(Reading(text, tagger)))


def _sampled(text: str, found: Sequence[Change], severity: int, rng: Random, name: str) -> Candidate | None:
    words = Words(text)
    wanted = share_of(len(words), severity)
    chosen = [found[which] for which in shuffled(len(found), rng)[:wanted]]
    return _candidate(text, [(change, rng.choice(change.options)) for change in chosen], name, severity) if chosen else None


def _variants(text: str, found: Sequence[Change], name: str) -> list[Candidate]:
    sets = [[(c, c.options[0]) for c in found], *([(c, c.options[0])] for c in found[:MOST_ALONE])] if found else []
    made = [_candidate(text, chosen, name) for chosen in sets]
    return list({candidate.text: candidate for candidate in made}.values())


def _candidate(text: str, chosen: Iterable[Chosen], name: str, severity: int | None = None) -> Candidate:
    """The changes as edits of whole words: a contraction begins and ends where words do."""
    words = Words(text)
    spans = words.spans()
    first = {start: index for index, (start, _) in enumerate(spans)}
    last = {end: index for index, (_, end) in enumerate(spans)}
    ranges = {(first[c.start], last[c.end] + 1): new for c, new in chosen if c.start in first and c.end in last}
    new = words.replace_ranges(ranges, name)
    return Candidate(str(new), name, new, severity=severity)
