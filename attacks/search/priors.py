"""What a run has learned about its victim: how far changes of a kind move it, pooled over the trials that have ended.

A trial writes down what each of its changes brought (``Evidence``); ``Priors.of`` pools that into normal means by technique, by
word, by kind of word and by place. Each mean is shrunk towards the one above it: a word's towards its kind's, a kind's towards
the stated prior. Searches draw from them (Thompson sampling; Russo et al. 2018, A Tutorial on Thompson Sampling, section 4).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

Sums: TypeAlias = dict[str, tuple[int, float]]
"""By name: how many changes, and the sum of their gains."""

MOST_WORDS = 20_000
"""Words remembered; later new ones count for their kind alone, so that a run over millions of examples stays small."""
SPREAD = 0.25
"""Standard deviation of one change's gain around its mean; stated, because a few early trials would measure it as zero."""
WORTH_OF_WORD, WORTH_OF_KIND, WORTH_OF_TECHNIQUE = 2.0, 10.0, 10.0
"""How many changes the mean above counts as, when a word's, a kind's or a technique's own is shrunk towards it."""
LEAST = 0.01
"""The least that a technique's mean is taken for, as a share of all techniques' mean: nothing is given up for good."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One change that a trial tried: the word with the right class, its kind, its place in the text, the technique, the gain.

    ``gain``: the share of the way from the clean answer to the goal that the change brought; 1 for one that reached it.
    """

    word: str
    kind: str
    place: str
    technique: str
    gain: float

    def record(self) -> list[Any]:
        """As an outcome's details hold it."""
        return [self.word, self.kind, self.place, self.technique, round(self.gain, 3)]

    @classmethod
    def read(cls, record: Sequence[Any]) -> Evidence:
        """A record read back; raises ``ValueError`` where it is none."""
        if len(record) != 5 or not all(isinstance(one, str) for one in record[:4]) or not isinstance(record[4], int | float):
            raise ValueError(f"expected [word, kind, place, technique, gain], got {record!r}")
        return cls(record[0], record[1], record[2], record[3], float(record[4]))


@dataclass(frozen=True, slots=True)
class Priors:
    """Sums of gains by technique, word, kind and place. ``start``: the stated prior, means by ``kinds`` and ``techniques``."""

    start: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    techniques: Sums = field(default_factory=dict)
    words: Sums = field(default_factory=dict)
    kinds: Sums = field(default_factory=dict)
    places: Sums = field(default_factory=dict)
    trials: int = 0

    @classmethod
    def of(cls, trials: Iterable[Sequence[Sequence[Any]]], start: Mapping[str, Mapping[str, float]] | None = None) -> Priors:
        """Pool what trials wrote down, in this order; a trial that wrote nothing down counts for nothing."""
        return cls(start or {}).and_of(trials)

    def and_of(self, trials: Iterable[Sequence[Sequence[Any]]]) -> Priors:
        """These and further trials."""
        techniques, words, kinds, places = dict(self.techniques), dict(self.words), dict(self.kinds), dict(self.places)
        count = self.trials
        for trial in trials:
            count += bool(trial)
            for record in trial:
                seen = Evidence.read(record)
                _add(techniques, seen.technique, seen.gain)
                _add(kinds, seen.kind, seen.gain)
                _add(places, seen.place, seen.gain)
                if seen.word in words or len(words) < MOST_WORDS:
                    _add(words, seen.word, seen.gain)
        return Priors(self.start, techniques, words, kinds, places, count)

    def snapshot(self) -> dict[str, Any]:
        """Everything as JSON holds it; ``Priors.restored`` reads it back to the same."""
        sums = {name: {key: list(pair) for key, pair in getattr(self, name).items()} for name in _SUMS}
        return {"start": {name: dict(means) for name, means in self.start.items()}, "trials": self.trials, **sums}

    @classmethod
    def restored(cls, snapshot: Mapping[str, Any]) -> Priors:
        """The priors that a snapshot holds."""
        sums = {name: {key: (int(n), float(total)) for key, (n, total) in snapshot[name].items()} for name in _SUMS}
        return cls(snapshot["start"], **sums, trials=int(snapshot["trials"]))

    def word(self, word: str, kind: str, place: str) -> tuple[float, float]:
        """Mean and standard deviation of what changing a word is believed to gain, whatever the technique."""
        above = self._kind(kind) * self._place(place)
        count, total = self.words.get(word, (0, 0.0))
        worth = WORTH_OF_WORD + count
        return (WORTH_OF_WORD * above + total) / worth, SPREAD / math.sqrt(worth + self._known(kind))

    def technique(self, name: str) -> tuple[float, float]:
        """Mean and standard deviation of a technique's gain as a multiple of the mean over all of them."""
        count, total = self.techniques.get(name, (0, 0.0))
        every = self.mean()
        stated = self.start.get("techniques", {}).get(name, 1.0)
        worth = WORTH_OF_TECHNIQUE + count
        return max(LEAST, (WORTH_OF_TECHNIQUE * stated + total / every) / worth), SPREAD / math.sqrt(worth) / max(every, SPREAD)

    def mean(self) -> float:
        """The mean gain of all changes seen, shrunk towards the stated one."""
        stated = self.start.get("kinds", {}).get("", 0.1)
        count, total = (sum(part) for part in zip(*self.techniques.values(), strict=True)) if self.techniques else (0, 0.0)
        return max(LEAST, (WORTH_OF_KIND * stated + total) / (WORTH_OF_KIND + count))

    def _kind(self, kind: str) -> float:
        stated = self.start.get("kinds", {}).get(kind, self.start.get("kinds", {}).get("", 0.1))
        count, total = self.kinds.get(kind, (0, 0.0))
        return (WORTH_OF_KIND * stated + total) / (WORTH_OF_KIND + count)

    def _place(self, place: str) -> float:
        """How much more than elsewhere a place gains."""
        count, total = self.places.get(place, (0, 0.0))
        every = self.mean()
        return max(0.5, min(2.0, (WORTH_OF_KIND * every + total) / (WORTH_OF_KIND + count) / every))

    def _known(self, kind: str) -> float:
        return math.sqrt(self.kinds.get(kind, (0, 0.0))[0])


_SUMS = ("techniques", "words", "kinds", "places")


def drawn(mean: float, deviation: float, rng: Random) -> float:
    """One draw from a normal belief."""
    return rng.gauss(mean, deviation)


def _add(sums: Sums, key: str, gain: float) -> None:
    count, total = sums.get(key, (0, 0.0))
    sums[key] = (count + 1, total + max(0.0, gain))  # a change that does harm is not kept: it costs no more than one without use
