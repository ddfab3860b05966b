"""One line on stderr before something slow begins, so that nobody waits in front of an empty screen."""

from __future__ import annotations

from robustness.commands.terminal import output


def status(line: str, *, quiet: bool) -> None:
    """Say what is being done now."""
    if not quiet:
        output.warn(line)
