"""``robustness list``: what there is to choose from."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import output

if TYPE_CHECKING:
    from collections.abc import Sequence


JSON_ONLY = ("url", "languages", "preserves")
WIDEST_WORD = 16
"""A column is at least as wide as its longest word, up to this."""


class Kind(StrEnum):
    """What can be listed."""

    recipes = "recipes"
    parts = "parts"
    transformations = "transformations"
    constraints = "constraints"
    victims = "victims"
    tasks = "tasks"
    prompts = "prompts"


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    profile: f.ProfileFlag = None,
    json_: f.JsonFlag = False,
) -> None:
    """List recipes, transformations, constraints, victims, tasks or prompts with what a choice among them needs.

    `parts` are what recipes can be composed of.

    Example: robustness list recipes
    """
    rows = {
        "recipes": _recipes,
        "parts": _parts,
        "transformations": _transformations,
        "constraints": _constraints,
        "victims": _victims,
        "tasks": _tasks,
        "prompts": _prompts,
    }[kind](profile or "paper")
    if json_:
        output.answer(rows)
    else:
        _table(rows)


def _prompts(profile: str) -> list[dict[str, Any]]:
    from robustness.victims.prompts.load import load_prompt, shipped

    found = [(name, load_prompt(name)) for name in shipped()]
    return [
        {
            "name": name,
            "task": one.task or "",
            "fields": ", ".join(one.fields),
            "answers": ", ".join(one.words) or "a text",
            "asks": one.supplied[0][1] if one.supplied else "",
        }
        for name, one in found
    ]


def _recipes(profile: str) -> list[dict[str, Any]]:
    from attacks import recipes as registry

    options = registry.Options(profile=profile)
    found = [recipe for name in registry.names() for recipe in registry.resolve(name, options)]
    return [
        {
            "name": r.name,
            "level": r.level,
            "access": r.access,
            "needs": ", ".join(r.needs),
            "languages": ", ".join(r.languages),
            "preserves": ", ".join(r.preserves),
            "citation": r.citation.text,
            "url": r.citation.url,
        }
        for r in found
    ]


def _parts(_: str) -> list[dict[str, Any]]:
    from attacks.recipes.composing import KINDS, entries, parameter_printed

    return [
        {
            "name": entry.name,
            "kind": kind,
            "told": ", ".join(map(parameter_printed, entry.parameters)),
            "what": entry.summary,
        }
        for kind in KINDS
        for entry in entries(kind).values()
    ]


def _transformations(_: str) -> list[dict[str, Any]]:
    from attacks.transformations import transformations

    return [
        {
            "name": t.name,
            "level": t.level,
            "languages": ", ".join(t.languages),
            "preserves": ", ".join(t.preserves),
            "description": t.description,
            "citation": t.citation.text,
        }
        for t in transformations()
    ]


def _constraints(_: str) -> list[dict[str, Any]]:
    from attacks.constraints import constraints

    return [{"name": c.name, "rule": c.describe(), "constraint": repr(c)} for c in constraints()]


def _victims(_: str) -> list[dict[str, Any]]:
    from robustness.victims import victims

    return [{"name": v.spec, "access": v.access, "what": v.summary, "options": ", ".join(v.options)} for v in victims()]


def _tasks(_: str) -> list[dict[str, Any]]:
    from robustness.tasks.registry import names, task_named

    return [
        {
            "name": task.name,
            "what": task.summary,
            "goals": "; ".join(f"{goal.spec}: {goal.summary}" for goal in task.goals),
            "reference": ", ".join(task.references) + ("" if task.reference_needed else " (or none)"),
        }
        for task in map(task_named, names())
    ]


def _table(rows: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = [key for key in rows[0] if key not in JSON_ONLY]
    for column in columns:
        longest = max((len(word) for row in rows for word in str(row[column]).split()), default=1)
        table.add_column(column, overflow="fold", no_wrap=column == "name", min_width=min(longest, WIDEST_WORD))
    for row in rows:
        table.add_row(*(Text(str(row[column])) for column in columns))
    output.console().print(table)
