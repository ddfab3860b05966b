"""``--force``: an output folder that is in the way is replaced, if it is one of ours."""

from __future__ import annotations

from typing import Annotated

import typer

ForceFlag = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Replace what is in --out, if robustness wrote it and nothing else lies there.",
        rich_help_panel="Output",
    ),
]
