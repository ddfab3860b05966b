"""``robustness certify``: a statement about a declared distribution of rewrites, beside what a search found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.sealing import ExpectFlag, check_seal, tell_seal
from robustness.commands.options.spending import CapFlags, CassetteFlag, without_caps
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.measures.chance.statement import Statement
    from reports.run.certificates import Certificates
    from robustness.certify.certify import Rule
    from robustness.certify.subjects import Subject

DEFAULT_REWRITES = "natural@2,format,paraphrase"


@f.flattened
def certify(
    *,
    run: Annotated[
        Path | None, typer.Argument(help="A run folder that an audit wrote: its victim, its examples.", metavar="[RUN]")
    ] = None,
    victim: f.VictimFlag = None,
    data: f.DataFlag = None,
    reading: f.ReadingFlags,
    rewrites: Annotated[
        str,
        typer.Option(
            "--rewrites",
            metavar="KIND[@SEVERITY][:WEIGHT],…",
            help="The distribution: natural, a technique of noise, format, paraphrase; each with its share of the samples.",
        ),
    ] = DEFAULT_REWRITES,
    tau: Annotated[str, typer.Option("--tau", help="The share of rewrites on which an example may fail and still hold.")] = "5%",
    confidence: Annotated[float, typer.Option("--confidence", help="Of every bound, one-sided.")] = 0.95,
    method: Annotated[
        str, typer.Option("--method", help="exact: all samples are asked. anytime: until a bound that may be watched decides.")
    ] = "exact",
    samples: Annotated[
        int | None,
        typer.Option("--samples", help="Rewrites of each example (default: the fewest that can show --tau, 59 for 5%).", min=1),
    ] = None,
    min_certified: Annotated[
        str | None, typer.Option("--min-certified", help="Fail unless at least this share of examples is shown to hold.")
    ] = None,
    goal: Annotated[
        str | None, typer.Option("--goal", help="What counts as a failure (default: the run's, or the task's).")
    ] = None,
    language: Annotated[str | None, typer.Option("--language", help="Language of the texts (default: guessed).")] = None,
    field: Annotated[
        str | None, typer.Option("--field", help="Which text field is rewritten (default: the run's, or the last).")
    ] = (None),
    limit: f.LimitFlag = None,
    seed: f.SeedFlag = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write (default: certificates.jsonl in the run folder).")
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
    """Sample rewrites that should change nothing, and state for how many examples the victim holds on nearly all of them.

    Example: robustness certify runs/demo --rewrites natural@2:0.5,format:0.3,paraphrase:0.2

    Exit codes: 0 passed or measured, 1 so few examples hold that --min-certified is missed, 2 unusable input, 3 inconclusive.
    """
    from robustness.certify.distribution import parse_rewrites
    from robustness.isolation.offline import offline as without_network

    rule, threshold = _rule(tau, confidence, method, samples), _share(min_certified, "--min-certified")
    parts = parse_rewrites(rewrites)
    sealed = _sealed(run, data, expect)
    target = _target(run, out)
    chosen = {"goal": goal, "language": language, "field": field, "limit": limit, "seed": seed}
    with without_network(offline):
        if run is not None:
            _refuse_reading(reading)
            opened = _of_run(
                run,
                chosen,
                spec=victim,
                opening=opening.given() | api.given(),
                offline=offline,
                allow_local_code=allow_local_code,
                quiet=quiet or json_,
                spending=caps.given() | f.given(cassette=cassette),
            )
        else:
            flags = reading.given() | opening.given() | api.given() | caps.given() | asking.given()
            flags |= f.given(offline=offline, cassette=cassette, **chosen)
            opened = _of_data(victim, data, flags, allow_local_code=allow_local_code, quiet=quiet or json_)
        with opened as subject:
            if run is not None and out is None and not subject.own:
                raise UsageError(f"{subject.name} is not the victim of {run}, where the result would stand; give --out FILE")
            found, spent = _carried_out(subject, parts, rewrites, rule, asking)
    from reports.measures.chance.statement import EXIT_CODES, INCONCLUSIVE, statement

    _write(target, found)
    said = statement(found, subject.searched)
    verdict, why = said.verdict(threshold)
    if spent:
        verdict, why = (INCONCLUSIVE, f"{spent}; {why}") if verdict != "failed" else (verdict, why)
    _tell(said, verdict, why, target, as_json=json_, quiet=quiet, settings=dict(found.settings), spent=spent)
    if run is not None and not json_ and sealed:
        tell_seal(check_seal(run, None), quiet=quiet)
    raise typer.Exit(EXIT_CODES[verdict])


def _sealed(run: Path | None, data: str | None, expect: str | None) -> bool:
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
    refuse_edited(run, ("certificates.jsonl",))
    return found.digest is not None


def _refuse_reading(reading: f.ReadingFlags) -> None:
    odd = sorted(name for name, value in reading.given().items() if value is not None)
    if odd:
        raise UsageError(f"--{odd[0].replace('_', '-')} says how --data is read, and there is no --data; leave it out")


def _rule(tau: str, confidence: float, method: str, samples: int | None) -> Rule:
    from robustness.certify.certify import Rule

    return Rule(_share(tau, "--tau") or 0.0, confidence, method, samples or 0)


def _share(text: str | None, flag: str) -> float | None:
    from reports.gate.policy import share

    if text is None:
        return None
    try:
        value = share(text)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from error
    if not 0 < value <= 1:
        raise UsageError(f"{flag} expects a share above 0 and up to 100 %, got {text!r}: no victim could miss it")
    return value


def _target(run: Path | None, out: Path | None) -> Path:
    from reports.run.certificates import CERTIFICATES

    if out is None and run is None:
        raise UsageError("there is no run folder to put the certificates into; give --out FILE")
    target = out if out is not None else Path(str(run)) / CERTIFICATES
    if not target.parent.is_dir() or target.is_dir():
        raise UsageError(f"--out expects a file in a folder that exists, got {target}")
    return target


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
    victim: str | None, data: str | None, flags: dict[str, Any], *, allow_local_code: bool, quiet: bool
) -> Iterator[Subject]:
    from robustness.certify.subjects import of_audit
    from robustness.commands.options.arguments import arguments_of
    from robustness.commands.options.policy import audit_defaults, read_policy
    from robustness.commands.options.preparing import prepared

    rules = read_policy(None, {})
    defaults = audit_defaults(rules, victim, None, allow_local_code=allow_local_code, prompt=flags.get("prompt"))
    chosen = without_caps(defaults, victim, flags.get("cassette")) | flags | f.given(victim=victim, data=data)
    chosen |= {"recipes": ["natural:case-noise"], "encoder": "none"}  # none is run; what is sampled stands under --rewrites
    with prepared(arguments_of(chosen), quiet=quiet) as audit:
        yield of_audit(audit)


def _carried_out(subject: Subject, parts: Any, spec: str, rule: Rule, asking: f.AskingFlags) -> tuple[Certificates, str]:
    from reports.run.certificates import Certificates
    from robustness.certify.certify import Plan, settings_of
    from robustness.certify.certify import certify as sample
    from robustness.certify.distribution import Rewrites

    plan = Plan(
        task=subject.task,
        goal=subject.goal,
        field=subject.field,
        rewrites=Rewrites(parts, subject.options),
        rule=rule,
        seed=subject.seed,
        varies=subject.varies,
    )
    found, spent = sample(subject.oracles(**asking.oracle()), plan, subject.examples)
    settings = settings_of(plan, subject.name, dict(subject.comparability), spec)
    return Certificates(settings, tuple(found)), spent


def _write(target: Path, found: Certificates) -> None:
    """Write the file, and seal its folder again where it has a seal."""
    from reports.run.certificates import write_certificates
    from reports.run.seal import SEAL, rewriting

    with rewriting(target.parent, (target.name,)) if (target.parent / SEAL).exists() else nullcontext():
        write_certificates(target, found)


def _tell(
    said: Statement,
    verdict: str,
    why: str,
    target: Path,
    *,
    as_json: bool,
    quiet: bool,
    settings: dict[str, Any],
    spent: str,
) -> None:
    from reports.files.text import visible

    if as_json:
        answer = {"verdict": verdict, "why": why, "file": str(target), **said.record(), "settings": settings, "spent": spent}
        output.answer(answer)
        return
    output.say(f"{verdict.upper()}: {why}")
    if not quiet:
        for line in said.lines():
            output.say(visible(line))
        output.say(f"{target}; `robustness report RUN` brings it into report.md and report.html")
