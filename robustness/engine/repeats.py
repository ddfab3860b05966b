"""Does the victim give the same answer when asked again? Measured before a run starts; decides how successes are confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from attacks.search import Answer, Input, Unusable
from robustness.engine.failures import Failure
from robustness.errors import VictimError
from robustness.planning.self_checks import CODES, Flag

if TYPE_CHECKING:
    from robustness.engine.backends import VictimBackend

SAMPLE = 20
SAMPLE_DECLARED = 8


@dataclass(frozen=True, slots=True)
class Repeats:
    """The same clean texts asked three times: together in one batch, then twice one by one.

    ``flips``: texts whose label changed between the two single asks. ``moved``: texts with any answer that differs by more than
    rounding. ``misplaced``: texts that get one label by themselves, twice, and another in a batch. ``exact``: all answers equal
    to the last bit. ``declared``: the victim states that it always gives the same answer; ``labels``: it gives labels only.
    """

    texts: int
    flips: int = 0
    moved: int = 0
    misplaced: int = 0
    exact: bool = True
    declared: bool = False
    labels: bool = False

    @property
    def how(self) -> str:
        """``declared``, ``alike``, ``varies`` or, where equal labels say little, ``unknown``."""
        if self.flips or self.moved or not self.exact:
            return "varies"
        if self.declared:
            return "declared"
        return "unknown" if self.labels else "alike"

    def confirm(self, times: int) -> int:
        """Fresh answers to ask for each success.

        Twenty equal labels cannot rule out that one answer in fifty is another, twenty rows of equal scores nearly can: so a
        victim of labels only is asked again unless it declares that it never varies.
        """
        return 0 if self.how in ("declared", "alike") else times

    def record(self, times: int) -> dict[str, Any]:
        """As it stands in ``run.json``."""
        counted = {"texts": self.texts, "flips": self.flips, "moved": self.moved, "misplaced": self.misplaced}
        return {**counted, "how": self.how, "confirm": self.confirm(times)}

    def flags(self) -> list[Flag]:
        """What a reader must know of this."""
        found = []
        if self.misplaced and not self.flips:
            said = f"{CODES['batch-order']}: {self.misplaced} of {self.texts} texts got a different label in a batch than alone"
            found.append(Flag("batch-order", "warning", said, self.misplaced / self.texts))
        elif self.moved:
            said = f"{CODES['nondeterministic']}: {self.moved} of {self.texts} answers differed, {self.flips} changed label"
            found.append(Flag("nondeterministic", "warning", said, self.moved / self.texts))
        return found


def measure_repeats(backend: VictimBackend, inputs: Sequence[Input]) -> Repeats:
    """Ask the same inputs in one batch and twice one by one, in reverse order, bypassing every cache.

    Raises:
        RobustnessError: the victim answers them one by one, but not together.
    """
    info, same, gist = backend.victim.info, backend.task.same, backend.task.gist
    inputs = inputs[:SAMPLE_DECLARED] if info.deterministic else inputs
    once = _apart(backend, inputs[::-1], "again#1")[::-1]
    again = once if info.deterministic else _apart(backend, inputs, "again#2")
    together = _usable(backend.compute(_padded(backend, inputs)))[: len(inputs)]
    rows = list(zip(together, once, again, strict=True))
    return Repeats(
        texts=len(inputs),
        flips=sum(gist(a) != gist(b) for _, a, b in rows),
        moved=sum(not (same(a, b) and same(t, a)) for t, a, b in rows),
        misplaced=sum(gist(a) == gist(b) != gist(t) for t, a, b in rows),
        exact=all(_bare(t) == _bare(a) == _bare(b) for t, a, b in rows),
        declared=info.deterministic,
        labels=info.access == "labels",
    )


def _apart(backend: VictimBackend, inputs: Sequence[Input], ask: str) -> list[Answer]:
    if backend.streaming:  # each is asked by itself anyway, and one after the other would only take longer
        return _usable(backend.compute_fresh([(one, ask) for one in inputs]))
    return [_usable(backend.compute(_padded(backend, [one])))[0] for one in inputs]


def _usable(answers: Sequence[Answer | Failure]) -> list[Answer]:
    """The answers; raises ``VictimError`` where one is not an answer, though the same text had an answer before."""
    for one in answers:
        if isinstance(one, (Failure, Unusable)):
            raise VictimError(f"the victim gave no answer to a text that it answered before: {one.message}")
    return [one for one in answers if not isinstance(one, (Failure, Unusable))]


def _bare(answer: Any) -> Any:
    return replace(answer, reading=None)


def _padded(backend: VictimBackend, inputs: Sequence[Input]) -> list[Input]:
    quantum = max(1, backend.row_quantum)
    return [*inputs, *[inputs[0]] * (-len(inputs) % quantum)]
