"""Flags that spread a run over processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from robustness.commands.options.groups import Flags


@dataclass(frozen=True, slots=True)
class ScaleFlags(Flags):
    """How many processes share the trials, and where they are. Change no outcome. Needs Ray."""

    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Share the trials among N processes, each with a victim of its own."),
    ] = None
    ray: Annotated[
        str | None,
        typer.Option("--ray", metavar="ADDRESS", help="Run the workers on the Ray cluster at this address, or auto."),
    ] = None
