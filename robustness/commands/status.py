"""One line on stderr before something slow begins, so that nobody waits before an empty screen."""

from __future__ import annotations

import typer


def status(line: str, *, quiet: bool) -> None:
    """Say what is being done now."""
    if not quiet:
        from reports.text import visible

        typer.echo(visible(line).replace("\n", " "), err=True)
