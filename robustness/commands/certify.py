"""``robustness certify``: what no text of a space can do, or hardly any of a distribution, beside what a search found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.certifying import WhatFlags, share_of
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.sealing import ExpectFlag, check_seal, tell_seal
from robustness.commands.options.spending import CapFlags, CassetteFlag, without_caps
from robustness.commands.terminal import complete, output
from robustness.commands.terminal.status import status
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.measures.chance.statement import Statement
    from robustness.certify.certify import Certified
    from robustness.certify.subjects import Subject

EVERY_S = 30.0
"""How often a long certificate says how far it is."""


@f.flattened
def certify(
    *,
    run: Annotated[
        Path | None,
        typer.Argument(
            autocompletion=complete.run_folders,
            help="A run folder that an audit wrote: its victim, its examples.",
            metavar="[RUN]",
        ),
    ] = None,
    victim: f.VictimFlag = None,
    data: f.DataFlag = None,
    reading: f.ReadingFlags,
    what: WhatFlags,
    min_certified: Annotated[
        str | None,
        typer.Option(
            "--min-certified", help="Fail unless at least this share of examples is shown to hold.", rich_help_panel="Gate"
        ),
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option("--goal", help="What counts as a failure (default: the run's, or the task's).", rich_help_panel="Attack"),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Language of the texts (default: guessed).", rich_help_panel="Data")
    ] = None,
    field: Annotated[
        str | None,
        typer.Option("--field", help="Which text field is changed (default: the run's, or the last).", rich_help_panel="Attack"),
    ] = (None),
    limit: f.LimitFlag = None,
    seed: f.SeedFlag = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write (default: certificates.jsonl in the run folder).", rich_help_panel="Output"),
    ] = None,
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
    """Show for how many examples the victim holds: on every text of a space, or on nearly all rewrites of a distribution.

    Example: robustness certify runs/demo --space char-1:swap

    Interrupted, the same command goes on where it was.

    Exit codes: 0 passed or measured, 1 so few examples hold that --min-certified is missed, 2 unusable input, 3 inconclusive.
    """
    from robustness.commands.recorded import under_way
    from robustness.isolation.offline import offline as without_network

    under_way().again = "the same command goes on where it was"
    what.check()
    threshold = None if min_certified is None else share_of(min_certified, "--min-certified")
    from robustness.certify.files import target_of

    target = target_of(run, out)
    sealed = _sealed(run, data, expect, target.lost)
    chosen = {"goal": goal, "language": language, "field": field, "limit": limit, "seed": seed}
    with without_network(offline):
        if run is not None:
            _refuse_reading(reading)
            _refuse_size_of_run(run, what, field)
            opened = _of_run(
                run,
                chosen,
                spec=victim,
                opening=opening.given() | api.given(),
                offline=offline,
                allow_local_code=allow_local_code,
                quiet=quiet or json_,
                spending=caps.given() | f.given(cassette=cassette),
                out=target.answers,
            )
        else:
            flags = reading.given() | opening.given() | api.given() | caps.given() | asking.given()
            flags |= f.given(offline=offline, cassette=cassette, **chosen)
            opened = _of_data(victim, data, flags, what, target.answers, allow_local_code=allow_local_code, quiet=quiet or json_)
        with target.unsealed(), opened as subject:
            if run is not None and out is None and not subject.own:
                raise UsageError(f"{subject.name} is not the victim of {run}, where the result would stand; give --out FILE")
            said, done = _carried_out(subject, what, target, asking, quiet=quiet or json_)
    from reports.measures.chance.statement import EXIT_CODES, INCONCLUSIVE

    verdict, why = said.verdict(threshold)
    if done.spent:
        verdict, why = (INCONCLUSIVE, f"{done.spent}; {why}") if verdict != "failed" else (verdict, why)
    _tell(said, verdict, why, target.file, as_json=json_, quiet=quiet, spent=done.spent)
    if run is not None and not json_ and sealed:
        tell_seal(check_seal(run, None), quiet=quiet)
    raise typer.Exit(EXIT_CODES[verdict])


def _sealed(run: Path | None, data: str | None, expect: str | None, lost: tuple[str, ...]) -> bool:
    """Whether the run is sealed; raises where it is not the one expected, or where neither or both of run and data are named."""
    f.refuse_empty(data, "--data")
    if run is not None and data is not None:
        raise UsageError("give RUN, which has its own examples, or --victim and --data, not both")
    if run is None:
        if expect is not None:
            raise UsageError("--expect needs a run folder, because the seal is in it")
        return False
    from reports.run.seal import refuse_edited

    found = check_seal(run, expect)
    refuse_edited(run, lost)
    return found.digest is not None


def _refuse_reading(reading: f.ReadingFlags) -> None:
    odd = sorted(name for name, value in reading.given().items() if value is not None)
    if odd:
        raise UsageError(f"--{odd[0].replace('_', '-')} says how --data is read, and there is no --data; leave it out")


def _refuse_size_of_run(run: Path, what: WhatFlags, field: str | None) -> None:
    """Raise ``UsageError`` for a space that is too large for the examples of a run, before its victim is loaded."""
    if what.space is None:
        return
    from reports.measures.metrics import by_example
    from reports.run.store import load_run
    from robustness.certify.exhaustive import Exhaustive
    from robustness.certify.frame import Asked

    method = what.built((), None)
    assert isinstance(method, Exhaustive)
    first = [group[0] for group in by_example(load_run(run).outcomes).values()]
    method.check_size([Asked(one.example_id, (one.texts.get(field or one.field, ""),), None) for one in first], 0)


@contextmanager
def _of_run(run: Path, chosen: dict[str, Any], **naming: Any) -> Iterator[Subject]:
    """``naming``: as ``open_named`` takes it."""
    from reports.run.store import load_run
    from robustness.certify.subjects import of_run
    from robustness.commands.options.victim import open_named

    loaded = load_run(run)
    with open_named(failures=run, **naming) as subject:
        yield of_run(loaded, subject, **chosen)


@contextmanager
def _of_data(
    victim: str | None,
    data: str | None,
    flags: dict[str, Any],
    what: WhatFlags,
    answers: Path,
    *,
    allow_local_code: bool,
    quiet: bool,
) -> Iterator[Subject]:
    from robustness.certify.exhaustive import Exhaustive
    from robustness.certify.subjects import of_audit
    from robustness.commands.options.arguments import arguments_of
    from robustness.commands.options.policy import audit_defaults, read_policy
    from robustness.commands.options.preparing import prepared
    from robustness.planning.prepare import attacked_field
    from robustness.settings import Settings

    rules = read_policy(None, {})
    defaults = audit_defaults(rules, victim, None, allow_local_code=allow_local_code, prompt=flags.get("prompt"))
    chosen = without_caps(defaults, victim, flags.get("cassette")) | flags | f.given(victim=victim, data=data)
    chosen |= {"recipes": ["natural:case-noise"], "encoder": "none"}  # none is run; what is certified stands under its own flags

    def refuse_size(data: Any, subject: Any) -> None:
        method = what.built(subject.info.labels, None) if what.space is not None else None
        if isinstance(method, Exhaustive):
            method.check_size(data.examples, attacked_field(Settings(field=chosen.get("field")), subject.info))

    with prepared(arguments_of(chosen), out=answers, quiet=quiet, before_asking=refuse_size) as audit:
        yield of_audit(audit)


def _carried_out(
    subject: Subject, what: WhatFlags, target: Any, asking: f.AskingFlags, *, quiet: bool
) -> tuple[Statement, Certified]:
    """Certify, write, and say what it shows."""
    from reports.measures.chance.statement import statement
    from robustness.certify.certify import certify as work
    from robustness.certify.certify import settings_of
    from robustness.certify.journal import Journal

    frame = subject.frame
    method = what.built(subject.victim.info.labels, subject.options)
    method.check(frame)
    settings = settings_of(frame, method, subject.examples, subject.name, subject.comparability, subject.beside)
    journal = Journal.open(target.file, settings)
    if journal.done:
        status(f"{len(journal.done)} of {len(subject.examples)} examples were certified before; going on", quiet=quiet)
    heard = _Progress(quiet)
    finished = False
    try:
        oracles = subject.oracles(**asking.oracle())
        done = work(oracles, frame, method, subject.examples, journal=journal, heard=heard)
        block = target.write(settings, done.found)
        finished = block.finished
    finally:
        journal.close(finished=finished)
    forwards = sum(one.usage.forwards for one in oracles.by_role.values())
    status(f"{forwards:,} forwards in {heard.seconds:.1f} s", quiet=quiet)
    return statement(block, subject.searched, beside=subject.ran), done


class _Progress:
    """Says now and then how far a certificate is."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._began = quiet, time.monotonic()
        self._told = self._began

    def __call__(self, done: int, all_: int) -> None:
        if time.monotonic() - self._told >= EVERY_S:
            self._told = time.monotonic()
            status(f"{done} of {all_} examples certified", quiet=self._quiet)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began


def _tell(said: Statement, verdict: str, why: str, target: Path, *, as_json: bool, quiet: bool, spent: str) -> None:
    from reports.files.text import visible
    from reports.render.brackets import lines

    if as_json:
        output.answer({"verdict": verdict, "why": why, "file": str(target), **said.record(), "spent": spent})
        return
    output.say(visible(f"{verdict.upper()}: {why}"))
    if not quiet:
        for line in lines(said):
            output.say(visible(line))
        output.say(f"{target}; `robustness report RUN` brings it into report.md and report.html")
