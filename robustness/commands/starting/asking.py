"""Questions with defaults: asked on a terminal, answered by their defaults anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import typer

from reports.files.text import visible
from robustness.commands.terminal import output
from robustness.commands.terminal.interrupts import prompting
from robustness.errors import RobustnessError, UsageError

T = TypeVar("T")


class Asking:
    """Asks for what no flag says. ``live``: somebody is there to answer."""

    def __init__(self, *, live: bool) -> None:
        self.live = live

    def value(
        self,
        question: str,
        given: str | None,
        default: str | None,
        read: Callable[[str], T],
        *,
        flag: str,
        shown: Sequence[str] = (),
    ) -> T:
        """The value of a flag, else of an answer, else of the default, as ``read`` reads it; a bad answer is asked for again.

        ``shown``: lines that help to answer. Raises ``UsageError`` where nobody can be asked and there is no default, or what the
        flag says cannot be read.
        """
        if given is not None:
            return read(given)
        if not self.live:
            if default is None:
                raise UsageError("\n".join([f"{question}? Nobody can be asked, and there is no default: give {flag}", *shown]))
            return read(default)
        for line in shown:
            output.warn(visible(line))
        while True:
            try:
                with prompting():
                    answer = typer.prompt(visible(question), default=None if default is None else visible(default), err=True)
            except typer.Abort:
                output.warn("")
                raise KeyboardInterrupt from None  # Ctrl-C, or the end of the input: nothing was written
            try:
                return read(str(answer).strip() if default is None or answer != visible(default) else default)
            except RobustnessError as problem:
                output.warn(*str(problem).split("\n"))
