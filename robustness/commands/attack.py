"""``robustness attack``: one text, one recipe or several, the search shown live, the diff at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.spending import CapFlags
from robustness.commands.terminal import complete, output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.search import Attack, Search, Trial
    from reports.run import Outcome
    from robustness.victims.base import Victim


EXIT_CODES = {"failed": 0, "succeeded": 1, "error": 2, "skipped": 3, "exhausted": 3, "untested": 3, "undecided": 3}
WORDS = {
    "succeeded": "broken",
    "failed": "held",
    "skipped": "already wrong on the clean text",
    "exhausted": "held until the budget ran out",
    "undecided": "something broke it once, and fresh answers neither confirmed nor refuted it;",
    "untested": "too little was tried that the victim can tell from the original; the attack ended",
}
NOTHING = "nothing was tried that the victim can tell from the original; the attack ended"


@f.flattened
def attack(
    *,
    texts: Annotated[
        list[str], typer.Argument(help="The text to attack, or two for a text pair; - reads it from stdin.", metavar="TEXT…")
    ],
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            help="Its true label; a prefix is enough (pos). Default: the victim's own answer.",
            rich_help_panel="Attack",
        ),
    ] = None,
    victim: f.VictimFlag = None,
    recipe: Annotated[
        list[str] | None,
        typer.Option(
            "--recipe",
            "--recipes",
            metavar="RECIPE",
            help="A recipe, suite or composition, or several separated by commas; may be repeated (default: pwws).",
            rich_help_panel="Attack",
            autocompletion=complete.recipes,
        ),
    ] = None,
    profile: f.ProfileFlag = None,
    budget: f.BudgetFlag = None,
    seed: f.SeedFlag = None,
    wording: f.TextFlags,
    resources: f.ResourceFlags,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Attack one text and watch the search; exit 1 when the victim was broken, 0 when it held.

    Example: robustness attack "a gripping and warm film" --label pos --recipe textfooler

    Exit codes: 0 held, 1 broken, 2 unusable input or an error, 3 out of budget, wrong on the clean text, or nothing was tried.
    """
    from robustness.commands.options.arguments import settled
    from robustness.commands.options.victim import open_named
    from robustness.isolation.offline import offline as without_network
    from robustness.planning.early_checks import check_settings
    from robustness.settings import Settings

    given = tuple(map(_read, _one_stdin(texts)))
    named = ["pwws"] if recipe is None else f.named_recipes(recipe) or []
    plain = {"recipes": tuple(named)} | f.given(profile=profile, seed=seed)
    chosen = settled(plain | wording.given() | resources.given())
    if budget is not None:
        chosen["budget"] = f.budget_of(budget)
    check_settings(Settings(**chosen))
    with (
        without_network(offline),
        open_named(
            victim,
            opening.given() | api.given(),
            offline=offline,
            allow_local_code=allow_local_code,
            otherwise="demo",
            quiet=json_ or quiet,
            spending=caps.given(),
        ) as subject,
    ):
        gold, outcomes = _search(subject, given, label, chosen, live=not (quiet or json_))
    if json_:
        documents = [json.loads(outcome.to_json()) for outcome in outcomes]
        output.answer(documents[0] if len(documents) == 1 else documents)
    else:
        own = ", the victim's own answer; --label says what is true" if label is None else ""
        output.say(f"victim {subject.info.name}", f"label {gold}{own}")
        for outcome in outcomes:
            _show(outcome)
    codes = {EXIT_CODES.get(outcome.status, 2) for outcome in outcomes}
    raise typer.Exit(next(code for code in (1, 2, 3, 0) if code in codes))


def _one_stdin(texts: list[str]) -> list[str]:
    if texts.count("-") > 1:
        raise UsageError("- stands for the text on stdin and can be given once")
    return texts


def _read(text: str) -> str:
    if text != "-":
        return text
    try:
        piped = sys.stdin.read()
    except UnicodeDecodeError as error:
        raise UsageError(f"stdin is not valid {error.encoding}; convert it to UTF-8") from error
    if not piped.strip():
        raise UsageError("expected a text on stdin, got nothing")
    return piped.removesuffix("\n").removesuffix("\r")


def _search(
    victim: Victim, texts: tuple[str, ...], label: str | None, chosen: dict[str, Any], *, live: bool
) -> tuple[str, list[Outcome]]:
    """The label that was taken as true, and one outcome for each recipe, each on its own."""
    from robustness.data import load_examples
    from robustness.engine.engine import Engine
    from robustness.planning.audit import prepare
    from robustness.planning.supplied import with_supplied
    from robustness.settings import Settings

    fields = victim.info.data_fields
    if len(texts) != len(fields):
        raise UsageError(f"the victim reads {len(fields)} text(s) ({', '.join(fields)}), got {len(texts)}")
    gold = _label(label, victim.info.labels) if label is not None else _own_answer(victim, texts)
    row = {**dict(zip(fields, texts, strict=True)), "label": gold}
    data = load_examples([row], labels=victim.info.labels, text=list(fields), label="label")
    data = with_supplied(data, victim.info)
    prepared = prepare(victim, data, Settings(**chosen))
    for flag in (one for one in prepared.flags if one.code in ("substitute", "left-out", "unfit")):
        output.warn(f"{flag.severity}: {flag.message}")
    outcomes = []
    for recipe in prepared.plan.recipes:
        watched = _Watched(recipe.attack)
        plan = replace(prepared.plan, recipes=(replace(recipe, attack=watched),))
        with _live(prepared.oracles.victim, watched) if live else _nothing():
            outcomes.append(next(iter(Engine(prepared.oracles).outcomes(plan, data.examples, {}))))
    return gold, outcomes


def _own_answer(victim: Victim, texts: tuple[str, ...]) -> str:
    from attacks.search import UnansweredError
    from robustness.engine.converse import ask, oracle_for
    from robustness.errors import VictimError

    own = tuple(text for _, text in victim.info.supplied)
    (answer,) = ask(oracle_for(victim), [(*own, *texts)])
    if isinstance(answer, UnansweredError):
        raise VictimError(f"the victim did not answer the clean text, so its label is unknown: {answer}")
    return str(victim.info.labels[answer.label])


def _label(label: str, labels: tuple[str, ...]) -> str:
    hits = [name for name in labels if name.lower() == label.lower()] or [
        n for n in labels if n.lower().startswith(label.lower())
    ]
    if len(hits) != 1:
        raise UsageError(f"--label {label!r} is not one of the victim's labels, or fits several: {list(labels)}")
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

    from reports.files.text import visible

    with Live(console=output.console(stderr=True), refresh_per_second=12, transient=True) as screen:

        def show(_: int) -> None:
            trial = watched.trial
            if trial is not None:
                from rich.text import Text

                screen.update(Text(f"{trial.queries:4d} queries  score {trial.best.score:.3f}  {visible(trial.best.text)}"))

        oracle.on_batch = show
        yield


def _show(outcome: Outcome) -> None:
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


def _diff(outcome: Outcome, *, coloured: bool) -> Any:
    """The text with its edits: in colour, or in the brackets of ``wdiff`` where there is none."""
    from rich.text import Text

    from reports.files.text import visible
    from reports.render.edits import GONE, NEW, bracketed, stretches

    line, styles = Text("  "), {GONE: "red strike", NEW: "green bold"}
    for kind, piece in stretches(outcome):
        shown = visible(piece)
        line.append(shown if coloured else bracketed(kind, shown), style=styles.get(kind))
    return line
