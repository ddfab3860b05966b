"""Does the victim give the same answer when asked again? Measured before a run starts; decides how successes are confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from attacks.search import Answer, Input, Unusable
from attacks.search.confirming import ERROR
from reports.measures.intervals import exact
from robustness.engine.failures import Failure
from robustness.errors import VictimError
from robustness.planning.self_checks import CODES, Flag

if TYPE_CHECKING:
    from robustness.engine.backends import VictimBackend

SAMPLE = 20
SAMPLE_DECLARED = 8
RULE = "majority-and-fisher"
"""Names how a success is confirmed: ``attacks.search.confirming.confirmation``."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """The noise floor: the same clean texts asked three times, together in one batch, then twice one by one.

    ``flips``: texts whose label changed between the two single asks, or that got no answer that counts in one of them. ``moved``:
    texts with any answer that differs by more than rounding. ``misplaced``: texts that get one label by themselves, twice, and
    another in a batch. ``exact``: all answers equal to the last bit. ``declared``: the victim states that it always gives the
    same answer, and was asked as one that does; ``labels``: it gives labels only; ``remote``: it is asked over a network.
    """

    texts: int
    flips: int = 0
    moved: int = 0
    misplaced: int = 0
    exact: bool = True
    declared: bool = False
    labels: bool = False
    remote: bool = False

    @property
    def how(self) -> str:
        """``declared``, ``alike``, ``varies`` or, where equal answers say little, ``unknown``."""
        if self.flips or self.moved or not self.exact:
            return "varies"
        if self.declared:
            return "declared"
        return "unknown" if self.labels or self.remote else "alike"

    def confirm(self, times: int) -> int:
        """Most fresh answers to ask for each success.

        Twenty equal labels cannot rule out that one answer in fifty is another, twenty rows of equal scores nearly can: so a
        victim of labels only is asked again unless it declares that it never varies. So is one behind a network, whose answers
        depend on what else its server computes at the time.
        """
        return 0 if self.how in ("declared", "alike") else times

    def record(self, times: int) -> dict[str, Any]:
        """As it stands in ``run.json``; ``flip_interval``: Clopper-Pearson, at 95 %."""
        counted = {"texts": self.texts, "flips": self.flips, "moved": self.moved, "misplaced": self.misplaced}
        ends = [round(end, 6) for end in exact(self.flips, self.texts)]
        return {**counted, "flip_interval": ends, "how": self.how, "confirm": self.confirm(times)}

    def comparable(self, times: int) -> dict[str, Any]:
        """What two runs must share to be compared: by which rule a success became a break; nothing where none was needed.

        The measured rate is no part of it: twenty texts measure it so roughly that two runs of one victim would rarely share it.
        ``reports.compare.comparable`` asks whether two measured rates can be one.
        """
        confirm = self.confirm(times)
        return {"noise": {"confirm": confirm, "rule": RULE, "error": ERROR}} if confirm else {}

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


def measure_repeats(backend: VictimBackend, inputs: Sequence[Input], *, declared: bool | None = None) -> Repeats:
    """Ask the same inputs in one batch and twice one by one, in reverse order, bypassing every cache.

    ``declared``: whether the victim states that it never varies; None for what it says. One that does is asked fewer texts once
    less.

    Raises:
        RobustnessError: the victim answers them one by one, but not together.
    """
    info, same, gist = backend.victim.info, backend.task.same, backend.task.gist
    declared = info.deterministic if declared is None else declared
    inputs = inputs[:SAMPLE_DECLARED] if declared else inputs
    once = _apart(backend, inputs[::-1], "again#1")[::-1]
    again = once if declared else _apart(backend, inputs, "again#2")
    together = backend.compute(_padded(backend, inputs))[: len(inputs)]
    rows = [row for row in zip(together, once, again, strict=True) if not any(isinstance(one, Failure) for one in row)]
    if inputs and not rows:
        raise VictimError("the victim gave no answer to texts that it answered before")

    def differ(one: Any, other: Any) -> bool:
        if isinstance(one, Unusable) or isinstance(other, Unusable):
            return _kind(one) != _kind(other)
        return not same(one, other)

    def flipped(one: Any, other: Any) -> bool:
        unusable = isinstance(one, Unusable) or isinstance(other, Unusable)
        return _kind(one) != _kind(other) if unusable else gist(one) != gist(other)

    return Repeats(
        texts=len(rows),
        flips=sum(flipped(a, b) for _, a, b in rows),
        moved=sum(differ(a, b) or differ(t, a) for t, a, b in rows),
        misplaced=sum(not flipped(a, b) and flipped(a, t) for t, a, b in rows),
        exact=all(_bare(t) == _bare(a) == _bare(b) for t, a, b in rows),
        declared=declared,
        labels=info.access == "labels",
        remote=backend.streaming,
    )


def _apart(backend: VictimBackend, inputs: Sequence[Input], ask: str) -> list[Answer | Failure]:
    if backend.streaming:  # each is asked by itself anyway, and one after the other would only take longer
        return list(backend.compute_fresh([(one, ask) for one in inputs]))
    return [backend.compute(_padded(backend, [one]))[0] for one in inputs]


def _kind(answer: Any) -> str:
    return answer.kind if isinstance(answer, Unusable) else ""


def _bare(answer: Any) -> Any:
    return _kind(answer) if isinstance(answer, Unusable) else replace(answer, reading=None)


def _padded(backend: VictimBackend, inputs: Sequence[Input]) -> list[Input]:
    quantum = max(1, backend.row_quantum)
    return [*inputs, *[inputs[0]] * (-len(inputs) % quantum)]
