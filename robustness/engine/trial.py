"""Runs one recipe on one example: seeds it, judges it, and writes down how it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from attacks.search import (
    Answer,
    BudgetExhaustedError,
    Candidate,
    Embed,
    Recipe,
    Search,
    Trial,
    UnansweredError,
    Verdict,
)
from attacks.search.priors import Priors
from attacks.word_counts import words_changed
from reports.files.secrets import redact
from reports.run import EditRecord, Judged, Outcome, Rung
from robustness.errors import RobustnessError, cut
from robustness.tasks.task import Seen

if TYPE_CHECKING:
    from robustness.data import Example
    from robustness.tasks.task import Goal, Space, Task

SCORE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """What every trial of a run shares. ``field``: index of the attacked field.

    ``budget``: the most queries of a trial, in a cascade of all trials of an example together; None for no limit.
    ``recipe_budget``: the most of one trial, in a cascade in place of the recipes' own limits. ``adaptive``: whether recipes that
    can learn from trials that ended before.

    ``confirm``: most fresh answers asked for each success, 0 for a victim that always answers alike. ``space``: what the victim
    reads and can answer. ``requests``: how many requests one query asks.
    """

    recipes: tuple[Recipe, ...]
    task: Task[Any, Any]
    goal: Goal[Any, Any]
    space: Space
    field: int = 0
    seed: int = 0
    budget: int | None = None
    cascade: bool = False
    recipe_budget: int | None = None
    adaptive: bool = False
    measure_similarity: bool = False
    confirm: int = 0
    requests: int = 1

    @property
    def labels(self) -> tuple[str, ...]:
        """The victim's, in the order of its scores."""
        return self.space.labels

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the text fields."""
        return self.space.fields

    def goal_of(self, recipe: Recipe) -> Goal[Any, Any]:
        """What counts as broken under a recipe: its own goal, or the run's."""
        return self.task.goal(recipe.goal, self.space) if recipe.goal else self.goal

    def budget_of(self, recipe: Recipe, spent: int = 0) -> Allowance:
        """What a recipe may ask of an example of which its earlier recipes have asked ``spent`` texts, the clean one included."""
        own = self.recipe_budget or (recipe.limit if self.cascade else None)
        if self.budget is None:
            return Allowance(own, whole=False)
        left = self.budget if not (self.cascade and spent) else max(1, self.budget - spent + 1)  # the clean text is asked once
        return Allowance(left, whole=self.cascade) if own is None or left <= own else Allowance(own, whole=False)


class Allowance(NamedTuple):
    """The most queries of one trial, None for no limit; ``whole``: it is what is left of the budget of a whole cascade."""

    queries: int | None
    whole: bool


SPENT = {"budget": "spent"}
"""Details of an untested trial for which the budget of its cascade left too little: that its example held says as little."""


def seed_of(seed: int, recipe: str, example_id: str) -> int:
    """The seed of one trial: a function of run seed, recipe and example id, and of nothing else."""
    digest = hashlib.blake2b(f"{seed}\x1f{recipe}\x1f{example_id}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def run_trial(
    plan: Plan,
    recipe: Recipe,
    example: Example,
    clean: Answer,
    *,
    clean_forwards: int,
    spent: int = 0,
    priors: Priors | None = None,
) -> Search[Outcome]:
    """Search one example with one recipe; every end is an outcome, a crash included.

    ``spent``: texts that earlier recipes of a cascade asked of the example. ``priors``: what the run has learned before.
    """
    allowance = plan.budget_of(recipe, spent)
    task, inputs, reference = plan.task, example.inputs, example.reference
    trial = Trial(
        inputs=inputs,
        field=plan.field,
        judge=task.judge_of(plan.goal_of(recipe), inputs, plan.field, reference, clean),
        clean=clean,
        rng=Random(seed_of(plan.seed, recipe.name, example.id)),
        budget=allowance.queries,
        example_id=example.id,
        confirm=plan.confirm,
        gold=reference if isinstance(reference, int) else 0,
        marks=task.marks(reference, inputs),
        recipe=recipe.name,
        say=lambda answer: task.show(answer, plan.space).text,
        target=_target(plan.goal_of(recipe), Seen(inputs, inputs, plan.field, reference, clean)),
        priors=priors if recipe.learns else None,
    )
    if not task.right_for(plan.goal_of(recipe), clean, Seen(inputs, inputs, plan.field, reference, clean)):
        if recipe.compares:
            trial.confirm = 0  # nothing here is a success, and the original reaches the goal as well
            yield from _attack(recipe, trial)
            trial.forget()
        return _outcome(plan, recipe, example, trial, "skipped", clean_forwards=clean_forwards)
    status, error = yield from _attack(recipe, trial)
    if status == "untested" and allowance.whole and trial.remaining == 0:
        trial.details |= SPENT
    similarity = None
    if status == "succeeded" and plan.measure_similarity:
        similarity = yield from _similarity(trial)
    return _outcome(plan, recipe, example, trial, status, clean_forwards=clean_forwards, similarity=similarity, error=error)


def _target(goal: Goal[Any, Any], seen: Seen[Any, Any]) -> str:
    """The text that a goal wants to be answered, where it wants one."""
    target = getattr(goal, "target", None)
    return "" if target is None else str(target(seen))


def _attack(recipe: Recipe, trial: Trial) -> Search[tuple[str, Mapping[str, str] | None]]:
    """How the search ended, and the error if it did in one.

    An attack that found nothing that the victim can tell from the original, or ran out of its budget before a fair try, has
    not tested the example: that does not count as survival.
    """
    try:
        yield from recipe.attack.search(trial)
        held, enough = "failed", 1
    except BudgetExhaustedError:
        held, enough = "exhausted", recipe.fair_try
    except UnansweredError as error:
        return "error", _written(error)
    except RobustnessError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug in an attack is an error outcome, never robustness
        return "error", {"type": type(error).__name__, "message": cut(error, 500)}
    if trial.won:
        return "succeeded", None
    if trial.tally.undecided:  # something was found that may be a break: the example neither held nor broke
        return "undecided", None
    return (held if trial.tally.distinct >= enough else "untested"), None


def _written(error: UnansweredError) -> dict[str, str]:
    """An error as an outcome holds it; ``kind`` where the victim returned what is no answer."""
    return {"type": error.type, "message": redact(str(error)), **({"kind": error.kind} if error.kind else {})}


def _similarity(trial: Trial) -> Search[float | None]:
    assert trial.winner is not None
    try:
        vectors = yield Embed((trial.text, trial.winner[0].text))
    except UnansweredError:
        return None  # an encoder that cannot read the text leaves the similarity unknown; the success stands
    return round(float(vectors[0] @ vectors[1]), SCORE_DECIMALS)


def crashed(plan: Plan, recipe: Recipe, example: Example, error: UnansweredError, *, clean_forwards: int) -> Outcome:
    """The outcome of a trial whose clean text could not be judged.

    A victim that was asked and returned no answer (``error.kind``) was not right: the example is skipped as a wrong one is. One
    that could not be asked is an error, which says nothing of the victim.
    """
    return Outcome(
        example_id=example.id,
        recipe=recipe.name,
        status="skipped" if error.kind else "error",
        **_right(plan, example),
        field=plan.fields[plan.field],
        texts=dict(zip(plan.fields, example.inputs, strict=True)),
        queries=1,
        forwards=clean_forwards * plan.requests,
        error=_written(error),
        meta=dict(example.meta),
        goal=plan.goal_of(recipe).name,
    )


def _outcome(
    plan: Plan,
    recipe: Recipe,
    example: Example,
    trial: Trial,
    status: str,
    *,
    clean_forwards: int,
    similarity: float | None = None,
    error: Mapping[str, str] | None = None,
) -> Outcome:
    found, verdict = trial.winner if trial.winner is not None else (trial.closest, trial.best)
    edits = found.edits(trial.text) if found else ()
    count = words_changed(trial.text, found.text if found else trial.text, edits)
    return Outcome(
        example_id=example.id,
        recipe=recipe.name,
        status=status,
        **_right(plan, example),
        field=plan.fields[plan.field],
        texts=dict(zip(plan.fields, example.inputs, strict=True)),
        clean=_record(plan, example, trial, trial.clean),
        best=_record(plan, example, trial, verdict, found) if found else None,
        perturbed=found.text if found else None,
        edits=tuple(EditRecord(**asdict(edit)) for edit in edits),
        queries=trial.queries,
        forwards=(trial.queries - 1 + clean_forwards) * plan.requests,
        words_changed=count.changed,
        words_inserted=count.inserted,
        words=count.words,
        similarity=similarity,
        proposed=trial.tally.proposed,
        rejected=trial.tally.rejected,
        no_ops=trial.tally.no_ops,
        attempted=trial.tally.attempted,
        distinct=trial.tally.distinct,
        indistinguishable=trial.tally.indistinguishable,
        unconfirmed=trial.tally.unconfirmed,
        fresh_asked=trial.tally.fresh_asked,
        fresh_reached=trial.tally.fresh_reached,
        undecided=trial.tally.undecided,
        control_asked=trial.tally.control_asked,
        control_reached=trial.tally.control_reached,
        unusable=dict(trial.tally.unusable),
        details=dict(trial.details),
        ladder=_ladder(plan, trial),
        error=error,
        meta=dict(example.meta),
        goal=plan.goal_of(recipe).name,
    )


def _right(plan: Plan, example: Example) -> dict[str, Any]:
    """What is right, as an outcome holds it."""
    task, space = plan.task, plan.space
    return {
        "reference": task.reference_in(example.reference, example.inputs[plan.field], space),
        "gold": task.cell(example.reference, space),
        "stratum": task.stratum(example.reference, space),
    }


def _record(plan: Plan, example: Example, trial: Trial, verdict: Verdict, found: Candidate | None = None) -> Judged:
    """An answer as it was judged, the clean one or that to ``found``."""
    asked = trial.inputs if found is None else trial.with_text(found.text)
    shown = plan.task.shown_in(verdict.answer, asked[plan.field], plan.space)
    seen = Seen(trial.inputs, asked, plan.field, example.reference, trial.clean.answer)
    return Judged(
        shown=shown.text,
        scores=None if shown.scores is None else tuple(map(_rounded, shown.scores)),
        score=_rounded(verdict.score),
        quality=None if verdict.quality is None else _rounded(verdict.quality),
        spans=tuple((span.start, span.end, span.label) for span in shown.spans),
        answer=shown.answer,
        measures=plan.task.measure(verdict.answer, seen),
        kind=plan.task.kind(verdict.answer, seen),
    )


def _rounded(value: float) -> float:
    return round(value, SCORE_DECIMALS)


def _ladder(plan: Plan, trial: Trial) -> tuple[Rung, ...]:
    return tuple(_rung(plan, severity, *rung) for severity, rung in sorted(trial.ladder.items()))


def _rung(plan: Plan, severity: int, candidate: Candidate, verdict: Verdict) -> Rung:
    return Rung(severity, plan.task.show(verdict.answer, plan.space).text, not verdict.reached, candidate.text)
