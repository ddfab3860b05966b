"""Words removed while the victim's answer stays (Feng et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from attacks.constraints.base import Constraint, admissible
from attacks.search import Candidate, Search, Trial
from attacks.strategies.ranking import chunk_for
from attacks.words import Words

TECHNIQUE = "input-reduction"


Gone = tuple[int, ...]
"""Indexes of the words that were removed, rising."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """Remove the least important word again and again, as long as the answer stays; succeeds with ``least`` words left.

    Importance is measured by leaving each word out, which needs no gradient. A beam of each of ``widths`` is tried in turn:
    a wider one costs more and is spared where a narrower one succeeds. Made for the goal ``keep-answer``.
    """

    constraints: tuple[Constraint, ...] = ()
    widths: tuple[int, ...] = (1, 5)
    least: int = 1

    def __post_init__(self) -> None:
        if not self.widths or min(self.widths) < 1 or self.least < 1:
            raise ValueError(f"widths and least must be 1 or more, got {self.widths!r} and {self.least!r}")

    def search(self, trial: Trial) -> Search[None]:
        """Reduce, and put the one that is short enough to the test."""
        origin = Words(trial.text)
        for width in self.widths:
            gone = yield from self._reduce(trial, origin, width)
            if gone and len(origin) - len(gone) <= self.least:
                view = _without(origin, gone)
                kept = yield from admissible(self.constraints, trial, origin, [Candidate(str(view), TECHNIQUE, view)])
                yield from trial.attempt(kept)
                return

    def _reduce(self, trial: Trial, origin: Words, width: int) -> Search[Gone]:
        beam: list[Gone] = [()]
        while len(origin) - len(beam[0]) > self.least:
            grown: dict[Gone, float] = {}
            for gone in beam:
                yield from _shorter(trial, origin, gone, grown)
            if not grown:
                break
            beam = sorted(grown, key=lambda gone: -grown[gone])[:width]
        return beam[0]


def _without(origin: Words, gone: Gone) -> Words:
    return origin.delete_many(reversed(gone), TECHNIQUE)  # from the end, so that no space is left behind


def _shorter(trial: Trial, origin: Words, gone: Gone, grown: dict[Gone, float]) -> Search[None]:
    """Ask about one word less, each in its turn; ``grown`` learns what keeps the answer, and the belief in it."""
    more = (tuple(sorted((*gone, i))) for i in range(len(origin)) if i not in gone)
    size = chunk_for(trial.text)
    while part := list(islice(more, size)):
        trial.tally.proposed += len(part)
        verdicts = yield from trial.probe(str(_without(origin, one)) for one in part)
        grown.update((one, v.score) for one, v in zip(part, verdicts, strict=True) if v.reached)
