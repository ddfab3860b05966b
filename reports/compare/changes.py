"""What changed between two runs of the same examples: by measure, by recipe, by slice, and example by example."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from reports.measures.intervals import CONFIDENCE
from reports.measures.metrics import UNKNOWN, by_example, fate, groups_of
from reports.measures.paired import Pairs, holm, mcnemar, tabulate, tango, worse_than
from reports.measures.power import visible_drop
from reports.measures.slices import SMALL, label_parts, metadata_parts
from reports.run import Outcome, Run

ROBUST = "robust accuracy"
Fates = Mapping[str, Mapping[str, Outcome]]
"""Outcomes by example id, then by recipe."""
Held = Callable[[Mapping[str, Outcome]], bool | None]


@dataclass(frozen=True, slots=True)
class Change:
    """One rate in both runs. ``change``: candidate minus base, with its interval; None where there are no pairs.

    ``p``: exact McNemar, of any change; ``p_margin``: of a loss larger than the margin. ``p_holm``, ``p_margin_holm``: the same
    after Holm's correction over the questions asked together. ``visible``: the smallest drop that these many examples would
    have shown four times in five, at the churn seen here; None where none.
    """

    kind: str
    name: str
    pairs: Pairs
    change: float | None
    low: float
    high: float
    p: float
    p_holm: float
    p_margin: float
    p_margin_holm: float
    visible: float | None

    @property
    def title(self) -> str:
        """How reports name it."""
        return f"{self.kind} {self.name}".strip()

    @property
    def small(self) -> bool:
        """Whether there are too few pairs to read much into it."""
        return self.pairs.n < SMALL

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``comparison.json``."""
        table = {"n": self.pairs.n, "base": self.pairs.base, "candidate": self.pairs.candidate}
        return {**asdict(self), "pairs": {**asdict(self.pairs), **table}, "small": self.small}


@dataclass(frozen=True, slots=True)
class Case:
    """An example that held in one run and not in the other.

    ``recipes``: those that broke it; none where it was already wrong on the clean text. ``outcome``: the first break, or
    that clean answer. ``held``: what the same recipe came to in the run in which it held; None where it did not run there.
    """

    example_id: str
    recipes: tuple[str, ...]
    outcome: Outcome
    held: Outcome | None = None

    @property
    def how(self) -> str:
        """``broken`` by an attack, or ``wrong`` without one."""
        return "broken" if self.recipes else "wrong"

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``comparison.json``."""
        o = self.outcome
        answer = o.best if self.recipes else o.clean
        return {
            "example_id": self.example_id,
            "how": self.how,
            "recipes": list(self.recipes),
            "reference": o.reference,
            "answer": answer.shown if answer else None,
            "field": o.field,
            "text": o.texts.get(o.field, ""),
            "perturbed": o.perturbed if self.recipes else None,
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """The examples that both runs judged, in the base run's order.

    ``excluded``: how many had an error or are missing in either; ``untested``: how many had no fair try in either. ``groups``:
    the group of each example, by the column that either run declared; None where each is independent.
    """

    ids: tuple[str, ...]
    excluded: int
    untested: int
    base: Fates
    candidate: Fates
    recipes: tuple[str, ...]
    cascade: bool
    groups: Mapping[str, str] | None = None


def judged(base: Run, candidate: Run) -> Judged:
    """Pair up two runs. An example that any trial of either run could not judge is left out of every figure.

    Leaving it out of one recipe only would favour the run with the errors: what it broke would count, what held would not.
    """
    names = base.manifest.recipe_names
    before, after = _fates(base), _fates(candidate)
    both = [e for e in before if e in after and _complete(before[e], names) and _complete(after[e], names)]
    tested = [e for e in both if "untested" not in (_fate(before[e], names), _fate(after[e], names))]
    due = max(base.manifest.due, candidate.manifest.due, len(before.keys() | after.keys()))
    groups = groups_of(base, base.outcomes) or groups_of(candidate, candidate.outcomes)
    counts = (due - len(both), len(both) - len(tested))
    return Judged(tuple(tested), *counts, before, after, names, base.manifest.cascade, groups)


def _fates(run: Run) -> Fates:
    return {e: {o.recipe: o for o in group} for e, group in by_example(run.outcomes).items()}


def _complete(outcomes: Mapping[str, Outcome], recipes: Sequence[str]) -> bool:
    erred = any(o.status in ("error", "undecided") for o in outcomes.values())
    return not erred and _fate(outcomes, recipes) != "not judged"


def _fate(outcomes: Mapping[str, Outcome], recipes: Sequence[str]) -> str:
    return fate([outcomes[name].status for name in recipes if name in outcomes], len(recipes))


def measures(pairs: Judged, margin: float, confidence: float = CONFIDENCE) -> tuple[Change, ...]:
    """Robust accuracy, clean accuracy, then each recipe (in a cascade: what is left after each), corrected together.

    One recipe alone, and the last of a cascade, equals the robust accuracy and is not repeated.
    """
    names = pairs.recipes
    asked: list[tuple[str, str, Held]] = [
        (ROBUST, "", lambda outcomes: _fate(outcomes, names) == "robust"),
        ("clean accuracy", "", lambda outcomes: _fate(outcomes, names) != "wrong"),
    ]
    if pairs.cascade:
        asked += [("after", name, _stands(names[: at + 1])) for at, name in enumerate(names[:-1])]
    elif len(names) > 1:
        asked += [("recipe", name, _stands((name,))) for name in names]
    return corrected([(kind, name, _table(pairs, pairs.ids, held)) for kind, name, held in asked], margin, confidence)


def _stands(recipes: Sequence[str]) -> Held:
    """Whether an example held under these recipes; None where none of them had a fair try."""

    def held(outcomes: Mapping[str, Outcome]) -> bool | None:
        became = _fate(outcomes, recipes)
        return None if became in UNKNOWN else became == "robust"

    return held


def _table(pairs: Judged, ids: Iterable[str], held: Held) -> Pairs:
    """Both runs' answers side by side, of the examples that have one in each."""
    answers = [(e, held(pairs.base[e]), held(pairs.candidate[e])) for e in ids]
    known = [(e, base, candidate) for e, base, candidate in answers if base is not None and candidate is not None]
    groups = None if pairs.groups is None else [pairs.groups[e] for e, _, _ in known]
    return tabulate([(base, candidate) for _, base, candidate in known], groups)


def slices(pairs: Judged, base: Run, margin: float, confidence: float = CONFIDENCE) -> tuple[Change, ...]:
    """Robust accuracy on parts of the data, by the base run's labels and metadata, corrected among themselves."""
    held = _stands(pairs.recipes)
    found = []
    for column, value, inside in (*label_parts(base), *metadata_parts(base)):
        ids = [e for e in pairs.ids if e in inside]
        found.append(("slice", f"{column}={value}", _table(pairs, ids, held)))
    return corrected(found, margin, confidence)


def corrected(tables: Sequence[tuple[str, str, Pairs]], margin: float, confidence: float = CONFIDENCE) -> tuple[Change, ...]:
    """Changes from tables with a kind and a name each, their p-values corrected for being asked together."""
    return together([_change(*asked, margin, confidence) for asked in tables])


def together(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The same changes, corrected for having been asked together.

    The margin is set for robust accuracy, whose question about it is therefore left as it is; the others share as much again.
    """
    moved, beyond = holm([change.p for change in changes]), iter(holm([c.p_margin for c in changes if c.kind != ROBUST]))
    return tuple(
        replace(change, p_holm=p, p_margin_holm=change.p_margin if change.kind == ROBUST else next(beyond))
        for change, p in zip(changes, moved, strict=True)
    )


def _change(kind: str, name: str, table: Pairs, margin: float, confidence: float) -> Change:
    broken, fixed, n = table.worth(confidence)
    low, high = tango(broken, fixed, n, confidence)
    p, p_margin = mcnemar(broken, fixed), worse_than(margin, broken, fixed, n)
    churn = min(table.broken, table.fixed) / table.n if table.n else 0.0
    seen = visible_drop(int(n), churn, alpha=1 - confidence)
    return Change(kind, name, table, table.change, low, high, p, p, p_margin, p_margin, seen)


def newly_broken(pairs: Judged) -> tuple[Case, ...]:
    """Examples that held in the base run and do not in the candidate, as the candidate's run shows them."""
    return _moved(pairs, pairs.base, pairs.candidate)


def newly_fixed(pairs: Judged) -> tuple[Case, ...]:
    """Examples that hold in the candidate and did not in the base run, as the base run shows them."""
    return _moved(pairs, pairs.candidate, pairs.base)


def _moved(pairs: Judged, held: Fates, fell: Fates) -> tuple[Case, ...]:
    stands = _stands(pairs.recipes)
    moved = sorted(e for e in pairs.ids if stands(held[e]) and not stands(fell[e]))
    return tuple(_case(e, [fell[e][name] for name in pairs.recipes if name in fell[e]], held[e]) for e in moved)


def _case(example_id: str, outcomes: Sequence[Outcome], held: Mapping[str, Outcome]) -> Case:
    broken = [o for o in outcomes if o.status == "succeeded"]
    shown = (broken or outcomes)[0]
    return Case(example_id, tuple(o.recipe for o in broken), shown, held.get(shown.recipe))
