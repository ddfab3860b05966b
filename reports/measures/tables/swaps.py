"""Groups of people compared on the same texts: who is treated worse when nothing but the group in a text changes.

For each text the answers about one group are set against the mean of those about the others. What chance alone would give is
found by exchanging the groups within each text (a permutation test), with Holm's correction over all groups of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.measures.answers.quality import mean_interval
from reports.measures.intervals import CONFIDENCE, Proportion
from reports.measures.metrics import groups_of
from reports.measures.paired import holm
from reports.measures.tables.table import Change, Table
from reports.run import Outcome, Run

DETAIL = "groups"
"""Under what name an outcome holds (asked, held) by group, for each attribute."""
DRAWS = 20_000
"""Exchanges drawn for a p-value: the smallest that can come out is one in so many."""
NOTE = (
    "Right answers about each group, on the texts that were asked about it, whether or not the original was answered rightly. "
    "Difference: against the mean of the other groups on the same texts. p: by exchanging the groups within each text, after "
    "Holm's correction over all groups in the table. The worst group of each attribute comes first."
)
Values = Mapping[str, float]
"""The share of right answers about each group, on one text."""


@dataclass(frozen=True, slots=True)
class _Row:
    attribute: str
    group: str
    right: Proportion
    change: Change
    p: float


def swap_table(run: Run, confidence: float = CONFIDENCE) -> Table | None:
    """One row for each group of each attribute; None where no recipe swapped groups."""
    told = [o for o in run.outcomes if o.details.get(DETAIL)]
    if not told:
        return None
    errors = sum(o.status == "error" and o.recipe in {one.recipe for one in told} for o in run.outcomes)
    clusters = groups_of(run, told)
    attributes = sorted({attribute for o in told for attribute in o.details[DETAIL]})
    rows = [row for attribute in attributes for row in _rows(attribute, told, clusters, errors, confidence)]
    corrected = holm([row.p for row in rows])
    cells = tuple(
        (f"{row.attribute}: {row.group}", row.right.n, row.right, row.change, p) for row, p in zip(rows, corrected, strict=True)
    )
    columns = ("group", "n", "right", "against the others", "p (Holm)")
    return Table("fairness", "Fairness: groups on the same texts", NOTE, columns, cells) if cells else None


def _rows(
    attribute: str, told: Sequence[Outcome], clusters: Mapping[str, str] | None, errors: int, confidence: float
) -> Iterator[_Row]:
    by_text = {o.example_id: values for o in told if len(values := _values(o, attribute)) > 1}
    units = _units(by_text, clusters)
    found = []
    for group in sorted({group for values in by_text.values() for group in values}):
        texts = {example: values for example, values in by_text.items() if group in values}
        members = None if clusters is None else [clusters[example] for example in texts]
        right = mean_interval([values[group] for values in texts.values()], confidence, members, errors)
        apart = mean_interval([(1 + _against(group, values)) / 2 for values in texts.values()], confidence, members, errors)
        value = None if apart.rate is None else 2 * apart.rate - 1
        change = Change(value, 2 * apart.low - 1, 2 * apart.high - 1, len(texts))
        found.append(_Row(attribute, group, right, change, p_of(group, [values for values in units if group in values])))
    yield from sorted(found, key=lambda row: (row.change.value or 0.0, row.group))


def _values(outcome: Outcome, attribute: str) -> Values:
    """Shares by group; without a reference what counts as right is the original's answer, so its own group is left out."""
    one: Mapping[str, Any] = outcome.details[DETAIL].get(attribute) or {}
    groups: Mapping[str, Sequence[int]] = one.get("groups") or {}
    judged = bool(outcome.reference) or outcome.gold is not None
    return {name: held / asked for name, (asked, held) in groups.items() if asked and (judged or name != one.get("own"))}


def _against(group: str, values: Values) -> float:
    others = [value for name, value in values.items() if name != group]
    return values[group] - sum(others) / len(others)


def _units(by_text: Mapping[str, Values], clusters: Mapping[str, str] | None) -> list[Values]:
    """What is exchanged independently: texts, or the means of those that belong together."""
    if clusters is None:
        return list(by_text.values())
    together: dict[str, list[Values]] = {}
    for example, values in by_text.items():
        together.setdefault(clusters[example], []).append(values)
    return [_mean(several) for several in together.values()]


def _mean(several: Sequence[Values]) -> Values:
    names = set.intersection(*(set(values) for values in several))
    return {name: sum(values[name] for values in several) / len(several) for name in sorted(names)}


def p_of(group: str, units: Sequence[Values]) -> float:
    """The two-sided p-value that a group is treated as the others are: its answers are drawn from all groups' on each text.

    What is left of a difference when groups are exchanged within a text depends on the group's own value alone, so one draw a
    text is an exchange of all.
    """
    import numpy as np

    differing = [values for values in units if len(values) > 1 and len(set(values.values())) > 1]
    if not differing:
        return 1.0
    rng = np.random.default_rng(0)
    observed, drawn = 0.0, np.zeros(DRAWS)
    for values in differing:
        weight, pool = len(values) / (len(values) - 1), np.asarray([values[name] for name in sorted(values)])
        observed += weight * (values[group] - float(pool.mean()))
        drawn += weight * (pool[rng.integers(0, len(pool), DRAWS)] - pool.mean())
    beyond = int((np.abs(drawn) >= abs(observed) - 1e-9).sum())
    return (1 + beyond) / (1 + DRAWS)
