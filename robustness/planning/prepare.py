"""Turns settings into the parts of a run: recipes, models beside the victim, oracles over them all, the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.recipes import Options
    from attacks.search import Recipe
    from robustness.engine.backends import VictimBackend
    from robustness.engine.cache import Memory
    from robustness.engine.engine import AnyOracle, Oracles
    from robustness.engine.trial import Plan
    from robustness.planning.languages import RunLanguage
    from robustness.settings import Settings
    from robustness.tasks.task import Task
    from robustness.victims.base import Victim, VictimInfo


ONE_TEXT = ("text",)


def chosen_recipes(
    settings: Settings,
    language: RunLanguage,
    labels: Sequence[str],
    fields: Sequence[str] = ONE_TEXT,
    task: Task[Any, Any] | None = None,
    access: str = "scores",
) -> tuple[Recipe, ...]:
    """The recipes that the settings name, kept from texts and spans that they may not touch.

    Of suites and patterns, those that are made for other tasks are left out. ``task``: None where it is not known yet.
    ``access``: what the victim gives; without scores to climb on, recipes search otherwise.

    Raises:
        UsageError: no recipe, an unknown one, one named twice, one of another task, or one that does not know the language of
            the texts.
    """
    from attacks import recipes as registry
    from attacks.recipes.without_scores import unless_flat, without_scores

    try:
        options = options_of(settings, language, fields, task)
        chosen = [recipe for spec in settings.recipes for recipe in registry.resolve(spec, options)]
    except registry.LanguageError as error:
        raise UsageError(language.refused(str(error))) from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    if is_cascade(settings):
        limits = registry.limits("standard", access)
        chosen = [replace(recipe, limit=limits.get(recipe.name)) for recipe in chosen]
    names = [recipe.name for recipe in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"recipes named twice: {', '.join(twice)}; name each once")
    if task is not None:
        chosen = _of_task(chosen, task.name, settings.recipes)
    if not chosen:
        raise UsageError("no recipe was named; see `robustness list recipes`")
    chosen = [without_scores(recipe) if access == "labels" else unless_flat(recipe) for recipe in chosen]
    return guarded(chosen, language, settings.protect, labels, marks=task is not None and task.protects)


def _of_task(recipes: Sequence[Recipe], task: str, named: Sequence[str]) -> list[Recipe]:
    """Those that make sense for a task; raises ``UsageError`` for one of another that was asked for by its own name."""
    fit = [recipe for recipe in recipes if not recipe.tasks or task in recipe.tasks]
    wrong = [recipe for recipe in recipes if recipe not in fit and recipe.name in named]
    if wrong or not fit:
        told = wrong or recipes
        raise UsageError(f"{told[0].name} is a recipe for the task {' or '.join(told[0].tasks)}; this run's task is {task}")
    return fit


def left_out(settings: Settings, language: RunLanguage) -> list[str]:
    """The members of the suites named that do not know the language of the texts."""
    from attacks import recipes as registry

    options = options_of(settings, language)
    return list(dict.fromkeys(name for spec in settings.recipes for name in registry.left_out(spec, options)))


def options_of(
    settings: Settings, language: RunLanguage, fields: Sequence[str] = ONE_TEXT, task: Task[Any, Any] | None = None
) -> Options:
    """What all recipes of a run are built with; task and fields say what must be preserved, unless the user does."""
    from attacks import recipes as registry
    from attacks.language.resources import Resources
    from attacks.preserves import needed_by
    from robustness.helpers.registry import specs

    resources = settings.resources or Resources()
    needed = task.needs if task is not None and task.needs else needed_by(len(fields))
    preserve = needed if settings.preserve is None else tuple(settings.preserve)
    return registry.Options(
        settings.profile, resources, language.code, language.named, preserve, settings.tagger, frozenset(specs(settings))
    )


def guarded(
    recipes: Iterable[Recipe], language: RunLanguage, protect: Sequence[str], labels: Sequence[str], *, marks: bool = False
) -> tuple[Recipe, ...]:
    """The recipes, each kept from texts that are certainly not in its languages, and from protected spans of the others.

    ``marks``: keep them from the spans that the task protects too.

    Raises:
        UsageError: an invalid pattern.
    """
    from attacks.protection import patterns
    from attacks.strategies.languages import InLanguage
    from attacks.strategies.protected import Protected

    try:
        found = patterns(protect, labels)
    except ValueError as error:
        raise UsageError(f"--protect: {error}") from error
    out = []
    for recipe in recipes:
        attack, parameters = recipe.attack, recipe.parameters
        marked = marks and not recipe.moves_marks
        if found or marked:
            named = [*dict.fromkeys(protect), *(["the task's spans"] if marked else [])]
            attack, parameters = Protected(attack, found, marked), (*parameters, ("protected", "; ".join(named)))
        if "*" not in recipe.languages:
            attack = InLanguage(attack, recipe.languages, language.named)
        out.append(replace(recipe, attack=attack, parameters=parameters))
    return tuple(out)


def oracles(
    settings: Settings, victim: Victim, backend: VictimBackend, recipes: Sequence[Recipe], models: Mapping[str, Any]
) -> Oracles:
    """An oracle over the victim, over each helper, and over gradients where a recipe wants them."""
    from robustness.engine.converse import over_victim
    from robustness.engine.engine import GRADIENTS, Oracles
    from robustness.engine.oracle import Oracle
    from robustness.helpers.registry import backend_of

    tokens, memory = settings.batch_tokens, _memory(settings)
    stores = {"encoder": memory.of_encoder} if memory else {}
    if memory and hasattr(victim, "keep_in"):
        victim.keep_in(memory)  # what came out of its channel
    by_role: dict[str, AnyOracle] = over_victim(backend, batch_tokens=tokens, memory=memory)
    for role, model in models.items():
        asked = backend_of(role, model)
        store = stores[role](model) if role in stores else None
        if memory and hasattr(asked, "store"):
            store = asked.store(memory)
        by_role[role] = Oracle(asked, batch_tokens=tokens, store=store)
    gradients = _gradients(victim, recipes, settings)
    return Oracles(by_role | ({GRADIENTS: gradients} if gradients else {}))


def _memory(settings: Settings) -> Memory | None:
    if settings.cache is None:
        return None
    from robustness.engine.cache import Memory

    return Memory(settings.cache)


def _gradients(victim: Any, recipes: Sequence[Recipe], settings: Settings) -> Any:
    if not any(recipe.access == "gradients" for recipe in recipes):
        return None
    from robustness.engine.gradients import GradientBackend
    from robustness.engine.oracle import Oracle

    return Oracle(GradientBackend(victim, timeout=settings.victim_timeout), batch_tokens=settings.batch_tokens)


def plan(settings: Settings, victim: Victim, recipes: Sequence[Recipe], *, similarity: bool, confirm: int = 0) -> Plan:
    """What every trial of the run shares; raises ``UsageError`` for a field that the victim does not have."""
    from robustness.engine.trial import Plan
    from robustness.tasks.registry import task_named
    from robustness.tasks.task import space_of

    info, task, space = victim.info, task_named(victim.info.task), space_of(victim)
    return Plan(
        recipes=tuple(recipes),
        task=task,
        goal=task.goal(task.seeded(settings.goal, settings.seed), space),
        space=space,
        field=attacked_field(settings, info),
        seed=settings.seed,
        budget=settings.budget,
        cascade=is_cascade(settings),
        recipe_budget=settings.recipe_budget,
        adaptive=settings.adaptive and any(recipe.learns for recipe in recipes),
        measure_similarity=similarity,
        confirm=confirm,
        requests=info.requests,
    )


def is_cascade(settings: Settings) -> bool:
    """Whether each recipe attacks only what the ones before it left standing."""
    return settings.recipes == ("standard",)


def attacked_field(settings: Settings, info: VictimInfo) -> int:
    """Index of the field to attack, by default the last; raises ``UsageError`` for one that the victim does not have."""
    fields = info.fields
    if settings.field is not None and settings.field not in fields:
        raise UsageError(f"the victim has no field {settings.field!r}; it has {list(fields)}")
    return fields.index(settings.field) if settings.field else len(fields) - 1
