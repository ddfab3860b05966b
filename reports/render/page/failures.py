"""The page's trials: failures that it draws itself, and the data from which its script draws the rest and every example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from reports.measures.slices import metadata_parts
from reports.render.page.examples import FATES, STATES, ExampleBook, Known, example_book
from reports.render.page.flips import Bars, ranked
from reports.render.page.origin import attack_flags
from reports.render.page.pack import Pack
from reports.render.page.rows import FailureRow, failure_row, touched
from reports.render.page.safe import coded
from reports.run import Outcome, Run
from reports.run.explanations import EXPLANATIONS, Explained, read_explanations
from reports.run.failures import failures, in_order
from reports.run.minimised import MINIMAL, MINIMISED, Minimal, read_minimised

STATIC_ROWS = 100
"""Failures written as plain HTML, readable without JavaScript."""
STATIC_BYTES = 100_000
DATA_BYTES = 1_900_000
"""Compact data of failures that the page carries at most; what lies beyond is in ``failures.csv`` only."""
MOST_ROWS = DATA_BYTES // 50
"""More failures than that cannot be embedded: each takes more bytes."""
MOST_ANSWERS = 60
"""Different answers under attack up to which they can be chosen from."""

Choices = tuple[tuple[str, str], ...]
"""What can be filtered by: the value as the page's data has it, and as it is shown."""


@dataclass(frozen=True, slots=True)
class FailureBook:
    """The browser's content. ``total``: failures of the run. ``data``: JSON for the page's script, holding ``embedded`` rows.

    ``recipes``, ``labels``, ``answers``: what can be filtered by, each with its number in the data. ``slices``: parts of the
    data, each with its place in the data. ``bars``: what the failures' edits touched; ``needed``: only those edits are
    counted that minimising found to be needed.
    """

    total: int
    embedded: int
    static: tuple[FailureRow, ...]
    recipes: tuple[tuple[int, str], ...]
    labels: tuple[tuple[int, str], ...]
    answers: tuple[tuple[int, str], ...]
    slices: tuple[str, ...]
    bars: tuple[Bars, ...]
    needed: bool
    data: str
    shortened: bool
    examples: ExampleBook


def failure_book(run: Run) -> FailureBook:
    """All failures of a run, each recipe's smallest changes first, recipes in turn; and all its examples."""
    found = _in_turn(run)
    labels = tuple(map(str, run.manifest.victim.get("labels", ())))
    pack = Pack()
    explained, minimal = _explained(run), _minimal(run)
    first = {(o.recipe, o.example_id) for o in found[:MOST_ROWS]}
    lines = {key: at for at, o in enumerate(in_order(run), start=1) if (key := (o.recipe, o.example_id)) in first}
    static: list[FailureRow] = []
    embedded: list[Outcome] = []
    for outcome in found[:MOST_ROWS]:
        key = (outcome.recipe, outcome.example_id)
        row = failure_row(outcome, labels, explained.get(key), minimal.get(key), lines[key])
        if not pack.add(row, DATA_BYTES):
            break
        embedded.append(outcome)
        if len(static) < STATIC_ROWS and pack.size < STATIC_BYTES:
            static.append(row)
    parts = metadata_parts(run)
    examples = example_book(run, pack, Known(labels, {o.example_id for o in embedded}, parts))
    recipes = sorted({o.recipe for o in found}, key=lambda name: _rank(run.manifest.recipe_names, name))
    told = all(o.stratum == o.reference for o in found)  # else each right answer is a text of its own, and no choice
    golds = {o.reference for o in found} if told else set()
    after = {o.best.shown for o in found if o.best} if told else set()
    ranks = [
        sorted(names, key=lambda name: _rank(labels, name)) for names in (golds, after if len(after) <= MOST_ANSWERS else ())
    ]
    choices = [tuple((pack.name(name), name) for name in names) for names in (recipes, *ranks)]
    return FailureBook(
        total=len(found),
        embedded=len(embedded),
        static=tuple(static),
        recipes=choices[0],
        labels=choices[1],
        answers=choices[2],
        slices=examples.slices,
        bars=ranked(touched(o, minimal.get((o.recipe, o.example_id))) for o in found),
        needed=any(one.state == MINIMAL for one in minimal.values()),
        data=pack.json(**_of_run(run, pack), slices=examples.packed_slices),
        shortened=pack.shortened,
        examples=examples,
    )


def _of_run(run: Run, pack: Pack) -> dict[str, object]:
    """What the script must know of the run as a whole."""
    fields = [coded(str(name)) for name in run.manifest.victim.get("fields", ())]
    return {
        "recipes": [pack.name(name) for name in run.manifest.recipe_names],
        "fields": fields,
        "attack": [coded(argument) for argument in attack_flags(run.manifest)],
        "states": dict(STATES),
        "fates": FATES,
    }


def _explained(run: Run) -> Mapping[tuple[str, str], Explained]:
    found = read_explanations(run.path / EXPLANATIONS)
    return {} if found is None else {one.key: one for one in found.cases}


def _minimal(run: Run) -> Mapping[tuple[str, str], Minimal]:
    path = run.path / MINIMISED
    return {(one.recipe, one.example_id): one for one in read_minimised(path)} if path.is_file() else {}


def _rank(labels: Sequence[str], label: str) -> tuple[int, str]:
    return (labels.index(label) if label in labels else len(labels), label)


def _in_turn(run: Run) -> list[Outcome]:
    names = {name: i for i, name in enumerate(run.manifest.recipe_names)}
    ordered = sorted(failures(run.outcomes), key=_smallness)
    turns = {name: count() for name in names}
    keyed = [(next(turns.setdefault(o.recipe, count())), names.get(o.recipe, len(names)), o) for o in ordered]
    return [o for _, _, o in sorted(keyed, key=lambda k: k[:2])]


def _smallness(outcome: Outcome) -> tuple[float, float, str]:
    similarity = outcome.similarity if outcome.similarity is not None else -1.0
    return outcome.words_touched, -similarity, outcome.example_id
