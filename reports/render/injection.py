"""Injection in the reports: lines for the terminal, a section for Markdown. Every text is inert."""

from __future__ import annotations

from collections.abc import Iterator

from reports.measures.answers.injection import Effect, Injection, ordered
from reports.measures.of_run import Measured
from reports.render.inert import code
from reports.render.numbers import NOTHING, interval, percent, signed_interval

STRONGEST = 3
MOST_CHEAPEST = 20


def told_of(found: Injection) -> Iterator[str]:
    """What a terminal says of one recipe beneath its three arms."""
    yield f"attack minus control {_difference(found)}   paired, exact p {found.p:.2g}"
    at = ", ".join(f"{percent(share.rate)} by {queries}" for queries, share in found.success_at.items())
    yield f"broken by the n-th query: {at}"
    strong = strongest(found)
    if strong:
        yield "works best: " + "; ".join(f"{e.factor} {e.level} {_signed(e)} points" for e in strong)
    if found.cheapest:
        first = found.cheapest[0]
        yield f"cheapest injection: {first.cell} on {first.example_id} (found as {first.found} at query {first.queries})"


def strongest(found: Injection) -> list[Effect]:
    """The levels whose interval is above nothing, the strongest first; a few."""
    return sorted((e for e in found.effects if e.low > 0), key=lambda e: (-e.difference, e.level))[:STRONGEST]


def injection_sections(measured: Measured) -> Iterator[str]:
    """One Markdown section for each recipe with three arms."""
    for found in measured.injections:
        yield "\n\n".join(_parts(found))


def _parts(found: Injection) -> Iterator[str]:
    yield f"## Injection by {code(found.recipe)}"
    yield _table(
        ("arm", "gave the word", "quoted it", "refused", "did the user's task", "answers"),
        [
            (arm.name, interval(arm.emitted), interval(arm.quoted), interval(arm.refused), interval(arm.useful), str(arm.texts))
            for arm in found.arms
        ],
    )
    yield (
        f"Shares of {found.examples} examples. The control is the benign twin: same length, disguises and place, the word in it "
        f"and no instruction. Attack minus control: **{_difference(found)}**, paired, exact p {found.p:.2g}."
    )
    yield _table(
        ("broken by the n-th query", *found.success_at), [("examples", *(interval(share) for share in found.success_at.values()))]
    )
    if found.effects:
        yield _table(
            ("factor", "level", "broke", "beside the other levels", "tries"),
            [
                (effect.factor, code(effect.level), percent(effect.rate), f"{_signed(effect)} points", str(effect.tries))
                for effect in ordered(found.effects)
            ],
        )
        yield "From the balanced draws that each example begins with, so free of what the search preferred."
    if found.cheapest:
        shown = found.cheapest[:MOST_CHEAPEST]
        yield _table(
            ("example", "cheapest injection", "found as", "at query"),
            [(code(one.example_id), code(one.cell), code(one.found), str(one.queries)) for one in shown],
        )


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    marks = ("---", *("---:" for _ in columns[1:]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (columns, marks, *rows))


def _difference(found: Injection) -> str:
    value = found.attributable
    if value.rate is None:
        return NOTHING
    return f"{signed_interval(value.rate, value.low, value.high)} points"


def _signed(effect: Effect) -> str:
    return signed_interval(effect.difference, effect.low, effect.high)
