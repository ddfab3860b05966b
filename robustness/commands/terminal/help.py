"""How ``--help`` looks: options in panels by what they are about, a name never cut, whatever the width of the terminal."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from robustness.commands.terminal import output

if TYPE_CHECKING:
    from rich.console import Console

PANELS = ("Victim", "Data", "Attack", "Gate", "Output", "Run")
"""The panels of options, in the order in which help shows them."""
COMMAND_PANELS = ("Audit", "Follow up", "Look", "Set up", "Go further")
"""The panels of commands, in the order in which help shows them."""
WIDEST = 34
"""Names up to this wide stand beside their help; under a longer one it begins on the next line."""
NARROW = 64
"""In a terminal no wider than this, help stands under the names."""


def show_command(command: Any, context: Any) -> None:
    """Print the help of one command; ``command`` and ``context``: those of the CLI library."""
    console = output.console()
    _head(console, command, context)
    visible = [one for one in command.get_params(context) if not getattr(one, "hidden", False)]
    arguments = [one for one in visible if one.param_type_name == "argument"]
    _panel(console, "Arguments", [(one.metavar or one.name.upper(), _of(one)) for one in arguments])
    for panel in PANELS:
        here = [one for one in visible if one not in arguments and panel_of(one) == panel]
        _panel(console, panel, [(spelled(one), _of(one)) for one in here])


def show_group(group: Any, context: Any) -> None:
    """Print the help of the program: its commands in panels, each with the first sentence of its own help."""
    console = output.console()
    _head(console, group, context)
    commands = [group.get_command(context, name) for name in group.list_commands(context)]
    shown = [one for one in commands if not one.hidden]
    widest = max(len(one.name) for one in shown)
    for panel in COMMAND_PANELS:
        here = [one for one in shown if (one.rich_help_panel or COMMAND_PANELS[-1]) == panel]
        _panel(console, panel, [(one.name, _summary(one)) for one in here], widest)
    options = [one for one in group.get_params(context) if not getattr(one, "hidden", False)]
    _panel(console, "Options", [(spelled(one), _of(one)) for one in options])


def panel_of(option: Any) -> str:
    """The panel of an option; those of the CLI library itself, such as --help, are about the run of the program."""
    return str(getattr(option, "rich_help_panel", None) or PANELS[-1])


def spelled(option: Any) -> str:
    """Every name of an option, and what stands for its value where it says so."""
    names = ", ".join(sorted(option.opts, key=len))
    against = f"/{'/'.join(option.secondary_opts)}" if option.secondary_opts else ""
    return f"{names}{against}{f' {option.metavar}' if option.metavar else ''}"


def _head(console: Console, command: Any, context: Any) -> None:
    from rich.padding import Padding
    from rich.text import Text

    text = inspect.cleandoc(command.help or "").partition("\f")[0]
    console.print(Text(f"Usage: {context.command_path} {_usage(command, context)}", style="bold"))
    for paragraph in text.split("\n\n"):
        console.print(Padding(Text(" ".join(paragraph.split())), (1, 1, 0, 1)))
    console.print()


def _usage(command: Any, context: Any) -> str:
    if hasattr(command, "list_commands"):
        return "COMMAND [OPTIONS]"
    arguments = [one for one in command.get_params(context) if one.param_type_name == "argument"]
    return " ".join(("[OPTIONS]", *(one.metavar or one.name.upper() for one in arguments)))


def _panel(console: Console, title: str, rows: Sequence[tuple[str, str]], widest: int | None = None) -> None:
    from rich.panel import Panel

    if rows:
        console.print(Panel(_rows(rows, widest, console.width), title=title, title_align="left", border_style="dim"))


def _rows(rows: Sequence[tuple[str, str]], widest: int | None, width: int) -> Any:
    """The rows of one panel. Beside each other where there is room, else one under the other: no name is ever cut."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    fitting = [len(name) for name, _ in rows if len(name) <= WIDEST]
    column = widest or max(fitting, default=WIDEST)
    parts: list[Any] = []
    for name, told in rows:
        if len(name) > column or width <= NARROW:
            parts += [Text(name, style="bold cyan", overflow="fold"), Padding(Text(told), (0, 0, 0, 4))]
            continue
        row = Table(box=None, show_header=False, pad_edge=False, expand=True, padding=(0, 2, 0, 0))
        row.add_column(width=column, no_wrap=True, style="bold cyan")
        row.add_column(ratio=1)
        row.add_row(Text(name), Text(told))
        parts.append(row)
    return Group(*parts)


def _of(parameter: Any) -> str:
    """The help of a parameter, with its default where it is a value and the help does not say it."""
    told = " ".join((getattr(parameter, "help", None) or "").split())
    default = parameter.default
    stated = default is not None and not callable(default) and default not in (False, True, (), "") and "default" not in told
    needed = " (needed)" if parameter.required and parameter.param_type_name == "option" else ""
    return f"{told}{f' (default {default})' if stated else ''}{needed}"


def _summary(command: Any) -> str:
    return " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
