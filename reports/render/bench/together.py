"""Several runs side by side: settings, measures with their intervals, recipes, verdicts, and what became of shared examples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.compare.compare import Comparison, compare
from reports.compare.shared import advice, share
from reports.compare.verdicts import NOT_COMPARABLE
from reports.gate.run_policy import own_policy
from reports.gate.verdicts import GateResult
from reports.measures.intervals import Proportion
from reports.measures.metrics import by_example, fate
from reports.measures.of_run import Measured
from reports.render.bench.catalogue import Listed
from reports.render.numbers import COMPARED, budget_of, interval, points_interval
from reports.render.page.anchors import example_anchor, failure_anchor
from reports.run import Outcome, Run

MOST = 8
"""Runs that one page sets side by side."""
SHOWN = 200
"""Examples that differ, as the page shows them."""
FATES = {
    "robust": ("held", "passed"),
    "broken": ("broken", "failed"),
    "wrong": ("wrong", "inconclusive"),
    "untested": ("untested", "measured"),
    "not judged": ("not judged", "measured"),
}
_TONES = {"regressed": "failed", "improved": "passed", "no evidence": "passed"}


@dataclass(frozen=True, slots=True)
class Column:
    """One run of the page; ``run`` and what was measured are None where it cannot be read or is not finished."""

    listed: Listed
    run: Run | None = None
    measured: Measured | None = None
    gate: GateResult | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. ``cells``: a text per run, empty where the run has none. ``differs``: they are not all the same."""

    title: str
    cells: tuple[str, ...]
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Paired:
    """One run against the base: the comparison, or why there is none."""

    column: Column
    found: Comparison | None
    tone: str
    word: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an example in one run; ``anchor``: its failure in that run's page, or the example where it did not fail."""

    word: str
    tone: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Shared:
    """Examples that ended differently. ``of``: how many the runs share; ``total``: how many differ; ``rows``: id, text, fates."""

    columns: tuple[Column, ...]
    of: int
    total: int
    rows: tuple[tuple[str, str, tuple[Fate, ...]], ...]


@dataclass(frozen=True, slots=True)
class Together:
    """The page's content, the base first."""

    columns: tuple[Column, ...]
    settings: tuple[Row, ...]
    measures: tuple[Row, ...]
    recipes: tuple[Row, ...]
    paired: tuple[Paired, ...]
    shared: Shared | None


def together(columns: Sequence[Column]) -> Together:
    """Set runs side by side; the first is the base that the others are paired with."""
    others = tuple(_paired(columns[0], other) for other in columns[1:])
    alike = [
        columns[0],
        *(one.column for one in others if one.found is not None and not (one.found.differences or one.found.shared)),
    ]
    return Together(
        columns=tuple(columns),
        settings=tuple(_settings(columns)),
        measures=tuple(_measures(columns)),
        recipes=tuple(_recipes(columns)),
        paired=others,
        shared=_shared(alike) if len(alike) > 1 else None,
    )


def paired(base: Run, candidate: Run) -> Comparison:
    """Two runs compared under the base's own rules; on what they share, where that is less than all and answers one question."""
    rules = own_policy(base.manifest).compare
    found = compare(base, candidate, rules)
    if not found.differences or not advice(base, candidate):
        return found
    one, other, common = share(base, candidate)
    return compare(one, other, rules, shared=common)


def _paired(base: Column, other: Column) -> Paired:
    for side, column in (("the base", base), ("this run", other)):
        if column.run is None:
            return Paired(other, None, "inconclusive", COMPARED[NOT_COMPARABLE].capitalize(), (f"{side}: {column.problem}",))
    assert base.run is not None
    assert other.run is not None
    found = paired(base.run, other.run)
    unsealed = [f"{one.listed.name}: {p}" for one in (base, other) if not one.listed.trusted for p in one.listed.problems]
    tone = "inconclusive" if unsealed else _TONES.get(found.verdict, "inconclusive")
    return Paired(other, found, tone, COMPARED[found.verdict].capitalize(), (*found.reasons, *unsealed))


def _settings(columns: Sequence[Column]) -> list[Row]:
    manifests = [column.run.manifest if column.run else None for column in columns]

    def of(title: str, value: Callable[[Any], Any]) -> Row:
        return _row(title, [str(value(m)) if m is not None else "" for m in manifests])

    return [
        _row("Victim", [column.listed.entry.victim for column in columns]),
        _row("Victim hash", [column.listed.victim_hash for column in columns]),
        _row("Task", [column.listed.entry.task for column in columns]),
        of("Goal", lambda m: m.goal),
        _row("Data", [column.listed.data for column in columns]),
        _row("Examples", [f"{c.listed.entry.examples:,}" if c.listed.readable else "" for c in columns]),
        of("Budget", budget_of),
        of("Profile", lambda m: m.profile),
        of("Seed", lambda m: m.seed),
        of("Version", lambda m: m.versions.get("robustness-suite", "")),
        _row("Started", [column.listed.entry.created for column in columns]),
    ]


def _row(title: str, cells: Sequence[str]) -> Row:
    return Row(title, tuple(cells), len({cell for cell in cells if cell}) > 1)


def _measures(columns: Sequence[Column]) -> list[Row]:
    def of(title: str, value: Callable[[Measured], str]) -> Row:
        return Row(title, tuple(value(c.measured) if c.measured else "" for c in columns))

    rows = [
        of("Robust accuracy", lambda m: interval(m.overall.robust_accuracy)),
        of("Clean accuracy", lambda m: interval(m.overall.clean_accuracy)),
        of("Accuracy drop", lambda m: points_interval(m.overall.accuracy_drop)),
        of("Attack success rate", lambda m: interval(m.overall.attack_success_rate)),
        of("Judged", lambda m: f"{m.overall.judged:,} of {m.overall.examples:,}"),
    ]
    if any(c.measured and c.measured.quality for c in columns):
        rows += [
            of("Quality, clean", lambda m: interval(m.quality.clean) if m.quality else ""),
            of("Quality under attack", lambda m: interval(m.quality.attacked) if m.quality else ""),
        ]
    return rows


def _recipes(columns: Sequence[Column]) -> list[Row]:
    """How much of what each recipe attacked it broke; in a cascade it attacks what the ones before it left."""
    names = dict.fromkeys(name for c in columns if c.run for name in c.run.manifest.recipe_names)
    return [Row(name, tuple(_broke(column, name) for column in columns)) for name in names]


def _broke(column: Column, name: str) -> str:
    recipes = {recipe.name: recipe for recipe in column.measured.recipes} if column.measured else {}
    if name not in recipes:
        return ""
    rate: Proportion = recipes[name].attack_success_rate
    return f"{interval(rate)}, {rate.successes:,} of {rate.n:,}" if rate.n else "attacked nothing"


def _shared(columns: Sequence[Column]) -> Shared:
    """The examples that did not end alike in all of these runs, which share all their examples."""
    sides = [by_example(column.run.outcomes) for column in columns if column.run]
    common = [e for e in sides[0] if all(e in side for side in sides)]
    ends = {e: tuple(_fate(side[e], c) for side, c in zip(sides, columns, strict=True)) for e in common}
    moved = [e for e, fates in ends.items() if len({one.word for one in fates}) > 1]
    rows = tuple((e, _text(sides[0][e][0]), ends[e]) for e in moved[:SHOWN])
    return Shared(tuple(columns), len(common), len(moved), rows)


def _fate(outcomes: Sequence[Outcome], column: Column) -> Fate:
    recipes = len(column.run.manifest.recipe_names) if column.run else 0
    word, tone = FATES[fate([o.status for o in outcomes], recipes)]
    fell = next((o for o in outcomes if o.status == "succeeded"), None)
    return Fate(word, tone, _anchor(outcomes[0].example_id, fell if word == "broken" else None))


def _anchor(example_id: str, fell: Outcome | None) -> str:
    return example_anchor(example_id) if fell is None else failure_anchor(fell.recipe, example_id)


def _text(outcome: Outcome, most: int = 120) -> str:
    text = " ".join(outcome.texts.get(outcome.field, "").split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def questions(runs: Sequence[Listed]) -> Mapping[str, Sequence[Listed]]:
    """The runs that asked the same question, oldest first, at most ``MOST`` of the latest: what is worth setting side by side.

    By the name of their page, which a run's own ``comparability_id`` is not trusted to be.
    """
    found: dict[str, list[Listed]] = {}
    for one in runs:
        if one.trusted and one.entry.comparability_id:
            name = hashlib.sha256(one.entry.comparability_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            found.setdefault(name, []).append(one)
    return {question: members[:MOST][::-1] for question, members in found.items() if len(members) > 1}
