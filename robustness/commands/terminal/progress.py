"""The progress bar of an audit: trials done, rate, time left, running accuracy. On stderr."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from robustness.commands.terminal import output
from robustness.commands.terminal.status import status

if TYPE_CHECKING:
    from reports.run import Outcome
    from robustness.engine.engine import Oracles
    from robustness.engine.trial import Plan


class Bar:
    """A rich progress bar that listens to a run. Use as a context manager."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TextColumn("eta"),
            TimeRemainingColumn(),
            console=output.console(stderr=True),
            refresh_per_second=4,
        )
        self._task: Any = None
        self._examples: dict[str, bool] = {}
        self._forwards = 0
        self._cascade, self._recipes = False, 1
        self._started = time.perf_counter()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def loading(self, what: str) -> None:
        """A line of its own, at once, above the bar, which comes when there is something to count."""
        if self._task is None:
            status(what, quiet=False)
        else:
            self._progress.console.print(what)

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """Show the bar; in a cascade it counts examples, else trials."""
        self._cascade, self._recipes = plan.cascade, len(plan.recipes)
        total = examples if plan.cascade else examples * len(plan.recipes)
        self._started = time.perf_counter()
        self._last = plan.recipes[-1].name
        self._progress.start()
        self._task = self._progress.add_task("audit", total=total, completed=0 if plan.cascade else finished, note="")
        oracles.victim.on_batch = self._batch

    def _batch(self, rows: int) -> None:
        self._forwards += rows
        self._progress.update(self._task, note=self._note())

    def ended(self, outcome: Outcome) -> None:
        """Move the bar."""
        broken = outcome.status in ("succeeded", "skipped")
        self._examples[outcome.example_id] = self._examples.get(outcome.example_id, True) and not broken
        step = int(not self._cascade or broken or outcome.recipe == self._last)
        self._progress.update(self._task, advance=step, note=self._note())

    def _note(self) -> str:
        rate = self._forwards / max(1e-9, time.perf_counter() - self._started)
        share = f"{sum(self._examples.values()) / len(self._examples):.0%}" if self._examples else "–"
        return f"{rate:,.0f} forwards/s · still right {share}"
