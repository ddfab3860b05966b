"""Word order for greedy searches: which word to change first.

A ranking probes the victim with damaged texts (words deleted or masked). Probes are paid for and can never win.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from attacks.search import Search, Trial, gradients
from attacks.strategies.offers import Offers
from attacks.words import Words

MASK = "[UNK]"
"""The unknown token of BERT-like victims; to others it is an odd word, which hides the masked one as well."""
CHUNK, CHUNK_CHARACTERS = 256, 8_000_000
"""Probes built at once, and their characters: the n texts of an n-word text are n² characters; a budget may end long before."""


class Ranking(Protocol):
    """Puts the indexes of editable words into the order of attack."""

    def order(self, trial: Trial, offers: Offers, indexes: Sequence[int]) -> Search[list[int]]:
        """The indexes worth trying, most promising first; may ask the victim, may even win the trial on the way."""

    def describe(self) -> str:
        """The order in plain words, parameters included."""


@dataclass(frozen=True, slots=True)
class InOrder:
    """The words as they stand in the text; costs nothing."""

    def order(self, trial: Trial, offers: Offers, indexes: Sequence[int]) -> Search[list[int]]:
        """The indexes as given."""
        yield from ()
        return list(indexes)

    def describe(self) -> str:
        """The order in plain words."""
        return "words in text order"


@dataclass(frozen=True, slots=True)
class Shuffled:
    """The words in random order; costs nothing."""

    def order(self, trial: Trial, offers: Offers, indexes: Sequence[int]) -> Search[list[int]]:
        """The indexes shuffled by the trial's own random stream."""
        yield from ()
        order = list(indexes)
        trial.rng.shuffle(order)
        return order

    def describe(self) -> str:
        """The order in plain words."""
        return "words in random order"


@dataclass(frozen=True, slots=True)
class ByDeletion:
    """First the word without which the victim comes closest to the goal (Jin et al. 2020, section 3.1)."""

    def order(self, trial: Trial, offers: Offers, indexes: Sequence[int]) -> Search[list[int]]:
        """Ask about the text without each word that has replacements."""
        worth = offers.worth(indexes)
        scores = yield from probe(trial, (str(offers.origin.delete(i)) for i in worth))
        return _descending(worth, scores)

    def describe(self) -> str:
        """The order in plain words."""
        return "words by importance, measured by deleting each"


@dataclass(frozen=True, slots=True)
class ByMask:
    """First the word whose replacement by an unknown token brings the victim closest to the goal (Gao et al. 2018, replace-1)."""

    mask: str = MASK

    def order(self, trial: Trial, offers: Offers, indexes: Sequence[int]) -> Search[list[int]]:
        """Ask about the text with each word masked that has replacements."""
        worth = offers.worth(indexes)
        scores = yield from probe(trial, _masked(offers.origin, worth, self.mask))
        return _descending(worth, scores)

    def describe(self) -> str:
        """The order in plain words."""
        return f"words by importance, measured by replacing each with {self.mask}"


@dataclass(frozen=True, slots=True)
class BySaliency:
    """Softmax of the masked word's saliency times the best change in score that any of its replacements brings.

    Ren et al. 2019, section 3.2. Saliency and change are both differences from the clean score: what counts is the change in
    probability, not the probability itself. Replacements are real candidates: one that reaches the goal alone
    ends the search there, with a single word changed.
    """

    mask: str = MASK
    prefer: str = "score"

    def order(self, trial: Trial, offers: Offers, indexes: Sequence[int]) -> Search[list[int]]:
        """Ask about each masked word, then about the replacements of each, most salient word first."""
        worth = offers.worth(indexes)
        scores = yield from probe(trial, _masked(offers.origin, worth, self.mask))
        weights = dict(zip(worth, softmax(scores), strict=True))  # of differences from one clean score it would be the same
        merit: dict[int, float] = {}
        for index in _descending(worth, scores):
            candidates = yield from offers.candidates(offers.origin, index)
            verdicts = yield from trial.attempt(candidates, prefer=self.prefer)
            if trial.won:
                return [index]
            if verdicts:
                merit[index] = weights[index] * (max(v.score for v in verdicts) - trial.clean.score)
        return sorted(merit, key=lambda i: (-merit[i], i))

    def describe(self) -> str:
        """The order in plain words."""
        return f"words by softmax of saliency ({self.mask}) times best change in score"


@dataclass(frozen=True, slots=True)
class ByGradient:
    """First the word with the largest loss gradient (Yoo and Qi 2021, section 3.1); costs one gradient and no query."""

    def order(self, trial: Trial, offers: Offers, indexes: Sequence[int]) -> Search[list[int]]:
        """Ask for the gradient over each word of the original that has replacements."""
        worth = offers.worth(indexes)
        norms = (yield from gradients(trial)) if worth else []
        return _descending(worth, [norms[i] for i in worth])

    def describe(self) -> str:
        """The order in plain words."""
        return "words by importance, measured by the norm of the loss gradient"


@dataclass(frozen=True, slots=True)
class Thrifty:
    """Another ranking where the budget repays its cost, random order where it does not.

    Ranking n words costs n queries before the first candidate is tried, and by saliency n times as many as a word has
    replacements. The rule: with a budget below ``max(least, per_word * n)`` queries the order is random. Without a budget the
    ranking always applies. Where the limit lies depends on the recipe, and is measured (docs/strength.md, "Ranked or at random").
    """

    ranking: Ranking
    least: int = 100
    per_word: int = 5

    def order(self, trial: Trial, offers: Offers, indexes: Sequence[int]) -> Search[list[int]]:
        """Defer to the ranking, or shuffle."""
        small = trial.budget is not None and trial.budget < max(self.least, self.per_word * len(indexes))
        ranking: Ranking = Shuffled() if small else self.ranking
        return (yield from ranking.order(trial, offers, indexes))

    def describe(self) -> str:
        """The order in plain words."""
        return f"{self.ranking.describe()}; at random with a budget below {self.least} or {self.per_word} queries a word"


def softmax(values: Sequence[float]) -> list[float]:
    """Exponentials that sum to one; empty for no values."""
    top = max(values, default=0.0)
    powers = [math.exp(v - top) for v in values]
    total = sum(powers)
    return [p / total for p in powers]


def _masked(words: Words, indexes: Sequence[int], mask: str) -> Iterable[str]:
    return (str(words.replace(i, mask)) for i in indexes)


def probe(trial: Trial, texts: Iterable[str]) -> Search[list[float]]:
    """The goal's score of each text, asked in chunks so that a spent budget spares the building of the rest."""
    texts, scores, size = iter(texts), [], chunk_for(trial.text)
    while chunk := list(islice(texts, size)):
        verdicts = yield from trial.probe(chunk)
        scores += [v.score for v in verdicts]
    return scores


def chunk_for(text: str) -> int:
    """How many changed forms of a text are built at once."""
    return max(1, min(CHUNK, CHUNK_CHARACTERS // max(1, len(text))))


def _descending(indexes: Sequence[int], scores: Sequence[float]) -> list[int]:
    ranked = sorted(zip(indexes, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return [i for i, _ in ranked]
