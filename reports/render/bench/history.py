"""One victim over its versions: robust accuracy with its interval, run by run, drawn where runs asked the same question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from reports.render.bench.catalogue import Listed
from reports.render.numbers import percent
from reports.render.page.charts import up

LEFT, RIGHT = 11.0, 97.0
"""The plotting area across, in percent of its box; on its left stand the labels of the axis."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One run on the drawing, in percent of its box."""

    x: float
    y: float
    low: float
    high: float
    clean: float | None
    note: str
    letter: str


@dataclass(frozen=True, slots=True)
class Series:
    """Runs that asked the same question (``comparability_id``), oldest first; only these are joined by a line."""

    letter: str
    recipes: str
    data: str
    examples: int
    count: int
    line: str


@dataclass(frozen=True, slots=True)
class History:
    """``rows``: every run of the victim, newest first, with the letter of its question. ``undrawn``: how many are not drawn."""

    name: str
    task: str
    rows: tuple[tuple[Listed, str], ...]
    dots: tuple[Dot, ...]
    series: tuple[Series, ...]
    ticks: tuple[tuple[float, str], ...]
    versions: int
    undrawn: int
    summary: str


def histories(runs: Iterable[Listed]) -> dict[str, list[Listed]]:
    """The runs of each victim by its id, newest first; runs that cannot be read name no victim."""
    found: dict[str, list[Listed]] = {}
    for one in runs:
        if one.victim_id:
            found.setdefault(one.victim_id, []).append(one)
    return found


def history(runs: Sequence[Listed]) -> History:
    """The history of one victim; ``runs``: at least one, newest first."""
    drawn = [one for one in reversed(runs) if one.trusted and one.entry.robust_accuracy is not None]
    questions = list(dict.fromkeys(one.entry.comparability_id for one in drawn))
    letters = {question: _letter(at) for at, question in enumerate(questions)}
    dots = [_dot(one, at, len(drawn), letters[one.entry.comparability_id]) for at, one in enumerate(drawn)]
    ends = sorted({0, len(drawn) - 1}) if drawn else []
    entry = runs[0].entry
    return History(
        name=entry.victim,
        task=entry.task,
        rows=tuple((one, letters.get(one.entry.comparability_id, "") if one in drawn else "") for one in runs),
        dots=tuple(dots),
        series=tuple(_series(question, letters[question], drawn, dots) for question in questions),
        ticks=tuple((dots[at].x, drawn[at].entry.created[:10]) for at in ends),
        versions=len({one.victim_hash for one in runs if one.victim_hash}),
        undrawn=len(runs) - len(drawn),
        summary="; ".join(dot.note for dot in dots) or "nothing to draw",
    )


def _letter(at: int) -> str:
    return ascii_uppercase[at] if at < len(ascii_uppercase) else str(at + 1)


def _dot(one: Listed, at: int, of: int, letter: str) -> Dot:
    rate, low, high = one.entry.robust_accuracy or (0.0, 0.0, 0.0)
    x = round(LEFT + (RIGHT - LEFT) * (0.5 if of == 1 else 0.04 + 0.92 * at / (of - 1)), 2)
    clean = one.entry.clean_accuracy
    note = f"{one.entry.created[:10]}, {one.name}: {percent(rate)} ({percent(low)} to {percent(high)}), question {letter}"
    return Dot(x, up(rate), up(low), up(high), None if clean is None else up(clean), note, letter)


def _series(question: str, letter: str, drawn: Sequence[Listed], dots: Sequence[Dot]) -> Series:
    own = [(one, dot) for one, dot in zip(drawn, dots, strict=True) if one.entry.comparability_id == question]
    last = own[-1][0]
    line = " ".join(f"{dot.x},{dot.y}" for _, dot in own)
    return Series(letter, ", ".join(last.entry.asked), last.data, last.entry.examples, len(own), line)
