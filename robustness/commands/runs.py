"""``robustness runs``: the runs under a folder, one line each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import complete, output

if TYPE_CHECKING:
    from reports.index import Entry

FolderArgument = Annotated[
    Path, typer.Argument(autocompletion=complete.run_folders, help="Where to look (default: runs).", metavar="[FOLDER]")
]


def runs(
    folder: FolderArgument = Path("runs"),
    json_: f.JsonFlag = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Folders alone, one a line.", rich_help_panel="Output")] = False,
) -> None:
    """List the runs under a folder, the latest first: victim, what was asked, verdict, robust accuracy.

    Verdicts are those of the reports; `robustness verify` tells whether they were edited.

    Example: robustness runs
    """
    from reports.index import runs_under

    found = runs_under(folder)
    if json_:
        output.answer([entry.to_dict() for entry in found])
        return
    if not found:
        output.warn(f"there is no run under {folder}; `robustness audit` writes one")
        return
    if quiet:
        output.say(*(str(entry.folder) for entry in found))
        return
    _table(found)
    stopped = next((entry for entry in found if entry.state == "stopped"), None)
    if stopped is not None:
        output.warn(f"a run that stopped goes on with: robustness resume {stopped.folder}")


def _table(found: list[Entry]) -> None:
    from rich import box
    from rich.table import Table

    this_year = max(entry.created for entry in found)[:5]
    rows = [(*_cells(entry, this_year), entry.problem or f"{entry.victim}, {'+'.join(entry.asked)}") for entry in found]
    heads = ("run", "made", "verdict", "still right", "victim, recipes")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for at, head in enumerate(heads[:-1]):
        widest = max(len(head), *(len(row[at]) for row in rows))
        table.add_column(head, no_wrap=True, min_width=widest, justify="right" if head == "still right" else "left")
    table.add_column(heads[-1], no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*row)
    output.console().print(table)


def _cells(entry: Entry, this_year: str) -> tuple[str, str, str, str]:
    made = entry.created[:16].removeprefix(this_year).replace("T", " ")
    right = "selected" if entry.selected else ""
    if entry.robust_accuracy is not None:
        right = f"{entry.robust_accuracy[0]:.1%} of {entry.examples}"
    return str(entry.folder), made, _verdict(entry), right


def _verdict(entry: Entry) -> str:
    if entry.state in ("running", "stopped"):
        return f"{entry.state} at {entry.trials}"
    if entry.state == "unreadable":
        return entry.state
    return entry.verdict or "no reports"
