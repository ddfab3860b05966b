"""Labelled rows to train on, made from a run's failures, and what keeps them apart from what is audited later.

Only failures whose right answer is still right are taken, by what each recipe claims to preserve (``attacks.preserves``) and what
the task's answers depend on. Spans move along with the edits. A row whose reference does not fit its text any more is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from robustness.data.overlaps import key_of
from robustness.data.trained_on import digest_of_texts
from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.constraints.polarity import Polarity
    from attacks.search import Input
    from reports.run import Manifest, Outcome, Run
    from robustness.tasks.task import Space, Task

CLEAN = "clean"
"""What stands for a recipe beside an unperturbed text."""
LEARNABLE = ("classification", "multi-label", "regression", "retrieval", "ner", "qa", "summarisation", "translation")
"""Tasks whose references say what to answer; the others hold a check of an answer, which nothing can be trained towards."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its example's id, the recipe that made it, its texts by column, what is right, the example's other columns."""

    example_id: str
    recipe: str
    texts: tuple[str, ...]
    reference: Any
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for. ``recipes``: those whose failures are taken, empty for all. ``per_example``: at most so many of each.

    ``clean``: the unperturbed text of each example beside them. ``split``: the share of examples to make rows from, while the
    rest is kept out of the training; None for all of them. ``seed``: of that draw.
    """

    recipes: tuple[str, ...] = ()
    per_example: int | None = None
    clean: bool = False
    split: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Augmented:
    """``rows`` to train on; ``held_out``: the examples kept out, unperturbed. ``columns``: names of the text columns.

    ``label``: the column of what is right; ``id``: that of ids. ``left_out``: failures that were not taken, by reason.
    ``sources``: id and digest of each example that rows were made from.
    """

    rows: tuple[Row, ...]
    held_out: tuple[Row, ...]
    columns: tuple[str, ...]
    label: str
    id: str
    left_out: Mapping[str, int]
    sources: tuple[tuple[str, str], ...]


def augment(run: Run, choice: Choice) -> Augmented:
    """Rows from the failures of a run.

    Raises:
        UsageError: a task that cannot be learnt so, a recipe that the run has not, a split that leaves one side empty or a run
            that is not finished, or no row that could be taken.
    """
    manifest = run.manifest
    _check(manifest, choice)
    reader = _Reader(manifest)
    examples = {outcome.example_id: outcome for outcome in run.outcomes}
    kept_out = _held_out(examples, manifest, choice)
    left_out: Counter[str] = Counter()
    claims = _claims(manifest)
    found: dict[str, list[Row]] = defaultdict(list)
    rank = {name: at for at, name in enumerate(manifest.recipe_names)}
    order: Callable[[Outcome], Any] = lambda o: (o.example_id, o.words_touched, rank[o.recipe])  # noqa: E731 - a key
    for outcome in sorted((one for one in run.outcomes if one.status == "succeeded"), key=order):
        if outcome.example_id in kept_out or (choice.recipes and outcome.recipe not in choice.recipes):
            continue
        row = claims(outcome) or reader.row(outcome)
        reason = (
            row if isinstance(row, str) else _refused(row, found[outcome.example_id], reader.row(outcome, clean=True), choice)
        )
        if reason or isinstance(row, str):
            left_out[reason] += 1
            continue
        found[outcome.example_id].append(row)
    rows = [row for name in examples for row in _with_clean(found.get(name, []), examples[name], reader, choice)]
    if not rows:
        told = "; ".join(f"{n} left out: {reason}" for reason, n in sorted(left_out.items()))
        raise UsageError(f"{run.path}: no failure can be trained on{f': {told}' if told else ': there is none'}")
    sources = [(name, digest_of_texts(reader.texts(examples[name]))) for name in examples if found.get(name)]
    held = [row for name in examples if name in kept_out and isinstance(row := reader.row(examples[name], clean=True), Row)]
    return Augmented(tuple(rows), tuple(held), reader.columns, reader.label, reader.id, dict(left_out), tuple(sources))


def _check(manifest: Manifest, choice: Choice) -> None:
    if manifest.task not in LEARNABLE:
        raise UsageError(
            f"the task of the run is {manifest.task}: what is right there is a check of an answer or a rule, no answer to learn; "
            f"augment works for {', '.join(LEARNABLE)}"
        )
    unknown = [name for name in choice.recipes if name not in manifest.recipe_names]
    if unknown:
        raise UsageError(f"the run has no recipe {unknown[0]!r}; it has: {', '.join(manifest.recipe_names)}")
    if choice.split is not None and not manifest.finished:
        raise UsageError("the run is not finished, so the examples to keep out are not all known: robustness resume it first")


def _refused(row: Row, others: Sequence[Row], clean: Row | str, choice: Choice) -> str:
    """Why a row adds nothing; empty where it does."""
    if any(row.texts == other.texts for other in others):
        return "the same text as another failure of the example"
    if isinstance(clean, Row) and row.texts == clean.texts:
        return "the same text as the unperturbed one"
    if choice.per_example is not None and len(others) >= choice.per_example:
        return f"more than {choice.per_example} of an example"
    return ""


def _with_clean(rows: Sequence[Row], outcome: Outcome, reader: _Reader, choice: Choice) -> Iterator[Row]:
    if rows and choice.clean and isinstance(clean := reader.row(outcome, clean=True), Row):
        yield clean
    yield from rows


class _Reader:
    """Reads rows off outcomes, in the columns and labels of the data that the run read."""

    def __init__(self, manifest: Manifest) -> None:
        from robustness.tasks.registry import task_named
        from robustness.tasks.task import Space

        victim = manifest.victim
        self.fields = tuple(map(str, victim.get("fields", ())))
        self.supplied = tuple(map(str, victim.get("supplied", ())))
        own = self.fields[len(self.supplied) :]
        columns = manifest.data.get("columns") or {}  # runs of older versions do not say
        named = tuple(map(str, columns.get("text") or ()))
        self.columns = named if len(named) == len(own) else own
        self.label = str(columns.get("label") or "label")
        self.id = str(columns.get("id") or _free("id", (*self.columns, self.label)))
        self.task: Task[Any, Any] = task_named(manifest.task)
        self.space: Space = Space(tuple(map(str, victim.get("labels", ()))), self.fields)
        self.spelled: Mapping[str, str] = manifest.data.get("spelled") or {}

    def texts(self, outcome: Outcome, *, perturbed: bool = False) -> Input:
        """The texts that the data hold, with the attacked one as the attack left it or as it was."""
        changed = {outcome.field: outcome.perturbed} if perturbed and outcome.perturbed is not None else {}
        return tuple({**outcome.texts, **changed}[name] for name in self.fields[len(self.supplied) :])

    def row(self, outcome: Outcome, *, clean: bool = False) -> Row | str:
        """The row, or why there is none."""
        if not clean and outcome.field in self.supplied:
            return "what was attacked is the prompt, not a text of the data"
        texts = self.texts(outcome, perturbed=not clean)
        if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
            return "half a character, which is no text"
        cell = outcome.gold if outcome.gold is not None else outcome.reference
        if not clean and self.task.name == "ner":
            moved = self._moved(outcome, cell)
            if moved is None:
                return "an entity is gone from the text"
            cell = moved
        try:
            self.task.reference(cell, (*outcome.texts.values(),)[: len(self.supplied)] + texts, self.space)
        except ValueError:
            return "what is right does not fit the text any more"
        reference = self.spelled.get(cell, cell) if isinstance(cell, str) else cell
        return Row(outcome.example_id, CLEAN if clean else outcome.recipe, texts, reference, dict(outcome.meta))

    def _moved(self, outcome: Outcome, cell: Sequence[Sequence[Any]]) -> list[list[Any]] | None:
        """Labelled spans where they stand after the attack; None where one of them is gone."""
        from attacks.words import diff, moved

        edits = diff(outcome.texts[outcome.field], outcome.perturbed or "", "")
        found = [(moved(edits, int(start), int(end)), label) for start, end, label in cell]
        return None if any(place is None for place, _ in found) else [[*place, label] for place, label in found if place]


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name = f"{name}_"
    return name


def _claims(manifest: Manifest) -> Callable[[Outcome], str]:
    """Why an outcome's label may not hold any more, by what its recipe claims; empty where it does."""
    from attacks.constraints.polarity import Polarity
    from attacks.language.lexicon import BuiltinLexicon
    from attacks.preserves import needed_by
    from robustness.tasks.registry import task_named

    fields = len(manifest.victim.get("fields", ())) - len(manifest.victim.get("supplied", ()))
    needed = task_named(manifest.task).needs or needed_by(fields)
    records = {str(recipe["name"]): recipe for recipe in manifest.recipes}
    reasons: dict[str, str] = {}
    guarded = Polarity(BuiltinLexicon())

    def reason(outcome: Outcome) -> str:
        if outcome.recipe not in reasons:
            reasons[outcome.recipe] = _unclaimed(records[outcome.recipe], needed, manifest.profile)
        if not reasons[outcome.recipe] and "sentiment" in needed and _turned(outcome, guarded):
            return "a word of opposite polarity was put in, whatever the recipe claims"
        return reasons[outcome.recipe]

    return reason


def _unclaimed(record: Mapping[str, Any], needed: Sequence[str], profile: str) -> str:
    """Why a recipe's failures may have another label now; empty where it claims that they have not.

    A run says what its recipes claimed, as they were built for it. One of an older version does not: then the recipe of today
    is asked, built to preserve nothing but what it always does.
    """
    from attacks.preserves import missing
    from attacks.recipes import Options, registry

    name, claims = str(record["name"]), record.get("preserves")
    goal, moves = record.get("goal"), record.get("moves_marks")
    if not isinstance(claims, list):
        try:
            recipe = registry.build(name, Options(profile=profile))
        except Exception:  # noqa: BLE001 - a recipe of a package or resource that is not here: what it claims is not known
            return f"{name}: what it preserves is not known here"
        claims, goal, moves = list(recipe.preserves), recipe.goal, recipe.moves_marks
    if goal:
        return f"{name}: it has a goal of its own ({goal}), so the old label need not be right"
    lacks = () if moves else missing(claims, needed)
    return f"{name}: it does not claim to preserve {' and '.join(lacks)}" if lacks else ""


def _turned(outcome: Outcome, guard: Polarity) -> bool:
    from attacks.search import Candidate
    from attacks.words import Words

    return not guard.allows(Words(outcome.texts[outcome.field]), Candidate(outcome.perturbed or ""))


def _held_out(examples: Mapping[str, Outcome], manifest: Manifest, choice: Choice) -> frozenset[str]:
    """Ids of the examples that are kept out: of each stratum its share, groups and texts that are alike on one side.

    Raises:
        UsageError: too few examples for both sides.
    """
    if choice.split is None:
        return frozenset()
    units: dict[str, list[str]] = defaultdict(list)
    for name, outcome in examples.items():
        group = outcome.meta.get(manifest.group) if manifest.group is not None else None
        units[key_of(tuple(outcome.texts.values())) if group is None else f"group {group}"].append(name)
    strata: dict[str | None, list[str]] = defaultdict(list)
    for unit, members in units.items():
        strata[examples[members[0]].stratum].append(unit)
    kept_out: list[str] = []
    for stratum in sorted(strata, key=str):
        ranked = sorted(strata[stratum], key=lambda unit: _draw(choice.seed, unit))
        kept_out += ranked[round(len(ranked) * choice.split) :]
    if not kept_out or len(kept_out) == len(units):
        raise UsageError(f"--split {choice.split:g} of {len(units)} examples leaves one side empty; choose another share")
    return frozenset(name for unit in kept_out for name in units[unit])


def _draw(seed: int, unit: str) -> bytes:
    return blake2b(f"{seed}|{unit}".encode("utf-8", "surrogatepass"), digest_size=8).digest()


def extra_columns(rows: Iterable[Row]) -> list[str]:
    """Names of the data's other columns, in order."""
    return list(dict.fromkeys(name for row in rows for name in row.meta))
