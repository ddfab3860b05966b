"""``robustness list``: what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import output

if TYPE_CHECKING:
    from collections.abc import Sequence

Rows = list[dict[str, Any]]
LONG_ONLY = ("url", "languages", "preserves", "citation", "constraint", "options", "level", "asks", "reference")
"""Columns that only --long, or --json, shows."""
WIDEST_WORD = 16
"""A column is at least as wide as its longest word, up to this."""


def _complete(incomplete: str) -> list[str]:
    return [kind for kind in LISTS if kind.startswith(incomplete)]


def list_(
    kind: Annotated[
        str,
        typer.Argument(
            help="What to list: recipes, suites, victims, tasks, prompts, transformations, constraints, or parts, which are what "
            "recipes can be composed of.",
            metavar="KIND",
            autocompletion=_complete,
        ),
    ],
    long: Annotated[
        bool, typer.Option("--long", help="Everything: citations, access, languages, options.", rich_help_panel="Output")
    ] = False,
    profile: f.ProfileFlag = None,
    json_: f.JsonFlag = False,
) -> None:
    """List recipes and suites, victims, tasks, prompts or parts of recipes: what each is and what it needs.

    Example: robustness list recipes
    """
    if kind not in LISTS:
        from robustness.victims.names import unknown

        raise unknown("list of", kind, LISTS)
    rows = LISTS[kind](profile or "paper")
    if json_:
        output.answer(rows)
    elif long:
        _blocks(rows)
    elif kind in PRINTED:
        PRINTED[kind](rows)
    else:
        _table(rows)


def _prompts(profile: str) -> Rows:
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


def _recipes(profile: str) -> Rows:
    from attacks import recipes as registry
    from attacks.summaries import RECIPES

    options = registry.Options(profile=profile)
    found = [recipe for name in registry.names() for recipe in registry.resolve(name, options)]
    return [
        {
            "name": r.name,
            "what": RECIPES.get(r.name, ""),
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


def _suites(_: str) -> Rows:
    from attacks import recipes as registry
    from attacks.summaries import SUITES

    return [{"name": name, "what": SUITES[name], "recipes": list(registry.suites()[name])} for name in SUITES]


def _parts(_: str) -> Rows:
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


def _transformations(_: str) -> Rows:
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


def _constraints(_: str) -> Rows:
    from attacks.constraints import constraints

    return [{"name": c.name, "rule": c.describe(), "constraint": repr(c)} for c in constraints()]


def _victims(_: str) -> Rows:
    from robustness.victims import victims

    return [{"name": v.spec, "access": v.access, "what": v.summary, "options": ", ".join(v.options)} for v in victims()]


def _tasks(_: str) -> Rows:
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


LISTS: Mapping[str, Callable[[str], Rows]] = {
    **{"recipes": _recipes, "suites": _suites, "victims": _victims, "tasks": _tasks, "prompts": _prompts},
    **{"parts": _parts, "transformations": _transformations, "constraints": _constraints},
}
NEEDED = {"scores": "", "blind": ""}
"""What a recipe needs of the victim's access, where that is worth a word."""
LEGEND = (
    "In brackets: what a recipe needs. labels: answers are enough; gradients: the victim's weights; neither: its scores. "
    "`robustness list recipes --long` adds citations, access and languages."
)


def _print_recipes(rows: Rows) -> None:
    """One line a recipe, searching ones first; then the suites."""
    searching = [row for row in rows if row["access"] != "blind"]
    once = [row for row in rows if row["access"] == "blind"]
    lines("Recipes that search for what breaks the victim", [(row["name"], _with_needs(row)) for row in searching])
    lines("Recipes of natural noise, asked once, no search", [(row["name"], _with_needs(row)) for row in once])
    _print_suites(_suites(""))
    _note(LEGEND)


def _with_needs(row: dict[str, Any]) -> str:
    needs = ", ".join(part for part in (NEEDED.get(row["access"], row["access"]), row["needs"]) if part)
    return f"{row['what']}{f' [{needs}]' if needs else ''}"


def _print_suites(rows: Rows) -> None:
    lines("Suites", [(row["name"], _with_members(row)) for row in rows])


def _with_members(row: dict[str, Any]) -> str:
    members = row["recipes"]
    return f"{row['what']}: {', '.join(members) if len(members) <= 5 else f'{len(members)} recipes {members[0]} …'}"


def _print_victims(rows: Rows) -> None:
    lines("", [(row["name"], row["what"].replace("``", "")) for row in rows])
    _note("`robustness list victims --long` adds what each answers and its options.")


def _print_tasks(rows: Rows) -> None:
    from robustness.tasks.registry import task_named

    for row in rows:
        lines("", [(row["name"], row["what"])])
        lines("", [(goal.spec, goal.summary) for goal in task_named(row["name"]).goals], indent=2)
    _note("Under each task: what may count as broken, for --goal. `--long` adds the columns that say what is right.")


def _note(text: str) -> None:
    from rich.text import Text

    output.console().print(Text(f"\n{text}"))


PRINTED: Mapping[str, Callable[[Rows], None]] = {
    **{"recipes": _print_recipes, "suites": _print_suites, "victims": _print_victims, "tasks": _print_tasks},
}


def lines(title: str, rows: Sequence[tuple[str, str]], *, indent: int = 0) -> None:
    """Names and sentences in two columns; a name longer than its column has its sentence on the next line."""
    from rich.padding import Padding
    from rich.text import Text

    console = output.console()
    if title:
        console.print()
        console.print(Text(title, style="bold"))
    fitting = [len(name) for name, _ in rows if len(name) <= console.width // 3 + 2]
    column = max(fitting, default=0) + 2
    for name, told in rows:
        if len(name) + 2 <= column and console.width - column - indent >= 30:
            for at, line in enumerate(Text(told).wrap(console, console.width - column - indent)):
                console.print(Text(f"{' ' * indent}{'' if at else name:<{column}}{line.plain.rstrip()}"), soft_wrap=True)
            continue
        console.print(Text(f"{' ' * indent}{name}"), soft_wrap=True)
        console.print(Padding(Text(told), (0, 0, 0, indent + 4)))


def _blocks(rows: Rows) -> None:
    """Each entry under its name, one line a field."""
    for row in rows:
        output.say(row["name"])
        lines("", list(_fields(row)), indent=2)


def _fields(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in row.items():
        if key != "name" and value not in ("", [], ()):
            shown = "none, it is asked once" if (key, value) == ("access", "blind") else value
            yield key, ", ".join(map(str, shown)) if isinstance(shown, list) else str(shown)


def _table(rows: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = [key for key in rows[0] if key not in LONG_ONLY]
    for column in columns:
        longest = max((len(word) for row in rows for word in str(row[column]).split()), default=1)
        table.add_column(column, overflow="fold", no_wrap=column == "name", min_width=min(longest, WIDEST_WORD))
    for row in rows:
        table.add_row(*(Text(str(row[column])) for column in columns))
    output.console().print(table)
