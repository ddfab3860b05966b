"""A run told to services while it is written. Whatever becomes of them, the audit goes on and its verdict stays.

Everything that is sent is sent from a thread of its own, in order: a server that answers slowly, or not at all, costs the audit
nothing until its end, and then no more than ``LAST_S``. What goes wrong is said once, and that service is told no more.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from robustness.errors import cut
from robustness.loggers.record import record_of

if TYPE_CHECKING:
    from reports.run import Outcome, Run
    from robustness.engine.engine import Oracles
    from robustness.engine.trial import Plan
    from robustness.loggers.registry import Sink

EVERY_S = 5.0
"""How often progress is told."""
LAST_S = 60.0
"""How long the end of an audit waits for what is still to be sent."""
_MOST_WAITING = 50


class Log:
    """A watcher of an audit that tells services of it. Use as a context manager.

    ``warn``: hears in a line what went wrong; ``say``: where a finished run can be looked at.
    """

    def __init__(self, sinks: Sequence[Sink], warn: Callable[[str], None], say: Callable[[str], None] | None = None) -> None:
        self._sinks: list[Sink] = list(sinks)
        self._warn, self._say = warn, say
        self._tasks: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="robustness-log", daemon=True)
        self._trials = self._last_step = 0
        self._standing: dict[str, bool] = {}
        self._told = time.monotonic()
        self._finished = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._finished:
            self._each(lambda sink: sink.leave())
        self._tasks.put(None)
        self._thread.join(LAST_S)
        if self._thread.is_alive():
            self._warn(f"the run was not logged to its end: no answer for {LAST_S:g} s; `robustness log` sends it again")

    def loading(self, what: str) -> None:
        """Nothing."""

    def began(self, folder: Path) -> None:
        """The run is in its folder."""
        self._each(lambda sink: sink.begin(record_of(folder)))

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """Trials that ended before are counted on from."""
        self._trials = finished

    def ended(self, outcome: Outcome) -> None:
        """Progress is told every few seconds, and none where the services are behind."""
        self._trials += 1
        broken = outcome.status in ("succeeded", "skipped")
        self._standing[outcome.example_id] = self._standing.get(outcome.example_id, True) and not broken
        if time.monotonic() - self._told < EVERY_S or self._tasks.qsize() > _MOST_WAITING:
            return
        self._told, step = time.monotonic(), self._trials
        metrics = {"progress/trials": float(step), "progress/still_right": sum(self._standing.values()) / len(self._standing)}
        self._each(lambda sink: sink.progress(metrics, step))

    def finished(self, run: Run) -> None:
        """Verdict, metrics and reports are there."""
        self._finished, folder = True, run.path

        def finish(sink: Sink) -> None:
            place = sink.finish(record_of(folder))
            if place and self._say is not None:
                self._say(place)

        self._each(finish)

    def _each(self, tell: Callable[[Sink], Any]) -> None:
        def task() -> None:
            for sink in list(self._sinks):
                try:
                    tell(sink)
                except Exception as error:  # noqa: BLE001 - no service may end an audit, whatever its library raises
                    self._sinks.remove(sink)
                    name = type(sink).__name__.removesuffix("Sink").lower()
                    self._warn(
                        f"warning: the run is not logged to {name} any more ({cut(error)}); the audit goes on, and "
                        f"`robustness log RUN --to {name}` sends it later"
                    )

        self._tasks.put(task)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


@contextmanager
def logging_to(
    *names: str,
    offline: bool = False,
    warn: Callable[[str], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Iterator[Log]:
    """A watcher for ``robustness.audit`` that logs the run to ``mlflow`` or ``wandb``, or both.

    ``offline``: as in the audit. ``warn``, ``say``: hear a line when a service fails, and where a run can be looked at; without
    them a warning of Python's is given, and nothing is said.

    Raises:
        UsageError: an unknown name, or a service that is not set up.
        MissingExtraError: its library is not installed.
    """
    from robustness.loggers.registry import open_sinks

    with Log(open_sinks(names, offline=offline), warn or _warn, say) as log:
        yield log


def _warn(line: str) -> None:
    import warnings

    warnings.warn(line, stacklevel=2)
