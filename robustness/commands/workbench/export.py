"""``robustness export``: a run's outcomes as a table, its failures as a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustness.commands.gate import RunArgument
from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.errors import UsageError


def export(
    run: RunArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write a table: .parquet, .csv or .jsonl.", rich_help_panel="Output"),
    ] = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="Only what broke the victim (default: every outcome).", rich_help_panel="Data")
    ] = False,
    to_dataset: Annotated[
        Path | None,
        typer.Option(
            "--to-dataset", metavar="DIR", help="Save a datasets.Dataset, for load_from_disk.", rich_help_panel="Output"
        ),
    ] = None,
    push_to_hub: Annotated[
        str | None,
        typer.Option(
            "--push-to-hub", metavar="NAME", help="Push a data set to the hub; private, see --public.", rich_help_panel="Output"
        ),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Let everybody see what --push-to-hub pushes.", rich_help_panel="Output")
    ] = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Write a run's outcomes as one flat table, or its failures as a data set.

    Example: robustness export runs/demo --out outcomes.parquet

    The texts of the run are in it. Exit codes: 0 written, 2 otherwise.
    """
    from reports.run.store import load_run
    from robustness.loggers.table import rows, writer_for

    if out is None and to_dataset is None and push_to_hub is None:
        raise UsageError("say where to: --out FILE, --to-dataset DIR or --push-to-hub NAME")
    if public and push_to_hub is None:
        raise UsageError("--public is said of --push-to-hub, which is not given")
    write = None if out is None else writer_for(out)
    if to_dataset is not None or push_to_hub is not None:
        from robustness.loggers.to_datasets import check_target

        check_target(to_dataset, push_to_hub)
    loaded = load_run(run)
    if not loaded.manifest.finished:
        output.warn(f"warning: {run} is not finished; this is what has ended so far")
    written: dict[str, int] = {}
    if out is not None and write is not None:
        written[str(out)] = write(loaded, rows(loaded, failures=failures), out)
    if to_dataset is not None or push_to_hub is not None:
        from robustness.loggers.to_datasets import dataset_of, push, save

        found = dataset_of(loaded, failures=failures)
        if to_dataset is not None:
            save(found, to_dataset)
            written[str(to_dataset)] = len(found)
        if push_to_hub is not None:
            push(found, push_to_hub, private=not public)
            written[push_to_hub] = len(found)
    if json_:
        output.answer({"rows": written})
    elif not quiet:
        for place, count in written.items():
            output.say(f"{count} {'failures' if failures else 'outcomes'}: {place}")
