"""``robustness harden``: normalise or fine-tune a victim, and audit it again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.groups import Flags
from robustness.commands.options.replacing import ForceFlag
from robustness.commands.options.spending import CapFlags
from robustness.commands.terminal import complete, output
from robustness.commands.terminal.status import status
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.compare.hardened import Hardened
    from robustness.harden.hardening import Hearing, Task
    from robustness.harden.state import Epoch


@dataclass(frozen=True, slots=True)
class TrainingFlags(Flags):
    """How a classifier is fine-tuned."""

    PANEL = "Attack"

    epochs: Annotated[int | None, typer.Option("--epochs", help="Passes over the training data at most (default 3).")] = None
    rate: Annotated[float | None, typer.Option("--rate", help="Peak of the learning rate (default 5e-5).")] = None
    batch: Annotated[int | None, typer.Option("--batch", help="Rows a step (default 32).")] = None
    share: Annotated[float | None, typer.Option("--share", help="Share of the texts that are perturbed (default 0.75).")] = None
    patience: Annotated[
        int | None, typer.Option("--patience", help="Stop after this many epochs that are no better (default 2).")
    ] = None
    freeze: Annotated[
        int | None, typer.Option("--freeze", help="Lower layers that stay as they are; the embeddings always do (default 0).")
    ] = None


@f.flattened
def harden(
    *,
    victim: f.VictimFlag = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            help="Rows to train on, or whose words the normaliser's spelling is to know; none is audited.",
            rich_help_panel="Data",
        ),
    ] = None,
    eval_: Annotated[
        str | None, typer.Option("--eval", help="Labelled rows to audit; the demo brings its own.", rich_help_panel="Data")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="normalise (any victim), augment or adversarial (fine-tune an hf: classifier).",
            rich_help_panel="Attack",
        ),
    ] = "normalise",
    steps: Annotated[
        str | None,
        typer.Option("--steps", help="Steps of the normaliser: characters (default), all, or names.", rich_help_panel="Attack"),
    ] = None,
    recipes: Annotated[
        list[str] | None,
        typer.Option(
            "--recipes",
            "--recipe",
            metavar="RECIPES",
            help="Recipes to harden against, separated by commas; may be repeated (default: bad-characters to normalise, "
            "deepwordbug to train).",
            rich_help_panel="Attack",
            autocompletion=complete.recipes,
        ),
    ] = None,
    adaptive: Annotated[
        str | None,
        typer.Option(
            "--adaptive",
            help="Recipes beside them that try what the defence leaves, or none (default: viper).",
            rich_help_panel="Attack",
        ),
    ] = None,
    training: TrainingFlags,
    reading: f.ReadingFlags,
    texts: f.TextFlags,
    budget: f.BudgetFlag = None,
    limit: f.LimitFlag = None,
    seed: f.SeedFlag = None,
    field: Annotated[
        str | None, typer.Option("--field", help="Which text field to attack (default: the last).", rich_help_panel="Attack")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="Sentence encoder: minilm, hf:PATH or none.", rich_help_panel="Attack")
    ] = None,
    pace: f.PaceFlags,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for both audits, the report and what was made.", rich_help_panel="Output")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue in --out where an earlier command was interrupted.", rich_help_panel="Run")
    ] = False,
    force: ForceFlag = False,
    offline: f.OfflineFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Harden a victim against attacks and audit it again: clean accuracy lost, robust accuracy gained, cost.

    Example: robustness harden --victim hf:./my-model --eval test.csv --limit 20 --budget 50 --out hardened

    Exit codes: 0 done and nothing is shown to be worse, 1 clean or robust accuracy got worse, 2 unusable input or internal
    error, 3 inconclusive.
    """
    from robustness.commands.recorded import under_way
    from robustness.harden.hardening import NORMALISE, Task
    from robustness.harden.hardening import harden as carry_out

    under_way().again = "the same command with --resume goes on"
    trained = training.given()
    if victim is None:
        raise UsageError("no victim was named; give --victim demo, hf:PATH, python:module:function …")
    if out is None:
        raise UsageError("no folder was named; give --out FOLDER for both audits and what is made")
    if method == NORMALISE and trained:
        raise UsageError(f"--{next(iter(trained))} says how to fine-tune; --method normalise trains nothing")
    if method != NORMALISE and steps is not None:
        raise UsageError(f"--steps are those of the normaliser; --method {method} has none")
    rest = f.given(limit=limit, seed=seed, field=field, encoder=encoder, offline=offline)
    if budget is not None:
        rest["budget"] = f.budget_of(budget)
    task = Task(
        victim=victim,
        folder=out,
        method=method,
        data=data,
        evaluation=eval_,
        recipes=tuple(f.named_recipes(recipes) or ()),
        adaptive=None if adaptive is None else tuple(name for name in f.listed(adaptive) or () if name != "none"),
        steps=steps or "characters",
        training=trained,
        reading=reading.given(),
        auditing={**texts.given(), **pace.given(), **opening.given(), **api.given(), **caps.given(), **rest},
        resume=resume,
    )
    if force:
        _make_room(task)
    silent = quiet or json_
    found = carry_out(task, _hearing(silent=silent))
    _tell(found, out, as_json=json_, quiet=quiet)
    raise typer.Exit(found.exit_code)


def _make_room(task: Task) -> None:
    """Replace what an earlier command made, once everything that costs nothing to check is right."""
    from reports.files.replace import of_hardening
    from robustness.harden.hardening import check

    if task.resume:
        raise UsageError("--force replaces what is in --out, and --resume goes on with it; give one of the two")
    old = of_hardening(task.folder)
    check(replace(task, resume=True))  # the folder alone may be in the way
    old.begin()
    old.end()


def _hearing(*, silent: bool) -> Hearing:
    from robustness.harden.hardening import Hearing

    @contextmanager
    def watching() -> Iterator[Any]:
        if silent:
            yield None
            return
        from robustness.commands.terminal.progress import Bar

        with Bar() as bar:
            yield bar

    return Hearing(lambda line: status(line, quiet=silent), watching, lambda: _Told(silent=silent))


class _Told:
    """Says on stderr how a training goes, every ten seconds."""

    def __init__(self, *, silent: bool) -> None:
        self._silent, self._steps, self._done, self._loss = silent, 0, 0, 0.0
        self._began = self._said = time.monotonic()
        self._first = 0

    def begun(self, steps: int, done: int) -> None:
        """How much there is to do."""
        self._steps, self._done, self._first = steps, done, done
        self._began = self._said = time.monotonic()
        status(f"training: {steps} batches{f', going on after {done}' if done else ''}", quiet=self._silent)

    def step(self, loss: float) -> None:
        """One more batch."""
        self._done += 1
        self._loss = loss if self._done == self._first + 1 else 0.95 * self._loss + 0.05 * loss
        now = time.monotonic()
        if now - self._said > 10:
            left = (self._steps - self._done) * (now - self._began) / max(1, self._done - self._first)
            line = f"training: {self._done} of {self._steps} batches, loss {self._loss:.3f}, about {left / 60:.0f} minutes left"
            status(line, quiet=self._silent)
            self._said = now

    def epoch(self, epoch: Epoch) -> None:
        """What the pass gave."""
        status(
            f"epoch {epoch.number}: {100 * epoch.clean:.1f} % of the rows kept out right, {100 * epoch.noisy:.1f} % perturbed",
            quiet=self._silent,
        )


def _tell(found: Hardened, folder: Path, *, as_json: bool, quiet: bool) -> None:
    from reports.compare.hardened import FILE, HEAD, PAGE
    from reports.files.text import visible
    from reports.render.terminal import bare_table, plain

    if as_json:
        output.answer(found.to_dict())
        return
    verdict = f"{found.comparison.verdict.upper()}: {' '.join(found.comparison.told(texts=False))}"
    output.say(visible(verdict))
    if quiet:
        return
    console = output.console()
    table = bare_table(*HEAD)
    for row in found.rows():
        table.add_row(*map(plain, row))
    console.print(table)
    for line in found.sentences():
        output.say(visible(line))
    for name, what in found.files.items():
        output.say(visible(f"{folder / name}: {what}"))
    output.say(visible(f"{folder / PAGE}, {folder / FILE}; both audits: {folder / 'before'}, {folder / 'after'}"))
