"""``robustness transfer``: do failures found on one victim break others?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.sealing import check_seal
from robustness.commands.options.spending import CapFlags
from robustness.commands.terminal import complete, output
from robustness.commands.terminal.status import status
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.measures.transfer import Transfer
    from reports.run.seal import Verification
    from robustness.commands.options.own_victim import OwnVictim
    from robustness.victims.base import Victim

RunsArgument = Annotated[
    list[Path],
    typer.Argument(
        autocompletion=complete.run_folders, help="Run folders, one for each victim that was attacked.", metavar="RUN…"
    ),
]


@f.flattened
def transfer(
    *,
    runs: RunsArgument,
    victims: Annotated[
        str | None,
        typer.Option(
            "--victims",
            help="Victims to put the failures to, comma-separated (default: those of the runs).",
            rich_help_panel="Victim",
        ),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect",
            help="The digests that the runs' seals must have, in their order, comma-separated.",
            rich_help_panel="Gate",
        ),
    ] = None,
    asking: f.AskingFlags,
    loading: f.LoadingFlags,
    api: EndpointFlags,
    caps: CapFlags,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Run the failures of one or more runs against several victims: a matrix of how many break each.

    Example: robustness transfer runs/a runs/b --victims hf:./a,hf:./b

    Exit codes: 0 measured, 2 unusable input, 3 a victim had errors, or nothing applied to it.
    """
    from robustness.isolation.offline import offline as without_network

    seals = _seals(runs, expect)
    with without_network(offline):
        subjects = _subjects(runs, victims, loading, api, offline=offline, allow_local_code=allow_local_code)
        found = _matrix(runs, subjects, asking, caps.given(), quiet=quiet or json_)
    if json_:
        output.answer({**found.to_dict(), "seals": [seal.brief() for seal in seals]})
    else:
        _print(found, quiet=quiet)
        for run, seal in zip(runs, seals, strict=True):
            (output.warn if quiet else output.say)(f"{run}: {seal.sentence()}")
    raise typer.Exit(found.exit_code)


def _subjects(
    runs: list[Path], victims: str | None, loading: f.LoadingFlags, api: EndpointFlags, *, offline: bool, allow_local_code: bool
) -> dict[str, Callable[..., Victim]]:
    """How each victim is opened, by its spec: those that were named, else those of the runs.

    An endpoint that is that of a run is asked as the run asked it, as far as no flag says otherwise.
    """
    from robustness.auditing import open_victim
    from robustness.commands.options.own_victim import opening_of, own_victim
    from robustness.victims import is_endpoint

    def flags(spec: str) -> dict[str, Any]:
        return {**(api.given() if is_endpoint(spec) else loading.given()), "offline": offline}

    if victims is None:
        owned = [(run, one) for run in runs if (one := own_victim(run, allow_local_code=allow_local_code)) is not None]
        if not owned:
            raise UsageError(f"{runs[0]} is not a run folder, so it names no victim; give --victims")
        return {_told_apart(run, one, owned): partial(one.open, **flags(one.spec)) for run, one in owned}
    specs = f.listed(victims) or []
    if not specs or len(set(specs)) < len(specs):
        raise UsageError(f"--victims expects different victims separated by commas, got {victims!r}")
    how: dict[str, Callable[..., Victim]] = {}
    for spec in specs:
        openings = (opening_of(run, spec, allow_local_code=allow_local_code) for run in runs)
        how[spec] = partial(open_victim, spec, **{**next((one for one in openings if one), {}), **flags(spec)})
    return how


def _told_apart(run: Path, own: OwnVictim, owned: Sequence[tuple[Path, OwnVictim]]) -> str:
    """The victim's spec, and its run where another victim goes by the same: versions in folders of one name."""
    several = any(other.spec == own.spec and other.identity != own.identity for _, other in owned)
    return f"{own.spec} ({run.name})" if several else own.spec


def _seals(runs: list[Path], expect: str | None) -> list[Verification]:
    f.refuse_empty(expect, "--expect")
    digests: list[str | None] = list(f.listed(expect) or []) if expect is not None else [None] * len(runs)
    if len(digests) != len(runs):
        raise UsageError(f"--expect needs one digest for each of the {len(runs)} runs, got {len(digests)}")
    return [check_seal(run, digest) for run, digest in zip(runs, digests, strict=True)]


def _matrix(
    runs: list[Path], subjects: Mapping[str, Callable[..., Victim]], asking: f.AskingFlags, caps: dict[str, Any], *, quiet: bool
) -> Transfer:
    """The caps hold for all victims together."""
    from reports.measures.transfer import Transfer, cells
    from reports.run.cases import read_cases
    from reports.run.store import read_manifest
    from robustness.followups.replay import replay
    from robustness.planning.spending import spending_on
    from robustness.victims import is_endpoint
    from robustness.victims.endpoint.session import refuse_spending

    if not any(map(is_endpoint, subjects)):
        refuse_spending(next(iter(subjects)), caps)
    spent = None
    sources = [(_source(path, str(read_manifest(path).victim.get("name", path))), read_cases(path)) for path in runs]
    by_victim = []
    for spec, opened in subjects.items():
        status(f"loading victim {spec}", quiet=quiet)
        with spending_on(spec, caps if is_endpoint(spec) else {}, already=spent) as session:
            subject = opened(session=session)
            try:
                by_victim.append([cells(name, replay(subject, cases, **asking.oracle()), spec) for name, cases in sources])
            finally:
                subject.close()
            if session is not None:
                spent = session.asked() if spent is None else spent + session.asked()
    return Transfer(tuple(cell for of_source in zip(*by_victim, strict=True) for column in of_source for cell in column))


def _source(path: Path, name: str) -> str:
    return f"{name} ({path.name})"


def _print(found: Transfer, *, quiet: bool) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    head, *rows = found.rows(recipes=not quiet)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for at, column in enumerate(head):
        left = at < 2
        table.add_column(Text(column), overflow="fold", no_wrap=left, justify="left" if left else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    console = output.console()
    console.print(table)
    output.say(*found.key())
    console.print("broken, of the cases whose clean text the victim gets right, with 95 % Clopper–Pearson intervals")
