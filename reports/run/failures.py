"""The saved failure cases: every text that broke the victim, exact in JSON Lines and disarmed in CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reports.files.exact import spelled
from reports.files.text import cell
from reports.run.manifest import SCHEMA, Run
from reports.run.outcome import Judged, Outcome, judged_line
from reports.run.upgrade import MISCLASSIFY

_COLUMNS = (
    *("example_id", "recipe", "reference", "before", "before_score", "after", "after_score"),
    *("original", "perturbed", "edits", "severity", "queries", "words_changed", "words", "words_inserted", "similarity"),
    *("fresh_asked", "fresh_reached"),
)
_FRESH = ("fresh_asked", "fresh_reached", "control_asked", "control_reached")


def failures(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcomes in which an attack succeeded."""
    return (outcome for outcome in outcomes if outcome.status == "succeeded")


def in_order(run: Run) -> list[Outcome]:
    """A run's failures by recipe, then example: line n of ``failures.jsonl`` is the n-th of them."""
    rank = {name: index for index, name in enumerate(run.manifest.recipe_names)}
    return sorted(failures(run.outcomes), key=lambda o: (rank[o.recipe], o.example_id))


def lowest_severity(outcome: Outcome) -> int | None:
    """The mildest noise of a ladder that broke the example; None for attacks without one."""
    return min((rung.severity for rung in outcome.ladder if not rung.held), default=None)


def case(outcome: Outcome) -> dict[str, Any]:
    """One failure as a JSON object, with everything needed to run it against another victim."""
    return {
        "schema": SCHEMA,
        "example_id": outcome.example_id,
        "recipe": outcome.recipe,
        "reference": outcome.reference,
        "field": outcome.field,
        "texts": dict(outcome.texts),
        "perturbed": outcome.perturbed,
        "edits": [{name: getattr(edit, name) for name in edit.__slots__} for edit in outcome.edits],
        "clean": judged_line(outcome.clean),
        "best": judged_line(outcome.best),
        "severity": lowest_severity(outcome),
        "queries": outcome.queries,
        "words_changed": outcome.words_changed,
        "words": outcome.words,
        **({"words_inserted": outcome.words_inserted} if outcome.words_inserted else {}),
        "similarity": outcome.similarity,
        **{name: count for name in _FRESH if (count := getattr(outcome, name))},
        "meta": dict(outcome.meta),
        **({} if outcome.goal == MISCLASSIFY else {"goal": outcome.goal}),
        **({} if outcome.gold is None else {"gold": outcome.gold}),
        **({} if outcome.stratum == outcome.reference else {"stratum": outcome.stratum}),
    }


def write_failures(run: Run, folder: Path) -> int:
    """Write ``failures.jsonl`` and ``failures.csv`` and give the number of cases.

    Ordered by recipe, then example, so that two runs of one seed write the same files however their trials interleaved.
    """
    cases = in_order(run)
    columns = {label: index for index, label in enumerate(run.manifest.victim.get("labels", ()))}
    with (
        (folder / "failures.jsonl").open("w", encoding="ascii", newline="\n") as lines,
        (folder / "failures.csv").open("w", encoding="utf-8-sig", newline="") as sheet,
    ):
        table = csv.writer(sheet)
        table.writerow(_COLUMNS)
        for outcome in cases:
            lines.write(json.dumps(spelled(case(outcome)), ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n")
            table.writerow(_row(outcome, columns))
    return len(cases)


def _row(outcome: Outcome, columns: Mapping[str, int]) -> list[Any]:
    """One row of the table; texts go through ``cell``, numbers stay numbers."""
    clean, best = outcome.clean, outcome.best
    changes = "; ".join(f"{edit.before} → {edit.after}" for edit in outcome.edits)
    texts = [
        outcome.example_id,
        outcome.recipe,
        outcome.reference,
        clean.shown if clean else "",
        _score(clean, columns),
        best.shown if best else "",
        _score(best, columns),
        outcome.texts.get(outcome.field, ""),
        outcome.perturbed or "",
        changes,
    ]
    counts = [outcome.queries, outcome.words_changed, outcome.words, outcome.words_inserted]
    fresh = [outcome.fresh_asked, outcome.fresh_reached] if outcome.fresh_asked else [None, None]
    numbers = [lowest_severity(outcome), *counts, outcome.similarity, *fresh]
    return [cell(value) if isinstance(value, str) else value for value in [*texts, *numbers]]


def _score(record: Judged | None, columns: Mapping[str, int]) -> float | None:
    """The score of the label that was predicted; for other answers their quality."""
    if record is None or record.scores is None:
        return None if record is None else record.quality
    at = columns.get(record.shown)
    return record.scores[at] if at is not None and at < len(record.scores) else None
