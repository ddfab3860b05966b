"""Whether a run is as it was sealed: checked against a digest kept elsewhere, and reported beside what was found in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.run.seal import Verification

ExpectFlag = Annotated[
    str | None,
    typer.Option(
        "--expect", help="The digest that the run's seal must have, kept elsewhere.", metavar="DIGEST", rich_help_panel="Gate"
    ),
]


def check_seal(folder: Path, expect: str | None, flag: str = "--expect") -> Verification:
    """The folder checked against its seal; raises ``RunError`` where a digest was expected and the run is not that one."""
    from reports.run import RunError
    from reports.run.seal import verify

    f.refuse_empty(expect, flag)
    if expect is not None and not folder.is_dir():
        raise UsageError(f"{flag} needs a run folder, because the seal is in it; got {folder}")
    found = verify(folder, expect)
    if expect is not None and found.verdict != "verified":
        raise RunError(f"{folder} is not the run that {flag} names: {found.sentence()}")
    return found


def check_source(failures: Path, expect: str | None) -> Verification | None:
    """The run folder that failures come from, checked against its seal; None for a file on its own, which no seal covers."""
    if expect is None and not failures.is_dir():
        return None
    return check_seal(failures, expect)


def tell_seal(found: Verification, *, quiet: bool) -> None:
    """Say whether a run is sealed, and its digest; on stderr where stdout is for the verdict alone."""
    (output.warn if quiet else output.say)(found.sentence())
