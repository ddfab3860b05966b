"""``robustness log``: tell MLflow or Weights & Biases of a run that is there."""

from __future__ import annotations

from typing import Annotated

import typer

from robustness.commands.gate import RunArgument
from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.errors import RobustnessError, UsageError, cut


def log(
    run: RunArgument,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="SERVICE", help="mlflow or wandb; may be given twice.", rich_help_panel="Output"),
    ] = None,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Log a finished run to MLflow or Weights & Biases: parameters, metrics with intervals, the verdict, reports and failures.

    Example: robustness log runs/demo --to mlflow

    One that was logged before, while it was written or since, is written over and not doubled. Exit codes: 0, or 2 where the run
    cannot be read or the service cannot be reached.
    """
    from reports.run.store import read_manifest
    from robustness.loggers.record import record_of
    from robustness.loggers.registry import open_sinks

    if not to:
        raise UsageError("name a service with --to: mlflow or wandb")
    sinks = open_sinks(to)
    if not read_manifest(run).finished:
        raise UsageError(f"{run} is not finished: `robustness resume {run}` goes on with it, and --log there logs it on the way")
    record = record_of(run)
    places = []
    for name, sink in zip(dict.fromkeys(to), sinks, strict=True):
        try:
            sink.begin(record)
            places.append(sink.finish(record))
        except RobustnessError:
            raise
        except Exception as error:  # whatever the service's own library raises
            raise RobustnessError(f"{run} was not logged to {name}: {cut(error)}") from error
    if json_:
        output.answer({"key": record.key, "verdict": record.verdict, "places": places})
    elif not quiet:
        for place in places:
            output.say(place)
