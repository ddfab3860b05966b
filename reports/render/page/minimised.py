"""What minimised failures have in common, as the page shows it: groups by mechanism, one minimal example each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.render.minimised import SHOWN
from reports.render.page.diff import Piece, pieces
from reports.run import Outcome, Run
from reports.run.minimised import MINIMISED, Cluster, Minimal, clusters, read_minimised, summary_line

_LONGEST = 300
Cases = Mapping[tuple[str, str], Minimal]
Outcomes = Mapping[tuple[str, str], Outcome]


@dataclass(frozen=True, slots=True)
class GroupView:
    """Failures that work alike. ``diff``: the simplest of them with its fewest edits; empty where the run does not hold it."""

    count: int
    reason: str
    recipe: str
    example_id: str
    diff: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class MinimisedView:
    """The largest groups. ``left``: how many smaller ones are not shown."""

    summary: str
    groups: tuple[GroupView, ...]
    left: int


def minimised_view(run: Run) -> MinimisedView | None:
    """The groups of a run, None where its failures were not minimised."""
    path = run.path / MINIMISED
    if not path.is_file():
        return None
    found = read_minimised(path)
    groups = clusters(found)
    cases = {(one.recipe, one.example_id): one for one in found}
    outcomes = {(o.recipe, o.example_id): o for o in run.outcomes if o.status == "succeeded"}
    views = tuple(_view(group, cases, outcomes) for group in groups[:SHOWN])
    return MinimisedView(summary_line(found), views, max(0, len(groups) - SHOWN))


def _view(group: Cluster, cases: Cases, outcomes: Outcomes) -> GroupView:
    one = _simplest([cases[case] for case in group.cases])
    outcome = outcomes.get((one.recipe, one.example_id))
    diff = pieces(outcome.texts.get(outcome.field, ""), one.perturbed, one.edits) if outcome else ()
    return GroupView(group.count, _short(group.reason), one.recipe, one.example_id, diff)


def _simplest(cases: Sequence[Minimal]) -> Minimal:
    return min(cases, key=lambda one: (len(one.edits), len(one.perturbed), one.recipe, one.example_id))


def _short(reason: str) -> str:
    """A reason quotes words of the data, which may be of any length."""
    return reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}…"
