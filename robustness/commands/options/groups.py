"""Groups of flags: a frozen dataclass whose fields typer sees as flags of the command that takes it."""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_args, get_type_hints

from typer.core import TyperCommand, TyperGroup
from typer.models import OptionInfo

from robustness.errors import UsageError


@dataclass(frozen=True, slots=True)
class Flags:
    """The base of every group. A field is a flag that may be left out; a name that Python or another flag has, ends in ``_``."""

    PANEL: ClassVar[str] = "Run"
    """The panel of help in which the group's flags are shown; a flag may name another with ``rich_help_panel``."""

    def given(self) -> dict[str, Any]:
        """The flags that were given, under the names of the settings that they are for.

        A ``--no-…`` is given too where leaving the flag out means something else (``None``): a setting that is on unless told.
        """
        values = {field.name.rstrip("_"): getattr(self, field.name) for field in fields(self)}
        open_ = {field.name.rstrip("_") for field in fields(self) if field.default is None}
        return given(**values) | {name: False for name in open_ if values[name] is False}


DECIDING = (
    *("policy", "expect", "expect_base", "confidence", "max_regression", "max_broken"),
    *("min_robust_accuracy", "max_accuracy_drop", "max_attack_success_rate", "min_clean_accuracy", "min_examples"),
    *(
        "min_quality",
        "max_quality_drop",
        "min_certified",
        "tau",
        "space",
        "smooth",
        "erase",
        "radius",
        "max_attributable_success_rate",
    ),
    *("max_error_rate", "max_untested", "max_exhausted", "max_flip_rate", "fatal_flags", "accept_flags", "family_wise"),
)
"""Options that decide a verdict."""


class Once(TyperCommand):
    """A command whose deciding options have one value each: of two thresholds on one line, neither may win silently.

    Of other options the last one counts, as is usual where a script appends to a command.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As usual; raises ``UsageError`` for a deciding option that was given twice."""
        if not ctx.resilient_parsing:
            seen = Counter(parameter.name for parameter in self.make_parser(ctx).parse_args(args=list(args))[2])
            for option in self.params:
                if option.name in DECIDING and seen[option.name] > 1:
                    raise UsageError(f"{option.opts[0]} was given {seen[option.name]} times; give it once")
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Options in panels, names whole."""
        from robustness.commands.terminal.help import show_command

        show_command(self, ctx)


class Program(TyperGroup):
    """The program: its commands in panels."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Commands in panels, names whole."""
        from robustness.commands.terminal.help import show_group

        show_group(self, ctx)


def given(**values: Any) -> dict[str, Any]:
    """Only the values that were given."""
    return {key: value for key, value in values.items() if value is not None and value is not False}


def flattened(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each group that it takes replaced by the group's fields: typer has no groups of options."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Flags)}
    parameters = [
        parameter
        for name, one in inspect.signature(command).parameters.items()
        for parameter in (_of_group(groups[name]) if name in groups else (one.replace(annotation=hints[name]),))
    ]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        taken = {name: group(**{field.name: values.pop(field.name) for field in fields(group)}) for name, group in groups.items()}
        command(**taken, **values)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


_READ: dict[type[Flags], tuple[inspect.Parameter, ...]] = {}


def _of_group(group: type[Flags]) -> tuple[inspect.Parameter, ...]:
    """A group's flags as parameters: read once, for most commands take the same groups, and reading hints compiles each."""
    if group not in _READ:
        hints = get_type_hints(group, include_extras=True)
        for option in (part for hint in hints.values() for part in get_args(hint)[1:] if isinstance(part, OptionInfo)):
            option.rich_help_panel = option.rich_help_panel or group.PANEL
        _READ[group] = tuple(
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
            for field in fields(group)
        )
    return _READ[group]
