"""Flags that say how fast a run goes: batches, searches in flight, processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from robustness.commands.options.groups import Flags, given

BatchFlag = Annotated[
    int | None,
    typer.Option("--batch-tokens", help="Most tokens in one batch (2,048, on a GPU by its memory). Changes no outcome."),
]
TimeoutFlag = Annotated[
    float | None,
    typer.Option("--victim-timeout", help="Seconds allowed for one batch (default 300); see --isolate."),
]


@dataclass(frozen=True, slots=True)
class AskingFlags(Flags):
    """How the victim is asked."""

    batch_tokens: BatchFlag = None
    victim_timeout: TimeoutFlag = None

    def oracle(self) -> dict[str, Any]:
        """As arguments of an oracle over the victim."""
        return given(batch_tokens=self.batch_tokens, timeout=self.victim_timeout)


@dataclass(frozen=True, slots=True)
class PaceFlags(Flags):
    """How searches are run and batched."""

    batch_tokens: BatchFlag = None
    in_flight: Annotated[
        int | None, typer.Option("--in-flight", help="Searches in flight at once (128, on a GPU 1,024). Changes no outcome.")
    ] = None
    victim_timeout: TimeoutFlag = None
    confirm: Annotated[
        int | None,
        typer.Option("--confirm", help="Fresh answers asked for each success of a victim whose answers vary (default 5)."),
    ] = None


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
