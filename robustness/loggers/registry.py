"""The services that a run can be told to, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Protocol

from robustness.errors import MissingExtraError, UsageError
from robustness.loggers.record import Record

NAMES = ("mlflow", "wandb")


class Sink(Protocol):
    """A service while one run is told to it. May raise anything: whoever calls it sees to that."""

    def check(self, *, offline: bool) -> None:
        """Raise ``UsageError`` where it can never be reached as things are set up; touches no network."""

    def begin(self, record: Record) -> None:
        """The run begins or goes on: continue what was told of this key before, or begin anew."""

    def progress(self, metrics: Mapping[str, float], step: int) -> None:
        """Where the run stands after so many trials."""

    def finish(self, record: Record) -> str:
        """The run is finished: metrics, verdict, files. Where to look at it; empty where there is no such place."""

    def leave(self) -> None:
        """The run stopped before it was finished; it may go on later."""


def open_sinks(names: Sequence[str], *, offline: bool = False) -> list[Sink]:
    """The services of these names, each once, checked as far as that needs no network.

    Raises:
        UsageError: an unknown name, or one that is not set up.
        MissingExtraError: its library is not installed.
    """
    sinks = []
    for name in dict.fromkeys(names):
        sink = _sink(name)
        sink.check(offline=offline)
        sinks.append(sink)
    return sinks


def _sink(name: str) -> Sink:
    if name not in NAMES:
        raise UsageError(f"a run can be logged to {' or '.join(NAMES)}, not to {name!r}")
    if find_spec(name) is None:
        raise MissingExtraError(name, name)
    if name == "mlflow":
        from robustness.loggers.to_mlflow import MlflowSink

        return MlflowSink()
    from robustness.loggers.to_wandb import WandbSink

    return WandbSink()
