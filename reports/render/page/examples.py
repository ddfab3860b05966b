"""Every example of a run against every recipe, for the page's grid, and what the page shows of those that nothing broke."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from reports.measures.metrics import by_example, fate
from reports.measures.slices import Part
from reports.render.page.pack import Pack
from reports.render.page.rows import NO_REFERENCE, brief, clipped, failure_row, own_score
from reports.render.page.safe import coded, script_json
from reports.run import Outcome, Run

EXAMPLE_BYTES, ATTEMPT_BYTES, SLICE_BYTES = 350_000, 220_000, 100_000
"""Data that the page carries of examples, of trials that broke nothing, and of which example is in which slice, at most."""
LETTERS = {"succeeded": "b", "failed": "h", "exhausted": "x", "skipped": "w", "untested": "u", "undecided": "o", "error": "e"}
"""One letter for how a trial ended; ``n`` where there was none."""
NO_TRIAL = "n"
STATES = (
    ("b", "broken"),
    ("h", "held"),
    ("x", "held until the budget ran out"),
    ("w", "wrong on the clean text"),
    ("u", "untested: no fair try"),
    ("o", "undecided"),
    ("e", "error"),
    (NO_TRIAL, "not attacked"),
)
"""What the letters mean, as the page says it."""
FATES = {
    "broken": "Broken",
    "robust": "Held",
    "wrong": "Wrong on the clean text",
    "untested": "Untested",
    "not judged": "Not judged",
}
"""What became of an example over all recipes, as the page names it."""
_MESSAGE = 300
_MOST_DIGITS = 18
_DIGITS = re.compile(f"[0-9]{{1,{_MOST_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before: the victim's labels, the examples that have a failure in the data, the parts of the data."""

    labels: Sequence[str]
    drawn: set[str]
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class ExampleBook:
    """The grid. ``fates``: (fate, its name, examples) each, empty ones left out. ``embedded`` of ``total`` are in the data.

    ``slices``: parts of the data that can be filtered by, as ``column=value``; ``packed_slices``: the same for the script.
    """

    total: int
    embedded: int
    fates: tuple[tuple[str, str, int], ...]
    slices: tuple[str, ...]
    packed_slices: tuple[str, ...]


def example_book(run: Run, pack: Pack, known: Known) -> ExampleBook:
    """Put every example into the data, those that something broke first where there is no room for all."""
    groups = by_example(run.outcomes)
    order = sorted(groups, key=_counted)  # an endpoint answers in any order
    slices = _slices(known.parts, len(order))
    drawn = known.drawn | _attempts(pack, known.labels, (o for one in order for o in sorted(groups[one], key=_recipe)))

    def line(example: str, name: Callable[[str], int]) -> tuple[list[Any], tuple[str, ...]]:
        inside = [at for at, (_, ids) in enumerate(slices) if example in ids]
        return _line(run, name, groups[example], inside, bare=example not in drawn)

    first = chain((one for one in order if one in known.drawn), (one for one in order if one not in known.drawn))
    trial = pack.trial()
    kept = _fitting(first, lambda example: line(example, trial)[0])
    for example in order:
        if example in kept:
            pack.example(*line(example, pack.name))
    counts = Counter(fate([o.status for o in group], len(run.manifest.recipes)) for group in groups.values())
    fates = tuple((key, title, counts[key]) for key, title in FATES.items() if counts[key])
    keys = tuple(key for key, _ in slices)
    return ExampleBook(len(groups), pack.count("examples"), fates, keys, tuple(map(coded, keys)))


def _fitting(examples: Iterable[str], line: Callable[[str], list[Any]]) -> set[str]:
    """The first examples for which there is room: no line is made of the others, of which there may be a million."""
    kept, room = set(), EXAMPLE_BYTES
    for example in examples:
        room -= len(script_json(line(example))) + 1
        if room < 0:
            break
        kept.add(example)
    return kept


def _counted(name: str) -> str:
    """A name to sort by: the tenth comes after the ninth.

    A number is as wide as the longest, behind a sign below all others. A list of texts and numbers would order names alike, and
    take five times the memory.
    """
    return _DIGITS.sub(_padded, name)


def _padded(number: re.Match[str]) -> str:
    return "\0" + number[0].zfill(_MOST_DIGITS)


def _recipe(outcome: Outcome) -> str:
    return outcome.recipe


def _attempts(pack: Pack, labels: Sequence[str], outcomes: Iterable[Outcome]) -> set[str]:
    """Put what was tried in vain into the data, as far as there is room, and name the examples that it shows."""
    shown: set[str] = set()
    for outcome in outcomes:
        if outcome.status in ("failed", "exhausted", "untested", "undecided") and outcome.perturbed is not None:
            if not pack.attempt(failure_row(outcome, labels), ATTEMPT_BYTES):
                break
            shown.add(outcome.example_id)
    return shown


def _slices(parts: Sequence[Part], examples: int) -> tuple[tuple[str, set[str]], ...]:
    """The slices of as many columns as there is room for: name, and the examples in it."""
    columns = list(dict.fromkeys(column for column, _, _ in parts))
    room = max(1, SLICE_BYTES // (3 * max(1, examples)))
    return tuple((f"{column}={value}", ids) for column, value, ids in parts if column in columns[:room])


def _line(
    run: Run, named: Callable[[str], int], group: Sequence[Outcome], slices: list[int], *, bare: bool
) -> tuple[list[Any], tuple[str, ...]]:
    """An example for the data: id, right answer, clean answer and score, a letter for each recipe, slices, what else it needs.

    ``named``: a name's number. ``bare``: no trial in the data holds its text, so it is put in here.
    """
    first = group[0]
    clean = next((o.clean for o in group if o.clean), None)
    ends = {o.recipe: LETTERS[o.status] for o in group}
    letters = "".join(ends.get(name, NO_TRIAL) for name in run.manifest.recipe_names)
    texts = [(name, *clipped(text)) for name, text in first.texts.items()] if bare else []
    errors = {o.recipe: brief(": ".join(map(str, o.error.values())), _MESSAGE) for o in group if o.error}
    line: list[Any] = [
        coded(first.example_id),
        named(brief(first.reference or NO_REFERENCE)),
        named(brief(clean.shown) if clean else ""),
        own_score(clean, run),
        letters,
        slices,
        [[named(name), coded(text), left] for name, text, left in texts],
        [[run.manifest.recipe_names.index(name), coded(message)] for name, message in errors.items()],
    ]
    while line and line[-1] == []:
        line.pop()
    return line, (first.example_id, *(text for _, text, _ in texts), *errors.values())
