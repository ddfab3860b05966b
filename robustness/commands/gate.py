"""``robustness gate`` and ``robustness report``: judge and render a run folder; no model is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustness.commands import flags as f
from robustness.commands import output

RunArgument = Annotated[Path, typer.Argument(help="A run folder that an audit wrote.", metavar="RUN")]


@f.flattened
def gate(
    *,
    run: RunArgument,
    policy: f.PolicyFlag = None,
    thresholds: f.GateFlags,
    github: f.GithubFlags,
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

    loaded = load_run(run)
    result = evaluate(loaded, read_policy(policy, thresholds.given()))
    if json_:
        output.answer(result.to_dict())
    elif quiet:
        output.say(verdict_line(result))
    else:
        print_gate(result, output.console())
    tell_github(loaded, result, asked=github.github, texts=github.show_texts)
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
        output.answer([str(path) for path in written])
    elif not quiet:
        for path in written:
            output.say(str(path))
