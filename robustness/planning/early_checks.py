"""Mistakes that are cheap to find, found before a model is loaded: recipes, folder, victim's name, data and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.data.table import Table
    from robustness.settings import Settings
    from robustness.tasks.task import Task
    from robustness.victims.prompts.prompt import LoadedPrompt

_FIELDS_KNOWN = ("demo", "hf", "predictions", "scripted")


def check_settings(settings: Settings, *, out: str | Path | None = None, resume: bool = False) -> None:
    """Raise ``UsageError`` for recipes that are unknown or need what was not named, ``RunError`` for a folder that is taken."""
    from attacks.language.detection import survey
    from attacks.protection import LABELS
    from attacks.recipes import LanguageError
    from robustness.helpers.registry import check_helpers, needs, specs
    from robustness.planning.languages import RunLanguage
    from robustness.planning.preflight import check_needs
    from robustness.planning.prepare import chosen_recipes

    if out is not None and not resume:
        from reports.run.store import refuse_occupied

        refuse_occupied(Path(out))
    language = RunLanguage(settings.language or "en", settings.language is not None, survey(()))  # the texts may tell another
    settings = replace(settings, protect=[pattern for pattern in settings.protect if pattern != LABELS])  # none are known yet
    try:
        recipes = chosen_recipes(settings, language, ())
    except UsageError as error:
        if settings.language is None and isinstance(error.__cause__, LanguageError):
            return  # the texts have not been read yet: they may be in the language of the recipe
        raise
    _check_cache(settings.cache)
    check_needs(recipes, tuple(specs(settings, needs(recipes))))
    check_helpers(settings, needs(recipes))


def _check_cache(folder: str | Path | None) -> None:
    if folder is not None and Path(folder).exists() and not Path(folder).is_dir():
        raise UsageError(f"--cache expects a folder, and {folder} is a file; name another")


def check_goal(goal: str, task: str | None) -> None:
    """Raise ``UsageError`` for a goal that the task does not have, or, where the task is not known yet, that none has."""
    from robustness.tasks.registry import names, task_named

    if not goal:
        return
    if task is not None:
        task_named(task).check_goal(goal)
        return
    known = dict.fromkeys(kind.word for name in names() for kind in task_named(name).goals)
    if goal.partition(":")[0] not in known:
        raise UsageError(f"no task has a goal {goal!r}; there are: {', '.join(known)} (see `robustness list tasks`)")


def check_inputs(
    victim: Any,
    examples: Any,
    reading: Mapping[str, Any],
    opening: Mapping[str, Any],
    *,
    field: str | None = None,
    task: str | None = None,
    seed: int = 0,
) -> Any:
    """The examples, already read where they are a local file, so that its faults are reported before the victim is loaded.

    Raises:
        UsageError: a victim that cannot be meant, no data, a field that the victim does not have.
        DataError: data that cannot be read, or whose columns cannot be chosen.
    """
    if opening.get("through"):
        from robustness.channels import check_channel

        check_channel(opening["through"])
    if opening.get("normalise"):
        from robustness.harden.kept import normaliser_of

        normaliser_of(opening["normalise"])
    kind, name, label = "", "", ""
    if isinstance(victim, str):
        from robustness.victims import check_spec

        kind, name = check_spec(victim, opening)
        label = name.partition("#")[2] if kind == "hf" else ""
    if examples is None and victim != "demo":
        raise UsageError("no data was named; give --data FILE (only the demo victim brings its own examples)")
    loaded = _prompt(victim, opening, task, seed)
    fields = tuple(opening.get("fields") or (("text",) if kind in _FIELDS_KNOWN and _of_classes(kind, name) else ()))
    supplied: tuple[str, ...] = ()
    if loaded is not None:
        supplied = tuple(name for name, _ in loaded.supplied)
        fields = loaded.fields[len(supplied) :]
    if field is not None and fields and field not in (*supplied, *fields):
        raise UsageError(f"the victim has no field {field!r}; it has {[*supplied, *fields]}")
    if not isinstance(examples, (str, Path)) or str(examples).startswith("hub:"):
        return examples
    from robustness.data.sources import ReadOptions, read_table

    format_, split, encoding = (reading.get(name) for name in ("format", "split", "encoding"))
    table = read_table(examples, ReadOptions(format_, split, encoding, False, fields, tuple(reading.get("columns") or ())))
    _check_columns(
        table, reading, fields, (f"not {label}", label) if label else (), lone=kind == "hf" and not label and loaded is None
    )
    return table


def _of_classes(kind: str, name: str) -> bool:
    """Whether a victim answers with classes, as far as its name tells; a scripted one may have another task."""
    from robustness.tasks.registry import DEFAULT
    from robustness.victims.scripted import SCRIPTED

    script = SCRIPTED.get(name.partition(":")[0]) if kind == "scripted" else None
    return script is None or script.task == DEFAULT


def _prompt(victim: Any, opening: Mapping[str, Any], task: str | None, seed: int) -> LoadedPrompt | None:
    """The prompt that a victim is opened with, read so that its faults are found now; None for a template or none at all."""
    from robustness.victims import takes
    from robustness.victims.prompts.load import is_prompt, load_prompt

    prompt = opening.get("prompt")
    if not isinstance(victim, str) or not takes(victim, "prompt") or not is_prompt(prompt):
        return None
    return load_prompt(str(prompt), task=task, labels=opening.get("labels"), fields=opening.get("fields"), seed=seed)


def task_of_data(victim: Any, data: Any) -> str | None:
    """The task that the columns of a table suggest, for a victim that does not state its own; None where they leave it open."""
    from robustness.data.columns import LABEL_NAMES, usual
    from robustness.data.table import Table
    from robustness.tasks.registry import DEFAULT, names, task_named

    silent = not hasattr(victim, "info") and (not isinstance(victim, str) or victim.startswith(("python:", "command:", "null:")))
    if not silent or not isinstance(data, Table) or usual(data.columns, LABEL_NAMES):
        return None
    fits = {name: _fit(task_named(name), data.columns) for name in names() if name != DEFAULT}
    best = max(fits.values())
    told = [name for name, fit in fits.items() if fit == best > 0]
    return told[0] if len(told) == 1 else None


def _fit(task: Task[Any, Any], columns: Sequence[str]) -> int:
    """How much columns speak of a task: of all its fields, of a text that is its own, of what is right alone; 0 of nothing."""
    from robustness.data.columns import TEXT_NAMES, usual

    if not usual(columns, task.references):
        return 0
    if len(task.fields) > 1:
        return 3 if len(usual(columns, task.fields)) == len(task.fields) else 0
    if task.texts:
        return 2 if usual(columns, task.texts) else 0
    return 1 if usual(columns, TEXT_NAMES) else 0


def _check_columns(
    table: Table, reading: Mapping[str, Any], fields: tuple[str, ...], labels: tuple[str, ...], *, lone: bool
) -> None:
    """Choose the columns as they will be chosen, where that needs nothing that only a loaded victim tells."""
    from robustness.data.columns import LABEL_NAMES, choose_columns
    from robustness.data.examples import wanted

    named = reading.get("label") is not None or any(c.casefold() in LABEL_NAMES for c in table.columns)
    if fields and (named or not lone):  # the one label of a lone output may be the name of the column
        how = wanted(table, reading.get("text"), reading.get("label"), reading.get("id"), reading.get("group"), fields, labels)
        choose_columns(table.source, table.columns, how)
