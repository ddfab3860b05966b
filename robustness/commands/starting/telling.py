"""How one search is shown: live on a terminal while it runs, then its end and the text with its edits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from robustness.commands.terminal import output

if TYPE_CHECKING:
    from rich.text import Text

    from reports.run import Outcome
    from robustness.commands.starting.one_text import Watched
    from robustness.engine.engine import AnyOracle

WORDS = {
    "succeeded": "broken",
    "failed": "held",
    "skipped": "already wrong on the clean text",
    "exhausted": "held until the budget ran out",
    "undecided": "something broke it once, and fresh answers neither confirmed nor refuted it;",
    "untested": "too little was tried that the victim can tell from the original; the attack ended",
}
NOTHING = "nothing was tried that the victim can tell from the original; the attack ended"


@contextmanager
def in_silence(_oracle: AnyOracle, _watched: Watched) -> Iterator[None]:
    """Show nothing."""
    yield


@contextmanager
def live(oracle: AnyOracle, watched: Watched) -> Iterator[None]:
    """Show the best text so far after each batch, on stderr."""
    from rich.live import Live
    from rich.text import Text

    from reports.files.text import visible

    with Live(console=output.console(stderr=True), refresh_per_second=12, transient=True) as screen:

        def show(_: int) -> None:
            trial = watched.trial
            if trial is not None:
                screen.update(Text(f"{trial.queries:4d} queries  score {trial.best.score:.3f}  {visible(trial.best.text)}"))

        oracle.on_batch = show
        yield


def show(outcome: Outcome) -> None:
    """The end of a search: what came of it, the answers before and after, the text with its edits."""
    from rich.text import Text

    from reports.files.text import one_line

    console = output.console()
    tried_nothing = outcome.status == "untested" and not outcome.distinct
    words = NOTHING if tried_nothing else WORDS.get(outcome.status, "error")
    console.print(Text(f"{outcome.recipe}: {words} after {outcome.queries} queries", style="bold"))
    if outcome.error:
        console.print(Text(one_line(outcome.error["message"])))
    for record, name in ((outcome.clean, "clean"), (outcome.best, "attacked")):
        if record is not None:
            belief = f" {max(record.scores):.1%}" if record.scores else ""
            console.print(Text(one_line(f"  {name:9}{record.shown}{belief}")))
    console.print(_diff(outcome, coloured=console.color_system is not None))


def _diff(outcome: Outcome, *, coloured: bool) -> Text:
    """The text with its edits: in colour, or in the brackets of ``wdiff`` where there is none."""
    from rich.text import Text

    from reports.files.text import visible
    from reports.render.edits import GONE, NEW, bracketed, stretches

    line, styles = Text("  "), {GONE: "red strike", NEW: "green bold"}
    for kind, piece in stretches(outcome):
        shown = visible(piece)
        line.append(shown if coloured else bracketed(kind, shown), style=styles.get(kind))
    return line
