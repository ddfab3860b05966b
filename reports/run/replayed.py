"""What became of saved failures under another victim, and the verdict on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.run import Outcome
from reports.run.cases import plain

FIXED, BROKEN, NOT_APPLICABLE, FLAKY, ERROR = "fixed", "still broken", "not applicable", "flaky", "error"
STATES = (FIXED, BROKEN, NOT_APPLICABLE, FLAKY, ERROR)
MAX_NOT_APPLICABLE = 0.2
"""More cases than this share that do not apply make a pass inconclusive: too little was put to the test."""
EXIT_CODES = {"passed": 0, "failed": 1, "inconclusive": 3}


@dataclass(frozen=True, slots=True)
class Replayed:
    """One case run against a victim. ``clean``, ``answers``: its answers to the two texts, one for each repetition."""

    case: Outcome
    state: str
    clean: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """All cases of a replay.

    ``max_broken``: how many may be broken; ``max_not_applicable``: the share that need not apply. ``doubt``: why answers that
    look fixed prove nothing; empty where nothing speaks against them.
    """

    victim: str
    cases: tuple[Replayed, ...]
    max_broken: int = 0
    repeat: int = 1
    max_not_applicable: float = MAX_NOT_APPLICABLE
    doubt: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many cases are in each state."""
        found = Counter(case.state for case in self.cases)
        return {state: found[state] for state in STATES}

    @property
    def verdict(self) -> str:
        """``failed`` with too many broken cases; ``inconclusive`` with errors, flaky answers, a doubt or too few that apply."""
        counts = self.counts
        if counts[BROKEN] > self.max_broken:
            return "failed"
        if counts[ERROR] or counts[FLAKY] or not counts[FIXED] + counts[BROKEN] or self._too_few_apply or self.doubt:
            return "inconclusive"
        return "passed"

    @property
    def _too_few_apply(self) -> bool:
        return self.counts[NOT_APPLICABLE] > self.max_not_applicable * len(self.cases)

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 3 inconclusive."""
        return EXIT_CODES[self.verdict]

    def headline(self) -> str:
        """The verdict and its reason in one line."""
        counts = self.counts
        said = ", ".join(f"{n} {state}" for state, n in counts.items() if n) or "no case"
        most = f", and at most {self.max_not_applicable:.1%} not applicable" if self._too_few_apply else ""
        doubt = f"; {self.doubt}" if self.doubt else ""
        return f"{self.verdict.upper()}: {said}; at most {self.max_broken} may be broken{most}{doubt}"

    def to_dict(self) -> dict[str, Any]:
        """As ``robustness replay --json`` prints it."""
        cases = [
            {**plain(r.case), "state": r.state, "clean": list(r.clean), "answers": list(r.answers), "error": r.error}
            for r in self.cases
        ]
        head = {"verdict": self.verdict, "exit_code": self.exit_code, "victim": self.victim, "repeat": self.repeat}
        limits = {"max_broken": self.max_broken, "max_not_applicable": self.max_not_applicable}
        return {**head, **limits, "doubt": self.doubt, "counts": self.counts, "cases": cases}


def replayed(case: Outcome, clean: Sequence[tuple[str, bool]], answers: Sequence[tuple[str, bool]]) -> Replayed:
    """The state of a case from what a victim said, one pair for each repetition.

    ``clean``: the answers to the clean text and whether they are right, empty for a text that was collected without its
    original: it applies to every victim. ``answers``: those to the perturbed text and whether they reach the case's goal. A case
    whose clean text the victim gets wrong proves nothing either way. One that turns between repetitions, its clean text right or
    wrong or its goal reached or not, is flaky, and never counts as fixed.
    """
    right_before = {right for _, right in clean}
    broken = {reached for _, reached in answers}
    if len(right_before) > 1 or len(broken) != 1:
        state = FLAKY
    elif right_before == {False}:
        state = NOT_APPLICABLE
    else:
        state = BROKEN if broken == {True} else FIXED
    return Replayed(case, state, tuple(shown for shown, _ in clean), tuple(shown for shown, _ in answers))
