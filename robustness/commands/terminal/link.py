"""The last line of a command that wrote a page: where to click; and ``--open``, which shows it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustness.commands.terminal import output

OpenFlag = Annotated[bool, typer.Option("--open", help="Open the page in the browser at the end.", rich_help_panel="Output")]


def tell_page(page: Path, *, opened: bool, quiet: bool) -> None:
    """Say where a page is, as a ``file://`` link on a line of its own, unless ``quiet``; open it if asked."""
    if not page.is_file():
        return
    uri = page.resolve().as_uri()
    if not quiet:
        from rich.text import Text

        console = output.console()
        style = f"link {uri}" if console.is_terminal else ""
        console.print(Text(uri, style=style), soft_wrap=True)
    if opened:
        import webbrowser

        if not webbrowser.open(uri):
            output.warn(f"no browser could be opened; the page is {uri}")
