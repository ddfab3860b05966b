"""``robustness attack``: one text, one recipe, the search shown live, the diff at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands import flags as f
from robustness.commands import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.search import Attack, Search, Trial
    from reports.run import Outcome
    from robustness.victims.base import Victim


@f.flattened
def attack(
    *,
    texts: Annotated[list[str], typer.Argument(help="The text to attack, or two for a text pair.", metavar="TEXT…")],
    label: Annotated[str, typer.Option("--label", help="Its true label; a beginning is enough (pos).")],
    victim: f.VictimFlag = None,
    recipe: Annotated[str, typer.Option("--recipe", help="One recipe.")] = "pwws",
    profile: f.ProfileFlag = None,
    budget: f.BudgetFlag = None,
    seed: f.SeedFlag = None,
    wording: f.TextFlags,
    resources: f.ResourceFlags,
    opening: f.OpeningFlags,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Attack one text and watch the search; exit 1 when the victim was broken, 0 when it held.

    Example: robustness attack "a gripping and warm film" --label pos --recipe textfooler
    """
    from robustness.commands.arguments import settled
    from robustness.commands.victim import open_named
    from robustness.offline import offline as without_network

    chosen = settled({"recipes": (recipe,)} | f.given(profile=profile, seed=seed) | wording.given() | resources.given())
    if budget is not None:
        chosen["budget"] = f.budget_of(budget)
    with without_network(offline):
        subject = open_named(victim, opening, offline=offline, allow_local_code=allow_local_code, otherwise="demo")
        outcome = _search(subject, tuple(texts), label, chosen, live=not (quiet or json_))
    if json_:
        output.answer(json.loads(outcome.to_json()))
    else:
        _show(outcome, subject.info.name)
    raise typer.Exit({"succeeded": 1, "error": 2, "skipped": 3, "exhausted": 3, "untested": 3}.get(outcome.status, 0))


def _search(victim: Victim, texts: tuple[str, ...], label: str, chosen: dict[str, Any], *, live: bool) -> Outcome:
    from robustness.audit import Settings, prepare
    from robustness.data import load_examples
    from robustness.engine import Engine

    fields = victim.info.fields
    if len(texts) != len(fields):
        raise UsageError(f"the victim reads {len(fields)} text(s) ({', '.join(fields)}), got {len(texts)}")
    row = {**dict(zip(fields, texts, strict=True)), "label": _label(label, victim.info.labels)}
    data = load_examples([row], labels=victim.info.labels, text=list(fields), label="label")
    prepared = prepare(victim, data, Settings(**chosen))
    if len(prepared.plan.recipes) != 1:
        raise UsageError(f"--recipe expects one recipe, {chosen['recipes'][0]!r} is {len(prepared.plan.recipes)}")
    for flag in (one for one in prepared.flags if one.code in ("substitute", "left-out", "unfit")):
        output.warn(f"{flag.severity}: {flag.message}")
    watched = _Watched(prepared.plan.recipes[0].attack)
    plan = replace(prepared.plan, recipes=(replace(prepared.plan.recipes[0], attack=watched),))
    with _live(prepared.oracles.victim, watched) if live else _nothing():
        return next(iter(Engine(prepared.oracles).outcomes(plan, data.examples, {})))


def _label(label: str, labels: tuple[str, ...]) -> str:
    hits = [name for name in labels if name.lower() == label.lower()] or [
        n for n in labels if n.lower().startswith(label.lower())
    ]
    if len(hits) != 1:
        raise UsageError(f"--label {label!r} is none of the victim's labels, or fits several: {list(labels)}")
    return hits[0]


class _Watched:
    """An attack that lets others look at its trial."""

    def __init__(self, inner: Attack) -> None:
        self.inner = inner
        self.trial: Trial | None = None

    def search(self, trial: Trial) -> Search[None]:
        """The inner search, with the trial in view."""
        self.trial = trial
        yield from self.inner.search(trial)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _live(oracle: Any, watched: _Watched) -> Iterator[None]:
    from rich.live import Live

    from reports.text import visible

    with Live(console=output.console(stderr=True), refresh_per_second=12, transient=True) as screen:

        def show(_: int) -> None:
            trial = watched.trial
            if trial is not None:
                from rich.text import Text

                screen.update(Text(f"{trial.queries:4d} queries  score {trial.best.score:.3f}  {visible(trial.best.text)}"))

        oracle.on_batch = show
        yield


def _show(outcome: Outcome, victim: str) -> None:
    from rich.text import Text

    from reports.text import one_line

    console = output.console()
    console.print(Text(one_line(f"victim {victim}")))
    words = {
        "succeeded": "broken",
        "failed": "held",
        "skipped": "already wrong on the clean text",
        "exhausted": "held until the budget ran out",
        "untested": "not tested: too few texts were found that the victim can tell from the original; it ended",
    }
    console.print(Text(f"{outcome.recipe}: {words.get(outcome.status, 'error')} after {outcome.queries} queries", style="bold"))
    if outcome.error:
        console.print(Text(one_line(outcome.error["message"])))
    for record, name in ((outcome.clean, "clean"), (outcome.adversarial, "attacked")):
        if record is not None:
            belief = f" {max(record.scores):.1%}" if record.scores else ""
            console.print(Text(one_line(f"  {name:9}{record.label}{belief}")))
    console.print(_diff(outcome, coloured=console.color_system is not None))


def _diff(outcome: Outcome, *, coloured: bool) -> Any:
    """The text with its edits: in colour, or in the brackets of ``wdiff`` where there is none."""
    from rich.text import Text

    from reports.text import visible

    original, line, at = outcome.texts[outcome.field], Text("  "), 0
    gone, new = ("{}", "{}") if coloured else ("[-{}-]", "{{+{}+}}")
    for edit in outcome.edits:
        line.append(visible(original[at : edit.start]))
        if edit.before:
            line.append(gone.format(visible(edit.before)), style="red strike")
        if edit.after:
            line.append(new.format(visible(edit.after)), style="green bold")
        at = edit.end
    return line.append(visible(original[at:]))
