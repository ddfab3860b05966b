"""``robustness view``: the workbench, served on this machine or written as static files."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.errors import UsageError

FolderArgument = Annotated[Path, typer.Argument(help="Where the runs are (default: runs).", metavar="[FOLDER]")]
PortFlag = Annotated[
    int | None,
    typer.Option(
        "--port",
        metavar="PORT",
        min=0,
        max=65535,
        help="Port of 127.0.0.1 (default 7575, or any free one).",
        rich_help_panel="Run",
    ),
]
NoBrowserFlag = Annotated[
    bool, typer.Option("--no-browser", help="Print the address and open no browser.", rich_help_panel="Run")
]
BundleFlag = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="DIR", help="Write the pages as static files, and serve nothing.", rich_help_panel="Output"),
]
ForceFlag = Annotated[bool, typer.Option("--force", help="Write a bundle over what is there.", rich_help_panel="Output")]


def view(
    folder: FolderArgument = Path("runs"),
    port: PortFlag = None,
    no_browser: NoBrowserFlag = False,
    bundle: BundleFlag = None,
    force: ForceFlag = False,
    json_: f.JsonFlag = False,
) -> None:
    """Show all runs under a folder in a browser: sorted, live, side by side, victim by victim. Ctrl-C ends it.

    The pages are served on 127.0.0.1 to one browser, which comes with the token of the printed address, and change nothing.

    Example: robustness view
    """
    from reports.render.bench.catalogue import Catalogue

    if bundle is not None and (port is not None or no_browser):
        raise UsageError("--bundle writes files and serves nothing, so it takes neither --port nor --no-browser")
    if force and bundle is None:
        raise UsageError("--force is for --bundle: a served workbench writes nothing")
    if bundle is not None:
        from robustness.view.bundle import write_bundle

        written = write_bundle(folder, bundle, force=force)
        if json_:
            output.answer({"first": str(written[0]), "files": [str(path) for path in written]})
        else:
            output.say(f"{len(written)} pages; the first is {written[0]}")
        return
    Catalogue(folder).refuse_absent()
    _serve(folder, port, no_browser, json_)


def _serve(folder: Path, port: int | None, no_browser: bool, json_: bool) -> None:
    from robustness.view.server import Workbench

    workbench = Workbench(folder, port)
    with _quiet_end():
        _announce(folder, workbench.guard.url, json_=json_)
        if not no_browser:
            _open(workbench.guard.url)
        workbench.serve()


@contextmanager
def _quiet_end() -> Iterator[None]:
    """Ctrl-C is how this command ends, and nothing to speak of: neither an error nor something that goes on for a while."""
    ours = threading.current_thread() is threading.main_thread()
    listener = signal.set_wakeup_fd(-1) if ours else -1
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        if ours:
            signal.set_wakeup_fd(listener, warn_on_full_buffer=False)


def _announce(folder: Path, url: str, *, json_: bool) -> None:
    if json_:
        output.answer({"url": url})
        output.settle()  # now, and not when the command ends
    else:
        output.say(url)
        output.warn(f"the runs under {folder}, for one browser on this machine; Ctrl-C ends it")
        output.flush()


def _open(url: str) -> None:
    """Open the user's browser, if there is one; the printed address is there in any case."""
    import os
    import sys
    import webbrowser

    shown = sys.platform != "linux" or any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    if shown:  # else it could only be a text browser, which would take the terminal
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
