"""What a transformation is: word swaps for searches, sampled noise at a severity from 1 to 5 for sweeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from random import Random
from typing import Protocol, TypeVar, runtime_checkable

from attacks.language.articles import with_articles
from attacks.search import Candidate, Citation
from attacks.words import Words, words_of

T = TypeVar("T")

SEVERITIES = (1, 2, 3, 4, 5)
SHARES = {1: 0.05, 2: 0.10, 3: 0.20, 4: 0.35, 5: 0.50}
"""Share of the words that noise of each severity touches, at least one."""


@runtime_checkable
class Transformation(Protocol):
    """A named technique of change. ``languages`` is ``("*",)`` when it works on any script.

    ``preserves`` says what a change of this kind leaves as it was, in words of ``attacks.preserves.VOCABULARY``: by it
    suites leave out what does not fit the data.
    """

    @property
    def name(self) -> str:
        """The technique in lower case with hyphens: ``keyboard-typo``."""

    @property
    def level(self) -> str:
        """``character``, ``word`` or ``sentence``."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages it knows, or ``("*",)``."""

    @property
    def preserves(self) -> tuple[str, ...]:
        """What it leaves as it was, by intention: words of ``attacks.preserves.VOCABULARY``."""

    @property
    def description(self) -> str:
        """One sentence: what it does."""

    @property
    def citation(self) -> Citation:
        """Where it was published."""

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """One random perturbed text at a severity from 1 to 5, or None where the technique finds nothing to change."""


@runtime_checkable
class WordSwap(Transformation, Protocol):
    """A transformation that offers replacements for one word: what greedy searches are made of."""

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """Distinct replacements for the word at ``index``, best first, never the word itself."""


@runtime_checkable
class Paraphrase(Transformation, Protocol):
    """A transformation that offers whole-text rewrites."""

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """Distinct rewrites of the text, never the text itself."""


LATIN = (
    *("af", "ca", "cs", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it"),
    *("lt", "lv", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sv", "sw", "tl", "tr", "vi"),
)
"""Languages in Latin script that can be detected (``attacks.language``): techniques on letter shapes are tagged with them."""

Replacement = tuple[int, int, str]
"""``text[start:end]`` becomes a new string; offsets in code points of the original."""


@runtime_checkable
class PositionEdit(Transformation, Protocol):
    """A transformation that changes a text at one position: what searches over positions are made of."""

    def positions(self, text: str) -> Sequence[int]:
        """Every position at which this text can be changed, rising."""

    def replacement(self, text: str, position: int, rng: Random) -> Replacement:
        """The change at one of ``positions(text)``, as the span that it replaces."""


def spliced(text: str, changes: Iterable[Replacement]) -> str:
    """The text with every replacement made; they must come in rising order, and of two that overlap the first is made."""
    parts: list[str] = []
    at = 0
    for start, end, new in changes:
        if start >= at:
            parts += (text[at:start], new)
            at = end
    return "".join((*parts, text[at:]))


def shuffled(count: int, rng: Random) -> list[int]:
    """``0 … count-1`` in random order; several times faster than ``Random.shuffle``."""
    keys = [rng.random() for _ in range(count)]
    return sorted(range(count), key=keys.__getitem__)


def drawn(options: Sequence[T], rng: Random) -> T:
    """One of the options; half the time of ``Random.choice``, whose bias for lists this short is as little."""
    return options[int(rng.random() * len(options))]


def rotated(places: Sequence[int], rng: Random) -> Iterator[int]:
    """Every place once, from a random one onwards: a cheap way to find a random place that fits."""
    start = int(rng.random() * len(places))
    return chain(places[start:], places[:start])


MOST_CHARACTERS = 4_000_000
"""Characters of all the replacements that a technique offers for one word; only words of several hundred characters reach it."""
_FEWEST = 16


def thinned(places: Sequence[int], length: int, each: int = 1) -> Sequence[int]:
    """The places of a word of ``length`` characters at which replacements are offered, ``each`` at one.

    Evenly spaced ones where all would be too many: a base64 blob is one word, and all n changes of n letters are n² characters.
    """
    most = max(1, _FEWEST // each, MOST_CHARACTERS // max(1, length * each))
    return places if len(places) <= most else places[:: -(-len(places) // most)]


def options_of(new: str | None) -> list[str]:
    """The options of a technique that offers one random swap: that one, or none."""
    return [] if new is None else [new]


def share_of(count: int, severity: int) -> int:
    """How many of ``count`` places noise of this severity touches: at least one of them if there is any."""
    if severity not in SHARES:
        raise ValueError(f"severity must be one of {SEVERITIES}, got {severity!r}")
    return min(count, max(1, round(count * SHARES[severity]))) if count else 0


class WordNoise:
    """Base of word-level transformations: ``sample`` draws words in random order and swaps a share of them."""

    name: str
    level: str = "character"
    languages: tuple[str, ...] = ("en",)
    preserves: tuple[str, ...]
    description: str
    citation: Citation

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in vars(self).items() if not key.startswith("_"))
        return f"{type(self).__name__}({arguments})"

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """Distinct replacements for one word; each technique says which."""
        raise NotImplementedError

    def pick(self, words: Words, index: int, rng: Random) -> str | None:
        """One random replacement for one word, or None; a technique that can draw one without listing all overrides it."""
        options = self.swaps(words, index, rng)
        return rng.choice(options) if options else None

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Swap a share of the words, chosen at random among those that have a swap."""
        words = words_of(text)
        wanted = share_of(len(words), severity)
        changes: dict[int, str] = {}
        for index in shuffled(len(words), rng):
            new = self.pick(words, index, rng)
            if new is not None:
                changes[index] = new
                if len(changes) == wanted:
                    break
        if not changes:
            return None
        changed = words.replace_many(with_articles(words, changes) if self.level == "word" else changes, self.name)
        return Candidate(str(changed), self.name, changed, severity=severity)
