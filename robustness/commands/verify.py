"""``robustness verify``: was any file of a run folder edited since it was sealed?"""

from __future__ import annotations

from typing import Annotated

import typer

from robustness.commands.gate import RunArgument
from robustness.commands.options import flags as f
from robustness.commands.terminal import output


def verify(
    run: RunArgument,
    expect: Annotated[
        str | None, typer.Option("--expect", help="The digest that the seal must have, kept elsewhere.", rich_help_panel="Gate")
    ] = None,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Check every file of a run against its seal: 0 as written, 1 edited, 3 not sealed.

    Example: robustness verify runs/demo
    """
    from reports.run import seal

    f.refuse_empty(expect, "--expect")
    found = seal.verify(run, expect)
    if json_:
        output.answer(found.to_dict())
        raise typer.Exit(found.exit_code)
    if not quiet:
        for file in found.files:
            output.say(f"{file.state:8} {file.name}")
    odd = sum(file.state != seal.INTACT for file in found.files)
    said = {
        "verified": f"VERIFIED: {len(found.files)} files are as they were sealed, digest {found.digest}",
        "edited": f"EDITED: {found.problem or f'{odd} of {len(found.files)} files are not as they were sealed'}",
        "unsealed": "UNSEALED: the folder has no seal.json, so nothing can be verified; `robustness report` writes one",
    }
    output.say(said[found.verdict])
    raise typer.Exit(found.exit_code)
