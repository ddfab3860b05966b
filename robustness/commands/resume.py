"""``robustness resume``: go on with a run that stopped, by the command that began it."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from robustness.commands.gate import RunArgument
from robustness.errors import UsageError


def resume(context: typer.Context, run: RunArgument) -> None:
    """Go on with a run that stopped or was interrupted; the flags are those that it began with.

    Flags after RUN are added to them and win, such as a larger --max-cost.

    Example: robustness resume runs/demo

    Exit codes: those of `robustness audit`.
    """
    from reports.run.store import read_manifest
    from robustness.commands.recorded import recorded, under_way, without

    manifest, command = read_manifest(run), recorded(run)
    if command is None and manifest.finished:
        raise typer.Exit(_complete(run, context.args))
    if command is None:
        raise UsageError(
            f"this account has no record of how {run} was begun: by `robustness audit` elsewhere, or from Python. Run its "
            f"command again with --out {run} --resume, or call robustness.audit again with out={str(run)!r} and resume=True"
        )
    program = context.find_root().command
    parameters = program.get_command(context, "audit").params  # type: ignore[attr-defined]  # the root is a group
    more = list(context.args)
    named = [argument.partition("=")[0] for argument in more if argument.startswith("-")]
    arguments = [*without(command.arguments, named, parameters), *more]
    folder = Path(run).resolve()
    begun = under_way()
    begun.run, begun.name = folder, str(run)
    try:
        os.chdir(command.folder)
    except OSError as problem:
        raise UsageError(f"the run was begun in {command.folder}, which cannot be entered: {problem.strerror}") from None
    out = folder.relative_to(Path.cwd().resolve()) if folder.is_relative_to(Path.cwd().resolve()) else folder
    code = program.main([*arguments, "--out", str(out), "--resume"], standalone_mode=False)
    raise typer.Exit(code if isinstance(code, int) else 0)


def _complete(run: Path, more: list[str]) -> int:
    """Say of a run with nothing left to do what the end of its audit said, and give its exit code."""
    from reports.run.store import load_run
    from robustness.commands.audit import tell_run
    from robustness.commands.options.policy import policy_for
    from robustness.commands.terminal.link import tell_page

    strange = [one for one in more if one not in ("--json", "-q", "--quiet", "--open")]
    if strange:
        raise UsageError(f"{run} is complete: nothing is left to do, so {' '.join(strange)} can change nothing")
    loaded, as_json = load_run(run), "--json" in more
    result = tell_run(
        loaded, policy_for(loaded.manifest, None, {}, note=not as_json), as_json=as_json, quiet="-q" in more or "--quiet" in more
    )
    tell_page(run / "report.html", opened="--open" in more, quiet=as_json or "-q" in more or "--quiet" in more)
    return int(result.exit_code)
