"""``robustness audit``: attack a victim, save every failure, print a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.replacing import ForceFlag
from robustness.commands.options.scaling import ScaleFlags
from robustness.commands.options.spending import CapFlags, CassetteFlag, without_caps
from robustness.commands.terminal import output
from robustness.commands.terminal.link import OpenFlag, tell_page
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.gate.policy import Policy
    from reports.gate.verdicts import GateResult
    from reports.run import Run
    from robustness.loggers.watcher import Watcher


@f.flattened
def audit(
    *,
    context: typer.Context,
    victim: f.VictimFlag = None,
    data: f.DataFlag = None,
    reading: f.ReadingFlags,
    attacks: f.RecipeFlags,
    texts: f.TextFlags,
    extent: f.ExtentFlags,
    pace: f.PaceFlags,
    resources: f.ResourceFlags,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache", help="Folder that keeps the exact answers of victim and encoder for later runs.", rich_help_panel="Run"
        ),
    ] = None,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    scale: ScaleFlags,
    cassette: CassetteFlag = None,
    trained_on: Annotated[
        Path | None,
        typer.Option(
            "--trained-on",
            help="What the victim was trained on, such as a file of `robustness augment`: no gate passes on examples in it.",
            rich_help_panel="Data",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Run folder (default: a new one under runs/).", rich_help_panel="Output")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue the run in --out: run only trials that have not ended, or ended in error.",
            rich_help_panel="Run",
        ),
    ] = False,
    force: ForceFlag = False,
    lf: Annotated[
        bool,
        typer.Option(
            "--lf",
            help="Last failed: only the examples that the latest run beside --out (default: in runs/) broke. Decides no gate.",
            rich_help_panel="Data",
        ),
    ] = False,
    lf_from: Annotated[
        Path | None,
        typer.Option("--lf-from", help="Likewise, of this run.", metavar="RUN", rich_help_panel="Data"),
    ] = None,
    until_decided: Annotated[
        bool,
        typer.Option(
            "--until-decided",
            help="Draw examples at random and stop as soon as every threshold is decided, or one is broken.",
            rich_help_panel="Run",
        ),
    ] = False,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    policy: f.PolicyFlag = None,
    thresholds: f.GateFlags,
    require_threshold: Annotated[
        bool,
        typer.Option(
            "--require-threshold",
            help="Refuse to run without a threshold; for CI, where nothing may pass by default.",
            rich_help_panel="Gate",
        ),
    ] = False,
    log: Annotated[
        list[str] | None,
        typer.Option(
            "--log", metavar="SERVICE", help="Log the run to mlflow or wandb; may be given twice.", rich_help_panel="Output"
        ),
    ] = None,
    github: f.GithubFlags,
    open_: OpenFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Attack a victim on labelled examples, save every failure, and give a verdict.

    Example: robustness audit --victim hf:./my-model --data test.csv --min-robust-accuracy 30%

    Exit codes: 0 passed, or only measured where no verdict was required, 1 the gate failed, 2 unusable input or internal
    error, 3 inconclusive, as is a run that a cap on spending ended.
    """
    from robustness.commands.options.policy import audit_defaults, audit_policy, read_policy
    from robustness.commands.recorded import recorder, resuming
    from robustness.commands.terminal.github import tell_github
    from robustness.followups.selection import previous_run

    rules = read_policy(policy, thresholds.given(), verdict=True)
    chosen = audit_defaults(rules, victim, resources.resource, allow_local_code=allow_local_code, prompt=opening.prompt)
    chosen = without_caps(chosen, victim, cassette)
    for group in (reading, attacks, texts, extent, pace, resources, opening, api, caps, scale):
        chosen |= group.given()
    chosen |= f.given(
        victim=victim,
        data=data,
        cache=cache,
        cassette=cassette,
        trained_on=None if trained_on is None else str(trained_on),
        out=out,
        resume=resume,
        force=force,
        until_decided=until_decided,
        offline=offline,
    )
    last = lf_from if lf_from is not None or not lf else previous_run(Path(chosen.get("out", "runs/new")).parent)
    chosen |= f.given(last_failed=last)
    judging = audit_policy(rules, policy, thresholds.given(), chosen)
    if require_threshold and not judging.gate.has_thresholds:
        raise UsageError(f"--require-threshold: {judging.source} sets no threshold; write one under [gate] or give one by flag")
    resuming(chosen)
    run = _run(chosen, judging, recorder(context.command.params, last, chosen.get("victim")), log or (), quiet=quiet or json_)
    result = tell_run(run, judging, as_json=json_, quiet=quiet)
    tell_github(run, result, asked=github.github, texts=github.show_texts)
    tell_page(run.path / "report.html", opened=open_, quiet=quiet or json_)
    raise typer.Exit(int(result.exit_code))


def _run(chosen: dict[str, Any], policy: Policy, began: Callable[[Path], None], log: Sequence[str], *, quiet: bool) -> Run:
    from robustness.auditing import Asked, audit_asked
    from robustness.commands.options.arguments import arguments_of
    from robustness.commands.recorded import forget
    from robustness.commands.terminal.progress import Bar
    from robustness.loggers.watcher import Watchers

    arguments = arguments_of(chosen)
    out, resume, force = arguments.pop("out", None), arguments.pop("resume", False), arguments.pop("force", False)
    with ExitStack() as stack:
        watchers: list[Watcher] = [stack.enter_context(Bar())] if not quiet else []
        if log:
            from robustness.loggers import logging_to

            say = None if quiet else output.warn
            offline = bool(chosen.get("offline"))
            watchers.append(stack.enter_context(logging_to(*log, offline=offline, warn=output.warn, say=say)))
        watcher = Watchers(*watchers)
        how = {"out": out, "resume": resume, "force": force, "policy": policy}
        run = audit_asked(Asked.of(**arguments), **how, watcher=watcher, began=began)
    if not run.manifest.bill.get("spent") and not any(outcome.status == "error" for outcome in run.outcomes):
        forget(run.path)
    return run


def tell_run(run: Run, policy: Policy, *, as_json: bool, quiet: bool) -> GateResult:
    """Print a finished run and its verdict, as an audit ends; gives the verdict."""
    from reports.gate.gate import evaluate
    from reports.measures.summary import summarise
    from reports.render.terminal import print_run, verdict_line
    from reports.run.seal import verify
    from robustness.commands.gate import tell_changed
    from robustness.commands.options.sealing import tell_seal

    result, sealed = evaluate(run, policy), verify(run.path)
    if policy.wants_verdict:
        result = result.demanding()
    if as_json:
        output.answer({**summarise(run, result), "folder": str(run.path), "seal": sealed.brief()})
    else:
        if quiet:
            output.say(verdict_line(result))
        else:
            print_run(run, result, output.console())
        tell_changed(result.changed)
        tell_seal(sealed, quiet=quiet)
    return result
