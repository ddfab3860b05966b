"""Who hears of a run while it is carried out: a progress bar, a logger, an object of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    from reports.run import Outcome, Run
    from robustness.engine.engine import Oracles
    from robustness.engine.trial import Plan


class Watcher(Protocol):
    """Receives the progress of a run; the command line's progress bar is one."""

    def loading(self, what: str) -> None:
        """Something slow begins: a model is loaded, the victim is asked the first texts."""

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """The run begins, with this many trials already done."""

    def ended(self, outcome: Outcome) -> None:
        """One trial ended."""


@runtime_checkable
class RunWatcher(Watcher, Protocol):
    """A watcher that is told of the run's folder as well, at the beginning and at the end; a logger is one."""

    def began(self, folder: Path) -> None:
        """The run is in this folder, new or to be gone on with; nothing of it has been attacked yet."""

    def finished(self, run: Run) -> None:
        """The run has come to its end; its folder holds every report, its verdict and its metrics."""


class Watchers:
    """Several watchers of one run, told one after another."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def loading(self, what: str) -> None:
        """To each."""
        for one in self._watchers:
            one.loading(what)

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """To each."""
        for one in self._watchers:
            one.started(plan, examples, finished, oracles)

    def ended(self, outcome: Outcome) -> None:
        """To each."""
        for one in self._watchers:
            one.ended(outcome)

    def began(self, folder: Path) -> None:
        """To each that wants to know."""
        for one in self._watchers:
            if isinstance(one, RunWatcher):
                one.began(folder)

    def finished(self, run: Run) -> None:
        """To each that wants to know."""
        for one in self._watchers:
            if isinstance(one, RunWatcher):
                one.finished(run)


class Silent:
    """A watcher that does nothing."""

    def loading(self, what: str) -> None:
        """Nothing."""

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """Nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing."""
