"""What a run measured: per recipe, per example over all recipes, per severity, per query budget.

Errors and untested examples are in no denominator and are counted separately: they are neither robust nor broken. Each interval
allows for them: its lower end counts them all as broken, its upper end as robust. Skipped examples (the clean answer was
already wrong) count as wrong in every accuracy and are left out of every success rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.measures.intervals import CONFIDENCE, Proportion, mean, median
from reports.measures.sequential import share_of
from reports.run import STATUSES, Outcome, Run

BUDGETS = (50, 100, 500, 1000)
ATTACKED = ("succeeded", "failed", "exhausted")
DIALOGUE = "dialogue:"
"""What names of recipes begin with whose rungs are turns, not severities of noise: they have a table of their own."""
UNKNOWN = ("not judged", "untested")
"""Fates of examples that are neither robust nor broken."""
OPEN = ("error", "untested", "undecided")
"""Ends of trials that say nothing about the example either way."""


@dataclass(frozen=True, slots=True)
class RecipeMetrics:
    """One recipe. The three accuracies are None where it did not see every example (a cascade, an unfinished run).

    ``profile``: the constraint profile that its success rate holds under. ``n``: outcomes. ``judged``: those that were tested, or
    wrong on the clean text. ``found``: trials in which the search found a success; those that fresh answers confirmed are
    the ``succeeded`` ones. ``queries_per_success``: queries of all attacked trials over successes. ``words_changed``: mean share
    of words that successes changed; ``words_inserted``: mean number of words that they inserted besides. ``similarity``:
    mean over successes that have one. ``tried``: candidates asked about that the victim can tell from the original; a recipe
    that tried nothing proves nothing. ``success_at``: share of attacked trials won by their n-th query, None past the run's
    budget; a run with that budget plans for it and may win more, or fewer.
    """

    name: str
    profile: str
    n: int
    statuses: Mapping[str, int]
    judged: int
    found: int
    complete: bool
    clean_accuracy: Proportion | None
    accuracy_under_attack: Proportion | None
    accuracy_drop: Proportion | None
    attack_success_rate: Proportion
    queries_mean: float | None
    queries_median: float | None
    queries_per_success: float | None
    forwards_mean: float | None
    words_changed: float | None
    words_inserted: float | None
    similarity: float | None
    tried: int
    success_at: Mapping[int, float | None]
    budget_curve: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Overall:
    """The worst case over recipes, per example.

    ``robust_accuracy``: right on the clean text and broken by no recipe. ``attack_success_rate``: broken by at least one
    recipe, of those that were right. ``untested``: right examples of which no recipe had a fair try. ``not_judged``: examples
    that no recipe broke while one of them had an error, is missing, or found a success that fresh answers left open. Neither
    is in a denominator, both widen every interval from all broken to all robust. Clean accuracy is over all examples whose clean
    answer is known, the others over ``judged``.
    ``found``: examples on which a search found a success, confirmed or not. ``exhausted``: robust ones that held only until
    some budget was spent. ``unanswered``: those whose clean text got no answer that counts; they are among the wrong ones.
    """

    examples: int
    judged: int
    not_judged: int
    untested: int
    found: int
    exhausted: int
    clean_accuracy: Proportion
    robust_accuracy: Proportion
    accuracy_drop: Proportion
    attack_success_rate: Proportion
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a cascade: how many examples still stood, how many this recipe broke, and what is left standing after it."""

    recipe: str
    attacked: int
    broken: int
    errors: int
    robust_accuracy: Proportion


@dataclass(frozen=True, slots=True)
class Severity:
    """Accuracy of one ladder recipe at one severity. ``absent``: right examples whose text this severity left alone."""

    recipe: str
    severity: int
    accuracy: Proportion
    absent: int


def recipe_metrics(run: Run, name: str, outcomes: Sequence[Outcome], confidence: float = CONFIDENCE) -> RecipeMetrics:
    """Measure one recipe from its outcomes."""
    count = Counter(o.status for o in outcomes)
    attacked = [o for o in outcomes if o.status in ATTACKED]
    won = [o for o in attacked if o.status == "succeeded"]
    judged = [o for o in outcomes if o.status not in OPEN]
    unknown = [o.example_id for o in outcomes if o.status in OPEN]
    complete = len(outcomes) == run.manifest.due
    groups = groups_of(run, outcomes)

    def among(examples: Iterable[Outcome], *statuses: str) -> Proportion:
        hits = ((o.example_id, o.status in statuses) for o in examples)
        return share_of(run.manifest, hits, groups, confidence, unknown)

    def over_all(*statuses: str) -> Proportion | None:
        return among(judged, *statuses) if complete else None

    return RecipeMetrics(
        name=name,
        profile=profile_of(run, name),
        n=len(outcomes),
        statuses={status: count[status] for status in STATUSES},
        judged=len(judged),
        found=sum(was_found(o) for o in outcomes),
        complete=complete,
        clean_accuracy=_clean(run, {o.example_id: [o] for o in outcomes}, confidence, len(outcomes)) if complete else None,
        accuracy_under_attack=over_all("failed", "exhausted"),
        accuracy_drop=over_all("succeeded"),
        attack_success_rate=among(attacked, "succeeded"),
        queries_mean=mean([o.queries for o in attacked]),
        queries_median=median([o.queries for o in attacked]),
        queries_per_success=sum(o.queries for o in attacked) / len(won) if won else None,
        forwards_mean=mean([o.forwards for o in attacked]),
        words_changed=mean([o.words_changed / o.words for o in won if o.words]),
        words_inserted=mean([float(o.words_inserted) for o in won]),
        similarity=mean([o.similarity for o in won if o.similarity is not None]),
        tried=sum(o.distinct for o in attacked),
        success_at=_success_at(won, len(attacked), bound_of(run, name)),
        budget_curve=budget_curve((o.queries for o in won), len(attacked)),
    )


def profile_of(run: Run, recipe: str) -> str:
    """The constraint profile that a recipe ran under."""
    found = next((r for r in run.manifest.recipes if r["name"] == recipe), {})
    return str(found.get("profile") or run.manifest.profile)


def bound_of(run: Run, recipe: str) -> int | None:
    """The most queries that a trial of a recipe could have; in a cascade one may have had fewer."""
    found = next((r for r in run.manifest.recipes if r["name"] == recipe), {})
    own = run.manifest.search.get("recipe_budget") or found.get("limit")
    known = [bound for bound in (own, run.manifest.budget) if isinstance(bound, int)]
    return min(known, default=None)


def _success_at(won: Sequence[Outcome], attacked: int, budget: int | None) -> dict[int, float | None]:
    def at(queries: int) -> float | None:
        if not attacked or (budget is not None and budget < queries):
            return None
        return sum(o.queries <= queries for o in won) / attacked

    return {queries: at(queries) for queries in BUDGETS}


def budget_curve(won: Iterable[int], attacked: int, points: int = 200) -> tuple[tuple[int, float], ...]:
    """Steps (queries, share won by then), thinned to a bounded number; the last is always kept."""
    steps: dict[int, float] = {}
    for rank, queries in enumerate(sorted(won), start=1):
        steps[queries] = rank / attacked
    curve = list(steps.items())
    stride = -(-len(curve) // points) or 1
    return tuple(curve[::-1][::stride][::-1])


def by_recipe(run: Run) -> dict[str, list[Outcome]]:
    """Outcomes of each recipe, in the manifest's order of recipes; a recipe without outcomes is there with none."""
    groups: dict[str, list[Outcome]] = {name: [] for name in run.manifest.recipe_names}
    for o in run.outcomes:
        groups[o.recipe].append(o)
    return groups


def by_example(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes of each example, in order of first appearance."""
    groups: dict[str, list[Outcome]] = {}
    for o in outcomes:
        groups.setdefault(o.example_id, []).append(o)
    return groups


def groups_of(run: Run, outcomes: Iterable[Outcome]) -> dict[str, str] | None:
    """The group of each example by the column that the run declared; None where each is independent."""
    column = run.manifest.group
    return None if column is None else {o.example_id: str(o.meta.get(column)) for o in outcomes}


def was_found(outcome: Outcome) -> bool:
    """Whether the search found a success, whatever fresh answers then said of it."""
    return outcome.status == "succeeded" or outcome.unconfirmed + outcome.undecided > 0


def fate(statuses: Sequence[str], recipes: int) -> str:
    """What became of one example over a run's recipes: ``wrong``, ``broken``, ``robust``, ``untested`` or ``not judged``.

    Robust takes at least one recipe that had a fair try. In a cascade an example that was broken is not attacked again, so its
    later recipes have no outcome.
    """
    if "skipped" in statuses:
        return "wrong"
    if "succeeded" in statuses:
        return "broken"
    if {"error", "undecided"} & set(statuses) or len(statuses) < recipes:
        return "not judged"
    return "untested" if set(statuses) <= {"untested"} else "robust"


def overall(run: Run, outcomes: Iterable[Outcome], examples: int, confidence: float = CONFIDENCE) -> Overall:
    """Measure the worst case per example over these outcomes of a run; ``examples`` is how many there should be."""
    recipes, by_id = len(run.manifest.recipes), by_example(outcomes)
    fates = {example: fate([o.status for o in group], recipes) for example, group in by_id.items()}
    judged = {example: end for example, end in fates.items() if end not in UNKNOWN}
    right = {example: end for example, end in judged.items() if end != "wrong"}
    groups = groups_of(run, (group[0] for group in by_id.values()))
    unknown = [*(fates.keys() - judged.keys()), *_missing(examples - len(fates))]
    untested = sum(end == "untested" for end in fates.values())

    def share(among: Mapping[str, str], *ends: str) -> Proportion:
        hits = ((example, end in ends) for example, end in among.items())
        return share_of(run.manifest, hits, groups, confidence, unknown)

    return Overall(
        examples=examples,
        judged=len(judged),
        not_judged=max(0, len(unknown) - untested),
        untested=untested,
        found=sum(any(map(was_found, group)) for group in by_id.values()),
        exhausted=sum(_held_by_budget(group, recipes) for group in by_id.values()),
        clean_accuracy=_clean(run, by_id, confidence, examples),
        robust_accuracy=share(judged, "robust"),
        accuracy_drop=share(judged, "broken"),
        attack_success_rate=share(right, "broken"),
        unanswered=sum(any(o.no_answer for o in group) for group in by_id.values()),
    )


def _held_by_budget(outcomes: Sequence[Outcome], recipes: int) -> bool:
    statuses = [o.status for o in outcomes]
    spent = "exhausted" in statuses or any(o.details.get("budget") == "spent" for o in outcomes)
    return spent and fate(statuses, recipes) == "robust"


def _clean(run: Run, by_id: Mapping[str, Sequence[Outcome]], confidence: float, examples: int) -> Proportion:
    """Right on the clean text, of the examples that the victim was asked; a test that never took place does not hide it.

    One that it gave no answer to is not right. Those that it could not be asked for an error are not known.
    """
    said = {e: next((o.status != "skipped" for o in group if o.clean or o.no_answer), None) for e, group in by_id.items()}
    known = [(e, right) for e, right in said.items() if right is not None]
    unknown = [*(e for e, right in said.items() if right is None), *_missing(examples - len(said))]
    groups = groups_of(run, (group[0] for group in by_id.values()))
    return share_of(run.manifest, known, groups, confidence, unknown)


def _missing(examples: int) -> list[str]:
    """Names for examples without an outcome, and therefore without a group."""
    return [""] * max(0, examples)


def expected(run: Run) -> int:
    """How many examples there should be: all, those that a sequential run drew, or has drawn so far."""
    sequential = run.manifest.sequential
    if sequential and "drawn" not in sequential:
        return len({o.example_id for o in run.outcomes})
    return run.manifest.due


def stages(run: Run, confidence: float = CONFIDENCE) -> tuple[Stage, ...]:
    """The steps of a cascade; none where the run was not one. Only examples that the whole run judged are counted."""
    if not run.manifest.cascade:
        return ()
    recipes = len(run.manifest.recipes)
    groups = by_example(run.outcomes)
    judged = {e for e, group in groups.items() if fate([o.status for o in group], recipes) not in UNKNOWN}
    standing = {e for e in judged if not any(o.status == "skipped" for o in groups[e])}
    clusters = groups_of(run, run.outcomes)
    unknown = [*(groups.keys() - judged), *_missing(expected(run) - len(groups))]
    rows = []
    for name, outcomes in by_recipe(run).items():
        broken = {o.example_id for o in outcomes if o.status == "succeeded"}
        standing -= broken
        rows.append(
            Stage(
                recipe=name,
                attacked=sum(o.status in ATTACKED for o in outcomes),
                broken=len(broken),
                errors=sum(o.status == "error" for o in outcomes),
                robust_accuracy=share_of(run.manifest, ((e, e in standing) for e in judged), clusters, confidence, unknown),
            )
        )
    return tuple(rows)


def severities(run: Run, confidence: float = CONFIDENCE) -> tuple[Severity, ...]:
    """Accuracy by severity of the recipes that climb a ladder.

    Over the examples that have an answer at that severity and those that were wrong without noise, which count as wrong.
    Examples with an error, and those whose text this severity could not change, are left out; the latter are ``absent``.
    """
    rows: list[Severity] = []
    for name, outcomes in by_recipe(run).items():
        if name.startswith(DIALOGUE):
            continue
        levels = sorted({rung.severity for o in outcomes for rung in o.ladder})
        rows += [at_severity(run, name, level, outcomes, confidence) for level in levels]
    return tuple(rows)


def at_severity(run: Run, name: str, level: int, outcomes: Sequence[Outcome], confidence: float) -> Severity:
    """Accuracy on one rung of a ladder."""
    skipped = [(o.example_id, False) for o in outcomes if o.status == "skipped"]
    climbed = [o for o in outcomes if o.status in ATTACKED]
    answers = [(o.example_id, rung.held) for o in climbed for rung in o.ladder if rung.severity == level]
    return Severity(
        recipe=name,
        severity=level,
        accuracy=share_of(run.manifest, [*answers, *skipped], groups_of(run, outcomes), confidence),
        absent=len(climbed) - len(answers),
    )
