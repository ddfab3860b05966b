"""The noise of a victim whose answers vary: how often it flips, what the search found, what fresh answers confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.measures.intervals import CONFIDENCE, Proportion, mean, proportion
from reports.measures.metrics import by_example, was_found
from reports.run import Outcome, Run


@dataclass(frozen=True, slots=True)
class Noise:
    """What a run measured of its victim's noise.

    ``how``: ``declared``, ``alike``, ``varies``, or ``unknown`` where equal answers say little. ``flip_rate``: of clean texts
    asked twice. ``confirm``: most fresh answers that each success was asked for, 0 where successes were believed at once.
    ``found``: examples on which the search found a success; ``confirmed``: those on which fresh answers confirmed one, the only
    ones that any other number counts; ``undecided``: those of the others on which they left one open. ``breach``: mean breach
    probability of the confirmed texts, over trials; ``control``: how often their originals failed just so, None where none was
    asked.
    """

    how: str
    confirm: int
    flip_rate: Proportion
    found: int
    confirmed: int
    undecided: int
    breach: float | None
    control: float | None

    @property
    def curse(self) -> int:
        """Examples that a search alone would have called broken: the winner's curse, found minus confirmed."""
        return self.found - self.confirmed

    @property
    def varies(self) -> bool:
        """Whether successes were asked again."""
        return self.confirm > 0


def noise(run: Run, confidence: float = CONFIDENCE) -> Noise | None:
    """The noise of a run; None where it was not measured, as in runs of earlier versions."""
    repeats = run.manifest.repeats
    counts = [repeats.get(name) for name in ("flips", "texts", "confirm")]
    flips, texts, confirm = (count if isinstance(count, int) and count >= 0 else 0 for count in counts)
    if not repeats:
        return None
    groups = list(by_example(run.outcomes).values())
    broken = [any(o.status == "succeeded" for o in group) for group in groups]
    open_ = [not one and any(o.undecided for o in group) for one, group in zip(broken, groups, strict=True)]
    won = [o for o in run.outcomes if o.status == "succeeded" and o.fresh_asked]
    return Noise(
        how=str(repeats.get("how", "unknown")),
        confirm=confirm,
        flip_rate=proportion(min(flips, texts), texts, confidence),
        found=sum(any(map(was_found, group)) for group in groups),
        confirmed=sum(broken),
        undecided=sum(open_),
        breach=mean([o.fresh_reached / o.fresh_asked for o in won]),
        control=mean([o.control_reached / o.control_asked for o in won if o.control_asked]),
    )


def breach(outcome: Outcome, confidence: float = CONFIDENCE) -> Proportion | None:
    """How often the text of a success breaks its victim, from fresh answers alone; None where none was asked.

    Clopper-Pearson over all the answers that a confirmed text got. The answer by which the search found it is no part of it: that
    one was chosen for being a break.
    """
    if outcome.status != "succeeded" or not 0 < outcome.fresh_reached <= outcome.fresh_asked:
        return None
    return proportion(outcome.fresh_reached, outcome.fresh_asked, confidence)


def told(found: Noise) -> Sequence[str]:
    """The noise in sentences; one where the victim does not vary."""
    rate = found.flip_rate
    shown = f"{100 * rate.low:.1f}–{100 * rate.high:.1f} %"
    texts = f"noise floor: {rate.successes} of {rate.n} clean texts changed their answer when asked again ({shown})"
    if not found.varies:
        return (f"{texts}; successes were believed at once",)
    lines = [f"{texts}; each success was asked up to {found.confirm} times afresh, its original beside it"]
    counts = f"found broken by the search {found.found}, confirmed {found.confirmed}"
    if found.undecided:
        counts += f", left open {found.undecided}"
    if found.breach is not None:
        counts += f"; breach probability of the confirmed {100 * found.breach:.0f} % on average"
    if found.control is not None:
        counts += f", of their originals {100 * found.control:.0f} %"
    return (*lines, counts)


def record(found: Noise | None) -> dict[str, Any] | None:
    """As ``summary.json`` holds it."""
    from dataclasses import asdict

    return None if found is None else {**asdict(found), "found_minus_confirmed": found.curse}
