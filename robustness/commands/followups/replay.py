"""``robustness replay``: saved failures run against a victim, as a regression suite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.sealing import ExpectFlag, check_source, tell_seal
from robustness.commands.options.spending import CapFlags, CassetteFlag
from robustness.commands.terminal import complete, output
from robustness.commands.terminal.status import status
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.run import Outcome
    from reports.run.replayed import Replay
    from reports.run.seal import Verification
    from robustness.victims.base import Victim

FailuresArgument = Annotated[
    Path,
    typer.Argument(
        autocompletion=complete.run_folders, help="A failures.jsonl, or the run folder that holds it.", metavar="FAILURES"
    ),
]
SHOWN = 20
OF_ENDPOINT = 3
"""Answers of an endpoint that are asked for to each case."""


@f.flattened
def replay(
    *,
    failures: Annotated[
        Path | None,
        typer.Argument(
            autocompletion=complete.run_folders, help="A failures.jsonl, or the run folder that holds it.", metavar="[FAILURES]"
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            help="Instead of failures: perturbed texts and their labels, as `audit --data` reads.",
            rich_help_panel="Data",
        ),
    ] = None,
    original: Annotated[
        str | None,
        typer.Option("--original", help="Column of --data that holds each text before it was perturbed.", rich_help_panel="Data"),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option("--field", help="Text field that --original belongs to (default: the last).", rich_help_panel="Attack"),
    ] = None,
    reading: f.ReadingFlags,
    victim: f.VictimFlag = None,
    repeat: Annotated[
        int | None,
        typer.Option(
            "--repeat",
            help="Ask this many times; answers that change are flaky (default 1, of an endpoint 3).",
            min=1,
            rich_help_panel="Run",
        ),
    ] = None,
    max_broken: Annotated[
        int, typer.Option("--max-broken", help="How many cases may still be broken.", min=0, rich_help_panel="Gate")
    ] = 0,
    max_not_applicable: Annotated[
        str | None,
        typer.Option(
            "--max-not-applicable",
            help="Inconclusive above this share of cases whose clean text is wrong too (default 20%).",
            rich_help_panel="Gate",
        ),
    ] = None,
    changed_victim: Annotated[
        bool,
        typer.Option(
            "--changed-victim",
            help="Ask the run's own victim though it is not the same any more, to see what a change of it fixed.",
            rich_help_panel="Victim",
        ),
    ] = False,
    expect: ExpectFlag = None,
    asking: f.AskingFlags,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    cassette: CassetteFlag = None,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Run saved failures against a victim: fixed, still broken, or not applicable. No search, only forwards.

    Example: robustness replay runs/demo --victim hf:./my-model --repeat 2

    Exit codes: 0 passed, 1 more are broken than --max-broken, 2 unusable input, 3 errors, flaky answers, or too few cases
    applied.
    """
    from reports.run.cases import read_cases
    from robustness.commands.options.victim import open_named
    from robustness.followups.replay import collected_cases
    from robustness.followups.replay import replay as put
    from robustness.isolation.offline import offline as without_network

    _refuse_mixed(failures, data, {"original": original, "field": field} | reading.given())
    share = _share(max_not_applicable)
    sealed = check_source(failures, expect) if failures is not None else None
    cases = read_cases(failures) if failures is not None else []
    silent = quiet or json_
    with without_network(offline):
        if data is not None and len(reading.given().get("text") or ()) > 1:
            opening = replace(opening, fields=opening.fields or reading.text)  # two text columns: the victim reads pairs
        with open_named(
            victim,
            opening.given() | api.given(),
            offline=offline,
            allow_local_code=allow_local_code,
            failures=failures,
            quiet=silent,
            spending=caps.given() | f.given(cassette=cassette),
            checked=not changed_victim,
        ) as subject:
            if data is not None:
                wanted = {**reading.given(), "original": original, "field": field, "offline": offline}
                cases, notes = collected_cases(data, subject.info, **wanted)
                for note in notes:
                    status(note, quiet=silent)
            found = put(
                subject,
                cases,
                repeat=repeat or _times(subject, recorded=cassette is not None),
                max_broken=max_broken,
                max_not_applicable=share,
                originals=data is None or original is not None,
                **asking.oracle(),
            )
    _tell(found, sealed, as_json=json_, quiet=quiet)
    raise typer.Exit(found.exit_code)


def _times(victim: Victim, *, recorded: bool) -> int:
    """How often each case is asked where nobody says: one lucky answer of an endpoint, whose answers may vary, fixes nothing.

    A recording holds one answer to each text.
    """
    from robustness.victims.base import Streaming

    varies = isinstance(victim, Streaming) and not victim.info.deterministic
    return OF_ENDPOINT if varies and not recorded else 1


def _refuse_mixed(failures: Path | None, data: str | None, reading: dict[str, object]) -> None:
    f.refuse_empty(data, "--data")
    if (failures is None) == (data is None):
        what = "got neither" if data is None else "got both"
        raise UsageError(f"expected FAILURES (a run folder or a failures.jsonl) or --data FILE, {what}")
    odd = sorted(name for name, value in reading.items() if value is not None)
    if data is None and odd:
        raise UsageError(f"--{odd[0].replace('_', '-')} says how --data is read, and there is no --data; leave it out")


def _share(text: str | None) -> float:
    """The flag, else ``[replay] max_not_applicable`` of the policy file, else its default."""
    from reports.gate.policy import share
    from robustness.commands.options.policy import read_policy

    if text is None:
        return read_policy(None, {}).replay.max_not_applicable
    try:
        return share(text)
    except ValueError as error:
        raise UsageError(f"--max-not-applicable: {error}") from error


def _text(case: Outcome) -> str:
    """The text of a case with its edits marked, cut around them; as it is, where it came without any."""
    from robustness.testing.told import marked

    if case.edits or case.perturbed is None:
        return marked(case)
    return marked(replace(case, texts={**case.texts, case.field: case.perturbed}))


def _tell(found: Replay, sealed: Verification | None, *, as_json: bool, quiet: bool) -> None:
    from reports.run.replayed import BROKEN, ERROR, FLAKY

    if as_json:
        output.answer({**found.to_dict(), "seal": sealed.brief() if sealed else None})
        return
    bad = [case for case in found.cases if case.state in (BROKEN, FLAKY, ERROR)]
    for one in [] if quiet else bad[:SHOWN]:
        said = one.error or f"{one.case.reference} → {' / '.join(one.answers)}"
        output.say(f"{one.state:12} {one.case.recipe} on {one.case.example_id}: {said}", f"{'':12} {_text(one.case)}")
    if not quiet and len(bad) > SHOWN:
        output.say(f"… and {len(bad) - SHOWN} more; --json lists them all")
    output.say(found.headline())
    if sealed is not None:
        tell_seal(sealed, quiet=quiet)
