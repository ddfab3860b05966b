"""``robustness minimise``: each failure with the fewest edits that still flip, and what the failures have in common."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustness.commands.followups.replay import FailuresArgument
from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.sealing import ExpectFlag, check_source, tell_seal
from robustness.commands.options.spending import CapFlags
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.run import Outcome
    from reports.run.minimised import Minimal
    from reports.run.seal import Verification


@f.flattened
def minimise(
    *,
    failures: FailuresArgument,
    victim: f.VictimFlag = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write (default: minimised.jsonl in the run folder).", rich_help_panel="Output"),
    ] = None,
    expect: ExpectFlag = None,
    asking: f.AskingFlags,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Reduce each failure to the fewest edits that still flip the victim, and group failures by mechanism.

    Example: robustness minimise runs/demo --victim demo

    Exit codes: 0 done, 2 unusable input, 3 the victim did not answer everywhere, or none of the cases flips it.
    """
    from reports.run.cases import read_cases
    from reports.run.minimised import ERROR, MINIMAL
    from robustness.commands.options.victim import open_named
    from robustness.engine.converse import oracle_for
    from robustness.followups.minimise import minimise as reduce
    from robustness.isolation.offline import offline as without_network

    target = _target(failures, out)
    check_source(failures, expect)
    cases = read_cases(failures)
    with (
        without_network(offline),
        open_named(
            victim,
            opening.given() | api.given(),
            offline=offline,
            allow_local_code=allow_local_code,
            failures=failures,
            quiet=quiet or json_,
            spending=caps.given(),
        ) as subject,
    ):
        oracle = oracle_for(subject, **asking.oracle())
        found = reduce(subject, cases, oracle)
    _write(target, found)
    _tell(cases, found, target, check_source(failures, None), as_json=json_, quiet=quiet)
    states = [one.state for one in found]
    raise typer.Exit(3 if ERROR in states or MINIMAL not in states else 0)


def _target(failures: Path, out: Path | None) -> Path:
    from reports.run.minimised import MINIMISED

    if out is None and not failures.is_dir():
        raise UsageError(f"{failures} is not a run folder, so there is nowhere to put the result; give --out FILE")
    target = out if out is not None else failures / MINIMISED
    if not target.parent.is_dir() or target.is_dir() or target.resolve() == failures.resolve():
        raise UsageError(f"--out expects a new file in a folder that exists, got {target}")
    return target


def _write(target: Path, found: list[Minimal]) -> None:
    """Write the file, and seal its folder again where it has a seal, unless the run was edited meanwhile."""
    from reports.run.minimised import write_minimised
    from reports.run.seal import SEAL, rewriting

    with rewriting(target.parent, (target.name,)) if (target.parent / SEAL).exists() else nullcontext():
        write_minimised(target, found)


def _tell(
    cases: Sequence[Outcome], found: list[Minimal], target: Path, sealed: Verification | None, *, as_json: bool, quiet: bool
) -> None:
    from reports.render.minimised import flipping_words, lines, word_lines
    from reports.run.minimised import MINIMAL, clusters, summary_line

    if as_json:
        groups = [{"reason": g.reason, "count": g.count, "cases": [list(case) for case in g.cases]} for g in clusters(found)]
        failures = [one.to_dict() for one in found]
        seal = sealed.brief() if sealed else None
        words = [asdict(word) for word in flipping_words(cases, found)]
        output.answer({"file": str(target), "words": words, "clusters": groups, "failures": failures, "seal": seal})
        return
    if not quiet:
        output.say(*word_lines(flipping_words(cases, found), sum(one.state == MINIMAL for one in found)))
    for line in [summary_line(found)] if quiet else lines(found):
        output.say(line)
    if not quiet:
        output.say(f"{target}; `robustness report RUN` brings the groups into report.md and report.html")
    if sealed is not None:
        tell_seal(sealed, quiet=quiet)
