"""The progress of an audit in a notebook: one line of output that is replaced as the run goes on, plain text and HTML."""

from __future__ import annotations

import sys
import time
from html import escape
from typing import TYPE_CHECKING, Any

from reports.files.text import one_line

if TYPE_CHECKING:
    from reports.run import Outcome
    from robustness.commands.terminal.progress import Bar
    from robustness.engine.engine import Oracles
    from robustness.engine.trial import Plan

EVERY_S = 0.5
"""A notebook stores and sends each state that it is shown."""


def in_notebook() -> bool:
    """Whether this process answers the cells of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class Line:
    """A watcher that shows one line under the cell. No control characters, so that an executed notebook keeps clean outputs."""

    def __init__(self) -> None:
        self._shown: Any = None
        self._last = 0.0
        self._total = self._done = 0
        self._cascade = False
        self._right: dict[str, bool] = {}

    def __enter__(self) -> Line:
        return self

    def __exit__(self, problem: type[BaseException] | None, *_: object) -> None:
        if self._shown is not None:
            self._show(f"audit {'stopped' if problem else 'done'}: {self._done} trials", bar=False)

    def loading(self, what: str) -> None:
        """What is being loaded."""
        self._show(what)

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """The run begins."""
        self._total, self._done = examples * len(plan.recipes), finished
        self._cascade = plan.cascade
        self._show(self._state())

    def ended(self, outcome: Outcome) -> None:
        """One trial ended; the line follows twice a second."""
        broken = outcome.status in ("succeeded", "skipped")
        self._right[outcome.example_id] = self._right.get(outcome.example_id, True) and not broken
        self._done += 1
        if time.perf_counter() - self._last >= EVERY_S:
            self._show(self._state())

    def _state(self) -> str:
        right = f", {sum(self._right.values())} of {len(self._right)} examples still right" if self._right else ""
        most = "at most " if self._cascade else ""
        return f"audit: {self._done} of {most}{self._total} trials{right}"

    def _show(self, text: str, *, bar: bool = True) -> None:
        from IPython import display

        self._last = time.perf_counter()
        line = one_line(text)
        drawn = f'<progress max="{self._total}" value="{self._done}"></progress> ' if bar and self._total else ""
        data = {"text/plain": line, "text/html": f"<div>{drawn}{escape(line)}</div>"}
        if self._shown is None:
            self._shown = display.display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's own
        else:
            self._shown.update(data, raw=True)


def watching(progress: bool | None) -> Line | Bar | None:
    """What shows the progress of an audit that Python calls.

    ``progress``: None for a line in a notebook and a bar where stderr is a terminal, True for one of them in any case.
    """
    if progress is False:
        return None
    if in_notebook():
        return Line()
    if progress or (sys.stderr is not None and sys.stderr.isatty()):
        from robustness.commands.terminal.progress import Bar

        return Bar()
    return None
