"""Words removed while the victim's answer stays (Feng et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

from attacks.constraints.base import Constraint, admissible
from attacks.search import Candidate, Prediction, Search, Trial, Verdict
from attacks.strategies.ranking import CHUNK
from attacks.words import Words

TECHNIQUE = "input-reduction"


@dataclass(frozen=True, slots=True)
class KeepAnswer:
    """The victim should stay with the gold label; score: its belief in it."""

    def score(self, prediction: Prediction, gold: int) -> float:
        """The belief in the gold label; 0 or 1 for label-only victims."""
        return float(prediction.label == gold) if prediction.scores is None else prediction.scores[gold]

    def reached(self, prediction: Prediction, gold: int) -> bool:
        """Whether the answer is still the gold label."""
        return prediction.label == gold


@dataclass(frozen=True, slots=True)
class Reduction:
    """Remove the least important word again and again, as long as the answer stays; succeeds with ``least`` words left.

    Importance is measured by leaving each word out, which needs no gradient. A beam of each of ``widths`` is tried in turn:
    a wider one costs more and is spared where a narrower one succeeds. Made for the goal ``KeepAnswer``.
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
            shortest = yield from self._reduce(trial, origin, width)
            if shortest is origin:
                return
            if len(_left(shortest)) <= self.least:
                found = Candidate(str(shortest), TECHNIQUE, shortest)
                kept = yield from admissible(self.constraints, trial, origin, [found])
                yield from trial.attempt(kept)
                return

    def _reduce(self, trial: Trial, origin: Words, width: int) -> Search[Words]:
        beam = [origin]
        while len(_left(beam[0])) > self.least:
            grown: dict[str, tuple[float, Words, int]] = {}
            for view in beam:
                for verdict, index in (yield from _shorter(trial, view)):
                    if verdict.reached and verdict.text not in grown:
                        grown[verdict.text] = (verdict.score, view, index)
            if not grown:
                break
            best = sorted(grown.values(), key=lambda found: -found[0])[:width]
            beam = [view.delete(index, TECHNIQUE) for _, view, index in best]
        return beam[0]


def _left(view: Words) -> list[int]:
    return [i for i in range(len(view)) if view[i]]


def _shorter(trial: Trial, view: Words) -> Search[list[tuple[Verdict, int]]]:
    """The verdict on the text without each word that is left, with the word's index."""
    left, found = _left(view), []
    for at in range(0, len(left), CHUNK):
        part = left[at : at + CHUNK]
        trial.tally.proposed += len(part)
        verdicts = yield from trial.probe(str(view.delete(i)) for i in part)
        found += list(zip(verdicts, part, strict=True))
    return found
