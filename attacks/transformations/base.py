"""What a transformation is: word swaps for searches, sampled noise at a severity from 1 to 5 for sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol, runtime_checkable

from attacks.search import Candidate, Citation
from attacks.words import Words

SEVERITIES = (1, 2, 3, 4, 5)
SHARES = {1: 0.05, 2: 0.10, 3: 0.20, 4: 0.35, 5: 0.50}
"""Share of the words that noise of each severity touches, at least one."""


@runtime_checkable
class Transformation(Protocol):
    """A named technique of change. ``languages`` is ``("*",)`` when it works on any script."""

    name: str
    level: str
    languages: tuple[str, ...]
    description: str
    citation: Citation

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
    description: str
    citation: Citation

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """Distinct replacements for one word; each technique says which."""
        raise NotImplementedError

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Swap a share of the words, chosen at random among those that have a swap."""
        words = Words(text)
        wanted = share_of(len(words), severity)
        order = list(range(len(words)))
        rng.shuffle(order)
        changes: dict[int, str] = {}
        for index in order:
            if len(changes) >= wanted:
                break
            options = self.swaps(words, index, rng)
            if options:
                changes[index] = rng.choice(options)
        if not changes:
            return None
        new = words.replace_many(changes, self.name)
        return Candidate(str(new), self.name, new, severity=severity)
