"""How a certificate is told and drawn: ``[certified ≤ truth ≤ attacked]``, in words and as a bar, for every report."""

from __future__ import annotations

from collections.abc import Iterator

from reports.measures.chance.statement import AS_IT_IS, Statement, percent
from reports.run.certificates import ERASED, EXHAUSTIVE, REWRITES, SMOOTHED

WIDTH = 40
HELD, OPEN, LOST = "█", "░", "·"
OF = {
    EXHAUSTIVE: "on every text of the space",
    REWRITES: "on nearly all rewrites of the distribution",
    SMOOTHED: "of the smoothed victim, which is not the victim itself",
    ERASED: "of the guard behind erase-and-check, which is not the guard itself",
}
"""What the share of examples is about."""


def bracket(said: Statement) -> str:
    """The bracket of one certificate in a line; an end that nothing bounds is left out."""
    floor = percent(said.floor)
    if said.ceiling is None:
        return f"[{floor} ≤ truth], at {percent(said.confidence, 0)}"
    attacked = "" if said.attacks is None else f" ≤ {percent(said.attacks)} after the run's attacks inside the space"
    return f"[{floor} ≤ truth ≤ {percent(said.ceiling)}{attacked}]"


def ends(said: Statement) -> tuple[float, float]:
    """Shares of the bar: what is certified, and up to where the truth may reach."""
    floor = said.floor or 0.0
    ceiling = 1.0 if said.ceiling is None else said.ceiling
    return floor, min([ceiling, *([] if said.attacks is None else [said.attacks])])


def bar(said: Statement) -> str:
    """The same as a bar of characters: held, open, lost."""
    floor, ceiling = ends(said)
    held = int(floor * WIDTH)
    reach = max(held, round(ceiling * WIDTH))
    return HELD * held + OPEN * (reach - held) + LOST * (WIDTH - reach)


def facts(said: Statement) -> Iterator[tuple[str, str]]:
    """The figures under a bracket: what, and its value."""
    yield f"examples that hold {OF[said.kind]}, of {said.n:,}", f"{said.certified:,}{_one_by_one(said)}"
    what = "of all examples like these, between" if said.high < 1 else "of all examples like these, at least"
    yield (
        f"{what} (at {percent(said.confidence, 0)})",
        percent(said.low) + (f" and {percent(said.high)}" if said.high < 1 else ""),
    )
    rest = {
        ("with a counterexample" if said.exact else "shown to exceed the tolerated rate"): said.broken,
        "not certified": said.uncertified - said.errors,
        "without an answer": said.errors,
        "wrong on the clean text": said.skipped,
        "untouched: no text that the victim can tell from the original": said.untouched,
    }
    yield from ((name, f"{count:,}") for name, count in rest.items() if count)
    if said.asked:
        told = (
            f", {said.distinct:,} of them different to the victim, {said.unchanged:,} the same as the original"
            if said.exact
            else ""
        )
        lost = f"; {said.failures:,} failed" if said.kind != SMOOTHED else f"; {said.failures:,} answered wrongly"
        odd = f", {said.unusable:,} answers that count as none" if said.unusable else ""
        yield "texts asked", f"{said.asked:,}{told}{lost}{odd}"
    kinds = ", ".join(f"{kind} {failures:,}/{asked:,}" for kind, (asked, failures) in said.kinds.items() if kind != AS_IT_IS)
    if kinds:
        yield "failed, by kind", kinds
    if said.attacks is not None:
        yield "the run's attacks, by texts inside the space: at most", percent(said.attacks)
    if said.searched is not None and said.searched.rate is not None:
        yield "all recipes of the run, any text: robust accuracy", percent(said.searched.rate)
    if said.flagged is not None and said.flagged[2]:
        now, alone, harmless = said.flagged
        yield "harmless texts flagged", f"{now:,} of {harmless:,}, by the guard alone {alone:,}"


def _one_by_one(said: Statement) -> str:
    return "" if said.exact else f" one by one, for at least {said.among:,} together"


def lines(said: Statement) -> list[str]:
    """A certificate as a terminal shows it."""
    radius = f", radius {said.radius}" if said.kind == SMOOTHED else ""
    head = f"{said.name}{radius}{'' if said.finished else ' (unfinished)'}"
    return [f"{head}  {bracket(said)}", f"  |{bar(said)}|", *(f"  {what}: {value}" for what, value in facts(said))]
