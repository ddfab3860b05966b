"""``robustness replay``: saved failures put to a victim, as a regression suite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustness.commands import flags as f
from robustness.commands import output
from robustness.commands.sealing import ExpectFlag, check_source, tell_seal

if TYPE_CHECKING:
    from reports.replayed import Replay
    from reports.seal import Verification

FailuresArgument = Annotated[Path, typer.Argument(help="A failures.jsonl, or the run folder that holds it.", metavar="FAILURES")]
SHOWN = 20


@f.flattened
def replay(
    *,
    failures: FailuresArgument,
    victim: f.VictimFlag = None,
    repeat: Annotated[int, typer.Option("--repeat", help="Ask so many times; answers that change are flaky.", min=1)] = 1,
    max_broken: Annotated[int, typer.Option("--max-broken", help="So many cases may still be broken.", min=0)] = 0,
    expect: ExpectFlag = None,
    asking: f.AskingFlags,
    opening: f.OpeningFlags,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Put saved failures to a victim: fixed, still broken, or not applicable. No search, only forwards.

    Example: robustness replay runs/demo --victim hf:./my-model --repeat 2

    Exit codes: 0 passed, 1 more are broken than --max-broken, 2 unusable input, 3 errors, flaky answers, or nothing applied.
    """
    from reports.cases import read_cases
    from robustness.commands.victim import open_named
    from robustness.offline import offline as without_network
    from robustness.replay import replay as put

    sealed = check_source(failures, expect)
    cases = read_cases(failures)
    with without_network(offline):
        subject = open_named(victim, opening, offline=offline, allow_local_code=allow_local_code)
        try:
            found = put(subject, cases, repeat=repeat, max_broken=max_broken, **asking.oracle())
        finally:
            subject.close()
    _tell(found, sealed, as_json=json_, quiet=quiet)
    raise typer.Exit(found.exit_code)


def _tell(found: Replay, sealed: Verification | None, *, as_json: bool, quiet: bool) -> None:
    from reports.replayed import BROKEN, ERROR, FLAKY

    if as_json:
        output.answer({**found.to_dict(), "seal": sealed.brief() if sealed else None})
        return
    bad = [case for case in found.cases if case.state in (BROKEN, FLAKY, ERROR)]
    for one in [] if quiet else bad[:SHOWN]:
        said = one.error or f"{one.case.label} → {' / '.join(one.answers)}"
        output.say(f"{one.state:12} {one.case.recipe} on {one.case.example_id}: {said}")
    if not quiet and len(bad) > SHOWN:
        output.say(f"… and {len(bad) - SHOWN} more; --json lists them all")
    output.say(found.headline())
    if sealed is not None:
        tell_seal(sealed, quiet=quiet)
