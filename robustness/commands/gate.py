"""``robustness gate`` and ``robustness report``: judge and render a run folder; no model is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from robustness.commands import flags as f

RunArgument = Annotated[Path, typer.Argument(help="A run folder that an audit wrote.", metavar="RUN")]


def gate(
    run: RunArgument,
    policy: f.PolicyFlag = None,
    min_robust_accuracy: f.MinRobustFlag = None,
    max_accuracy_drop: f.MaxDropFlag = None,
    max_attack_success_rate: f.MaxSuccessFlag = None,
    max_error_rate: f.MaxErrorFlag = None,
    min_examples: f.MinExamplesFlag = None,
    fatal_flags: f.FatalFlag = None,
    github: f.GithubFlag = None,
    show_texts: f.ShowTextsFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Hold a run against a policy: pass, fail, or inconclusive with the number of examples that would settle it.

    Example: robustness gate runs/demo --min-robust-accuracy 20% --max-accuracy-drop 60pt
    """
    from reports.gate import evaluate
    from reports.render.terminal import print_gate, verdict_line
    from reports.store import load_run
    from robustness.commands.github import tell_github
    from robustness.commands.policy import read_policy

    thresholds = f.given(
        min_robust_accuracy=min_robust_accuracy,
        max_accuracy_drop=max_accuracy_drop,
        max_attack_success_rate=max_attack_success_rate,
        max_error_rate=max_error_rate,
        min_examples=min_examples,
        fatal_flags=fatal_flags,
    )
    loaded = load_run(run)
    result = evaluate(loaded, read_policy(policy, thresholds))
    if json_:
        typer.echo(json.dumps(result.to_dict(), ensure_ascii=True))
    elif quiet:
        typer.echo(verdict_line(result))
    else:
        print_gate(result)
    tell_github(loaded, result, asked=github, texts=show_texts)
    raise typer.Exit(int(result.exit_code))


def report(run: RunArgument, policy: f.PolicyFlag = None, json_: f.JsonFlag = False, quiet: f.QuietFlag = False) -> None:
    """Render every report of a run again, from its folder alone.

    Example: robustness report runs/demo
    """
    from reports.render import render_all
    from reports.store import load_run
    from robustness.commands.policy import read_policy

    written = render_all(load_run(run), read_policy(policy, {}))
    if json_:
        typer.echo(json.dumps([str(path) for path in written]))
    elif not quiet:
        for path in written:
            typer.echo(str(path))
