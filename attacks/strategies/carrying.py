"""Noise of a real channel: what comes out of a scan, or of speech, at rising severity; nothing is learned from the victim."""

from __future__ import annotations

from dataclasses import dataclass

from attacks.search import Candidate, Scan, Search, Speak, Trial
from attacks.transformations.base import SEVERITIES


@dataclass(frozen=True, slots=True)
class Carrying:
    """One text per severity, as it came out of the channel; every rung is kept for the severity curve.

    A rung that came out as it went in is kept too: the channel did no harm there. One of which nothing came out does not count:
    no victim could be asked about it. ``technique`` names the edits.
    """

    channel: type[Scan | Speak]
    technique: str
    severities: tuple[int, ...] = SEVERITIES

    def __post_init__(self) -> None:
        if not self.severities or set(self.severities) - set(SEVERITIES):
            raise ValueError(f"severities must be some of {SEVERITIES}, got {self.severities!r}")

    def search(self, trial: Trial) -> Search[None]:
        """Let the text through at each severity, then ask about all that came out together."""
        rungs: dict[int, Candidate] = {}
        for severity in self.severities:
            (text,) = yield self.channel((trial.text,), severity)
            if text:
                rungs[severity] = Candidate(text, self.technique, severity=severity)
        trial.tally.proposed += len(self.severities)
        trial.tally.rejected += len(self.severities) - len(rungs)
        unchanged = sum(rung.text == trial.text for rung in rungs.values())
        try:
            yield from trial.climb(rungs)
        finally:
            trial.tally.no_ops -= unchanged  # what a channel leaves as it was is a finding, no fault of an attack
