"""Flags that say what may be spent on a victim behind an API, and where its answers are recorded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from robustness.commands.options.groups import Flags

CassetteFlag = Annotated[
    Path | None,
    typer.Option(
        "--cassette",
        metavar="FILE",
        help="Answer everything from the cassette.jsonl of a run, with no network at all.",
        rich_help_panel="Run",
    ),
]


@dataclass(frozen=True, slots=True)
class CapFlags(Flags):
    """The most that may be spent. A cap is never passed; one that is reached ends the run, which is inconclusive then."""

    max_cost: Annotated[
        str | None, typer.Option("--max-cost", metavar="AMOUNT", help="Most money, in the currency of --prices, e.g. 2.50.")
    ] = None
    max_tokens_total: Annotated[
        int | None, typer.Option("--max-tokens-total", help="Most tokens, read and written together.")
    ] = None
    max_requests: Annotated[int | None, typer.Option("--max-requests", help="Most requests; retries are requests.")] = None
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="TOML file that says what a million tokens of input and output cost."),
    ] = None


CAPS = tuple(field.name for field in fields(CapFlags))
"""The settings that these flags are for."""


def without_caps(defaults: dict[str, Any], victim: str | None, cassette: Path | None) -> dict[str, Any]:
    """Defaults of a policy file without its caps, where they would limit nothing: a flag names a victim that costs nothing.

    Nor does one that is answered from a cassette cost anything.
    """
    from robustness.victims import is_endpoint

    free = cassette is not None or (victim is not None and not is_endpoint(victim))
    return {name: value for name, value in defaults.items() if not free or name not in CAPS}
