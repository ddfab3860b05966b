"""``robustness gate`` and ``robustness report``: judge and render a run folder; no model is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.sealing import ExpectFlag, check_seal, tell_seal
from robustness.commands.terminal import complete, output
from robustness.commands.terminal.link import OpenFlag, tell_page

RunArgument = Annotated[
    Path, typer.Argument(autocompletion=complete.run_folders, help="A run folder that an audit wrote.", metavar="RUN")
]


@f.flattened
def gate(
    *,
    run: RunArgument,
    policy: f.RunPolicyFlag = None,
    thresholds: f.GateFlags,
    expect: ExpectFlag = None,
    github: f.GithubFlags,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Judge a run by a policy: pass, fail, or inconclusive with the number of examples that would settle it.

    The policy is the one that the run was made under, unless another is named. Without any threshold nothing passes.

    Example: robustness gate runs/demo --min-robust-accuracy 20% --max-accuracy-drop 60pt
    """
    from reports.gate.gate import evaluate
    from reports.render.terminal import print_gate, verdict_line
    from reports.run.store import load_run
    from robustness.commands.options.policy import policy_for
    from robustness.commands.terminal.github import tell_github

    sealed, loaded = check_seal(run, expect), load_run(run)
    result = evaluate(loaded, policy_for(loaded.manifest, policy, thresholds.given(), note=not json_)).demanding()
    if json_:
        output.answer({**result.to_dict(), "seal": sealed.brief()})
    else:
        if quiet:
            output.say(verdict_line(result))
        else:
            print_gate(result, output.console())
        tell_changed(result.changed)
        tell_seal(sealed, quiet=quiet)
    tell_github(loaded, result, asked=github.github, texts=github.show_texts)
    raise typer.Exit(int(result.exit_code))


def tell_changed(changed: str) -> None:
    """Say on stderr that another policy changed a verdict, where one did."""
    if changed:
        output.warn(f"warning: {changed}")


def report(
    run: RunArgument,
    policy: f.RunPolicyFlag = None,
    expect: ExpectFlag = None,
    open_: OpenFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Render every report of a run again, from its folder alone, and end as its verdict does.

    Example: robustness report runs/demo

    Exit codes: those of `robustness gate`, except that a run without thresholds, which is only measured, ends with 0.
    """
    from reports.gate.gate import evaluate
    from reports.render import render_all
    from reports.render.terminal import verdict_line
    from reports.run.store import load_run
    from robustness.commands.options.policy import policy_for, read_policy

    if policy is not None:
        read_policy(policy, {}, verdict=True)
    check_seal(run, expect)
    loaded = load_run(run)
    rules = policy_for(loaded.manifest, policy, {}, note=not json_)
    written, result = render_all(loaded, rules), evaluate(loaded, rules)
    sealed = check_seal(run, None)
    if json_:
        output.answer([str(path) for path in written])
    else:
        for path in [] if quiet else written:
            output.say(str(path))
        output.warn(verdict_line(result))
        tell_seal(sealed, quiet=True)
    tell_changed(result.changed)
    tell_page(loaded.path / "report.html", opened=open_, quiet=quiet or json_)
    raise typer.Exit(int((result if policy is None else result.demanding()).exit_code))
