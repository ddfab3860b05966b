"""The base's failures put to the candidate, counted into the candidate's own run.

A fresh search against the candidate finds what is new; the texts that broke the base show what stayed. Neither alone says that a
change of prompt or model helped: a search may miss what another found, and texts made against the base are kind to everybody
else. An example holds in the candidate only if it survives both. The candidate therefore faces more texts than the base did:
what is called fixed is fixed, and a loss of a point or two may be owed to the additional texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from reports.run import Judged, Outcome, Run
from reports.run.replayed import BROKEN, ERROR, FLAKY, STATES, Replay, Replayed

HELD = ("failed", "exhausted", "untested", "undecided")
"""How a trial ends that the base's text may still break."""


@dataclass(frozen=True, slots=True)
class Facing:
    """What became of the base's failures. ``counts``: cases by state; ``missed``: broken by them only."""

    victim: str
    counts: Mapping[str, int]
    missed: int

    def sentence(self) -> str:
        """In a line."""
        told = ", ".join(f"{self.counts[state]} {state}" for state in STATES if self.counts[state]) or "no case"
        more = f"; {self.missed} of those still broken were missed by the candidate's own search" if self.missed else ""
        return f"the base's failures put to the candidate: {told}{more}"

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``comparison.json``."""
        return asdict(self)


def facing(candidate: Run, replay: Replay) -> tuple[Run, Facing]:
    """The candidate's run as it stands after the base's failures too, and what became of these.

    A case that got no answer, or another one when it was asked again, makes its trial one that could not be judged.
    """
    cases = {(one.case.example_id, one.case.recipe): one for one in replay.cases}
    outcomes, missed = [], 0
    for outcome in candidate.outcomes:
        case = cases.get((outcome.example_id, outcome.recipe))
        after = outcome if case is None else _after(outcome, case)
        missed += after is not outcome and after.status == "succeeded"
        outcomes.append(after)
    return replace(candidate, outcomes=tuple(outcomes)), Facing(replay.victim, replay.counts, missed)


def _after(outcome: Outcome, case: Replayed) -> Outcome:
    if outcome.status not in HELD:
        return outcome
    if case.state == BROKEN:
        text, answer = case.case.perturbed, Judged(case.answers[-1], score=1.0)
        return replace(outcome, status="succeeded", perturbed=text, edits=case.case.edits, best=answer, similarity=None)
    if case.state in (FLAKY, ERROR):
        said = case.error or f"its answers differ: {' / '.join(case.answers)}"
        return replace(outcome, status="error", error={"type": "ReplayError", "message": said})
    return outcome
