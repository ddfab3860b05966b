"""``robustness compare``: two runs of the same examples, recipes and seed; is the second one worse?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.sealing import ExpectFlag, check_seal
from robustness.commands.options.spending import CapFlags, CassetteFlag
from robustness.commands.terminal import complete, output
from robustness.commands.terminal.link import OpenFlag, tell_page
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.gate.policy import AuditDefaults, CompareRules
    from reports.run import Run


@f.flattened
def compare(
    *,
    base: Annotated[Path, typer.Argument(autocompletion=complete.run_folders, help="The run to compare with.", metavar="BASE")],
    candidate: Annotated[
        Path, typer.Argument(autocompletion=complete.run_folders, help="The run to judge.", metavar="CANDIDATE")
    ],
    max_regression: Annotated[
        str | None,
        typer.Option(
            "--max-regression", help="Largest drop of robust accuracy still accepted (default 2pt).", rich_help_panel="Gate"
        ),
    ] = None,
    max_error_rate: Annotated[
        str | None,
        typer.Option(
            "--max-error-rate",
            help="Inconclusive if more examples had errors in either run (default 1%).",
            rich_help_panel="Gate",
        ),
    ] = None,
    confidence: Annotated[
        str | None,
        typer.Option(
            "--confidence", help="Confidence of the intervals; the tests use one minus it (default 95%).", rich_help_panel="Gate"
        ),
    ] = None,
    slices_decide: Annotated[
        bool,
        typer.Option(
            "--slices-decide",
            help="Let a regression on one slice decide too (all questions corrected together).",
            rich_help_panel="Gate",
        ),
    ] = False,
    shared: Annotated[
        bool,
        typer.Option(
            "--shared",
            help="Compare on the examples and recipes that both runs have, and say how many those are.",
            rich_help_panel="Data",
        ),
    ] = False,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay",
            help="Put the base's failures to the candidate's victim too: what holds must survive both.",
            rich_help_panel="Run",
        ),
    ] = False,
    victim: Annotated[
        str | None,
        typer.Option(
            "--victim", help="With --replay: the candidate's victim, where its run cannot open it.", rich_help_panel="Victim"
        ),
    ] = None,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    cassette: CassetteFlag = None,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    policy: f.RunPolicyFlag = None,
    expect: ExpectFlag = None,
    expect_base: Annotated[
        str | None,
        typer.Option(
            "--expect-base", help="The digest that the base's seal must have.", metavar="DIGEST", rich_help_panel="Gate"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for comparison.json, .md, .html, .xml and .sarif.", rich_help_panel="Output"),
    ] = None,
    texts: Annotated[
        bool | None,
        typer.Option(
            "--texts/--no-texts",
            help="Quote examples. By default the terminal and comparison.md do, comparison.sarif does not.",
            rich_help_panel="Output",
        ),
    ] = None,
    open_: OpenFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Compare two runs: what changed with paired intervals, what broke, what was fixed, and a verdict.

    Two files of certificates in place of two run folders: which examples lost their certificate.

    Example: robustness compare runs/release-1 runs/release-2 --max-regression 2pt --out compared

    Exit codes: 0 a regression larger than the margin is excluded, 1 regressed, 2 unusable input or internal error,
    3 inconclusive or not comparable.
    """
    from reports.compare.comparable import differences
    from reports.compare.compare import compare as hold_against
    from reports.compare.shared import advice, share
    from reports.render.comparison.files import clear_comparison, render_comparison
    from reports.render.comparison.terminal import print_comparison, verdict_line
    from reports.run.failures import in_order
    from reports.run.store import load_run
    from robustness.commands.followups.compare_certificates import are_certificates, compare_files
    from robustness.commands.options.victim import open_named
    from robustness.followups.replay import replay as put
    from robustness.isolation.offline import offline as without_network

    given = f.given(
        max_regression=max_regression, max_error_rate=max_error_rate, confidence=confidence, slices_decide=slices_decide
    )
    if are_certificates(base, candidate):
        flags = {"--shared": shared, "--replay": replay, "--victim": victim, "--out": out, "--texts": texts, "--open": open_}
        flags |= {f"--{name.replace('_', '-')}": value for name, value in {**opening.given(), **api.given()}.items()}
        flags |= {f"--{name.replace('_', '-')}": value for name, value in f.given(cassette=cassette, **caps.given()).items()}
        code = compare_files(
            base,
            candidate,
            _file_rules(policy, given),
            expect={"--expect-base": expect_base, "--expect": expect},
            unused=flags | {"--slices-decide": slices_decide},
            as_json=json_,
            quiet=quiet,
        )
        raise typer.Exit(code)
    if open_ and out is None:
        raise UsageError("--open shows comparison.html, and without --out none is written; add --out FOLDER")
    if out is not None:
        clear_comparison(out)
    seals = {"base": check_seal(base, expect_base, "--expect-base"), "candidate": check_seal(candidate, expect)}
    old, new = load_run(base), load_run(candidate)
    rules, due = _rules(new, policy, given)
    how = {**opening.given(), **api.given()}
    spending = {**caps.given(), **f.given(cassette=cassette)}
    unused = [name for name, value in {"victim": victim, **how, **spending}.items() if value is not None]
    if unused and not replay:
        flag = f"--{unused[0].replace('_', '-')}"
        raise UsageError(f"{flag} says whom --replay asks, or how, and there is no --replay; add it, or leave {flag} out")
    common = None
    if shared:
        old, new, common = share(old, new)
    tried = None
    if replay and not differences(old, new):
        with (
            without_network(offline),
            open_named(
                victim,
                how,
                offline=offline,
                allow_local_code=allow_local_code,
                failures=candidate,
                spending=spending,
                quiet=quiet or json_,
                by_policy=False,
            ) as subject,
        ):
            tried = put(subject, in_order(old), repeat=2)
    found = hold_against(old, new, rules, due, tried, common)
    hint = advice(old, new) if found.differences and not shared else ""
    written = render_comparison(found, out, texts=texts) if out is not None else []
    if json_:
        output.answer(found.to_dict())
    elif quiet:
        output.say(verdict_line(found, texts=texts is not False))
    else:
        print_comparison(found, output.console(), texts=texts is not False)
        for path in written:
            output.say(str(path))
    if hint:
        output.warn(hint)
    for name, seal in seals.items():
        (output.warn if quiet or json_ else output.say)(f"{name}: {seal.sentence()}")
    if out is not None:
        tell_page(out / "comparison.html", opened=open_, quiet=quiet or json_)
    raise typer.Exit(found.exit_code)


def _file_rules(path: Path | None, given: dict[str, Any]) -> CompareRules:
    """``[compare]`` of the file that was named, or of the folder's, with the flags applied on top."""
    from reports.gate.policy import PolicyError, parse_policy
    from reports.gate.policy_file import load_policy

    try:
        rules, flags = load_policy(path).compare, parse_policy({"compare": given}, "flags").compare
    except PolicyError as problem:
        raise UsageError(str(problem)) from problem
    return rules.model_copy(update={name: getattr(flags, name) for name in flags.model_fields_set})


def _rules(candidate: Run, path: Path | None, given: dict[str, Any]) -> tuple[CompareRules, AuditDefaults]:
    """``[compare]`` with the flags applied on top, and ``[audit]``.

    Each is that of a file that was named, else of the candidate's own policy, else of the folder's file.
    """
    from reports.gate.policy import AuditDefaults, CompareRules, Policy, PolicyError, parse_policy
    from reports.gate.policy_file import load_policy
    from reports.gate.run_policy import own_policy

    own = Policy() if path is not None else own_policy(candidate.manifest)
    complete = own.compare != CompareRules() and own.audit != AuditDefaults()
    try:
        file = own if complete else load_policy(path)
        flags = parse_policy({"compare": given}, "flags").compare
    except PolicyError as problem:
        raise UsageError(str(problem)) from problem
    rules = own.compare if own.compare != CompareRules() else file.compare
    audit = own.audit if own.audit != AuditDefaults() else file.audit
    return rules.model_copy(update={name: getattr(flags, name) for name in flags.model_fields_set}), audit
