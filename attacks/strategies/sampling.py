"""Noise without search: one sampled text per severity, asked once, whatever the victim answers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from attacks.search import Search, Trial
from attacks.transformations.base import SEVERITIES, Transformation


@dataclass(frozen=True, slots=True)
class Ladder:
    """One text per severity, all asked in one request; every rung is kept for the severity curve.

    Each severity has a random stream of its own, so that leaving one out changes no other. A severity at which the
    transformation finds nothing to change has no rung.
    """

    transformation: Transformation
    severities: tuple[int, ...] = SEVERITIES

    def __post_init__(self) -> None:
        if not self.severities or set(self.severities) - set(SEVERITIES):
            raise ValueError(f"severities must be some of {SEVERITIES}, got {self.severities!r}")

    def search(self, trial: Trial) -> Search[None]:
        """Sample every rung, then ask about them together."""
        seed = trial.rng.getrandbits(64)
        sampled = ((s, self.transformation.sample(trial.text, s, Random(seed + s))) for s in self.severities)
        rungs = {severity: candidate for severity, candidate in sampled if candidate is not None}
        trial.tally.proposed += len(rungs)
        yield from trial.climb(rungs)
