"""``robustness attack``: one text, one recipe or several, the search shown live, the diff at the end."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.spending import CapFlags
from robustness.commands.terminal import complete, output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.commands.starting.one_text import OneText


@f.flattened
def attack(
    *,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            help="The text to attack, or two for a text pair; - is the whole of stdin, as is a pipe where no text is given.",
            metavar="[TEXT]…",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            help="Its true label; a prefix is enough (pos). Of other tasks: what is right. Default: the victim's own answer.",
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
    all_: Annotated[
        bool,
        typer.Option("--all", help="Try every recipe, also after one that broke the victim.", rich_help_panel="Attack"),
    ] = False,
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive",
            "-i",
            help="Load the victim once and attack one text after another: typed, or a line each from a pipe.",
            rich_help_panel="Run",
        ),
    ] = False,
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

    Of several recipes each is tried on its own, up to the first that breaks the victim. The victim is that of --victim, else of
    the policy file, else the demo.

    Example: robustness attack "a gripping and warm film" --label pos --recipe textfooler

    Exit codes: 0 held, 1 broken, 2 unusable input or an error, 3 out of budget, wrong on the clean text, or nothing was tried.
    """
    from robustness.commands.options.arguments import settled
    from robustness.commands.options.victim import open_named
    from robustness.commands.starting.interactive import Loop
    from robustness.commands.starting.one_text import OneText, exit_code
    from robustness.commands.starting.telling import in_silence, live
    from robustness.isolation.offline import offline as without_network
    from robustness.planning.early_checks import check_settings
    from robustness.settings import Settings

    if sys.stdin is None and (interactive or "-" in (texts or ())):
        raise UsageError("there is no stdin to read from; give the text as an argument")
    if interactive and (texts or json_):
        what = "a text was given too" if texts else "--json gives one document"
        raise UsageError(f"--interactive reads the texts itself, and {what}; leave one of the two out")
    given = () if interactive else tuple(map(_read, _one_stdin(texts or [])))
    named = ["pwws"] if recipe is None else f.named_recipes(recipe) or []
    plain = {"recipes": tuple(named)} | f.given(profile=profile, seed=seed)
    chosen = settled(plain | wording.given() | resources.given() | f.given(offline=offline))
    if budget is not None:
        chosen["budget"] = f.budget_of(budget)
    check_settings(Settings(**chosen))
    silent = json_ or quiet
    with (
        without_network(offline),
        open_named(
            victim,
            opening.given() | api.given(),
            offline=offline,
            allow_local_code=allow_local_code,
            otherwise="demo",
            quiet=silent,
            spending=caps.given(),
        ) as subject,
    ):
        one = OneText(subject, chosen, in_silence if silent or interactive else live, output.warn)
        if interactive:
            output.say(f"victim {subject.info.name}")
            raise typer.Exit(Loop(one, named, label, every=all_).run())
        statuses = _attack(one, given, label, named, every=all_, as_json=json_)
    raise typer.Exit(exit_code(statuses))


def _attack(
    one: OneText, texts: tuple[str, ...], label: str | None, recipes: list[str], *, every: bool, as_json: bool
) -> list[str]:
    """Attack the texts and tell of each search when it has ended; gives how they ended."""
    from robustness.commands.starting.telling import show

    data, right = one.example(texts, label)
    own = ", the victim's own answer; --label says what is true" if right.own else ""
    if not as_json:
        output.say(f"victim {one.victim.info.name}")
        output.say(f"label {right.shown}{own}")
    outcomes = []
    for outcome in one.outcomes(data, recipes, every=every):
        outcomes.append(outcome)
        if not as_json:
            show(outcome)
    if as_json:
        documents = [json.loads(outcome.to_json()) for outcome in outcomes]
        output.answer(documents if _several(recipes) else documents[0])
    return [outcome.status for outcome in outcomes]


def _several(recipes: list[str]) -> bool:
    """Whether more than one recipe may have been asked for, however many were tried."""
    from attacks.recipes import suites

    return len(recipes) != 1 or recipes[0] in suites() or "*" in recipes[0]


def _one_stdin(texts: list[str]) -> list[str]:
    """The texts as given, stdin where none was; raises ``UsageError`` where there is nothing to read."""
    if texts.count("-") > 1:
        raise UsageError("- stands for the text on stdin and can be given once")
    if texts:
        return texts
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("expected a text to attack, got none; give one, pipe one in, or say --interactive")
    return ["-"]


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
