"""``robustness explain``: what the victim leaned on in each failure, and which repairs of the text would help."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.sealing import ExpectFlag, check_source, tell_seal
from robustness.commands.options.spending import CapFlags, CassetteFlag
from robustness.commands.terminal import complete, output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.run import Outcome
    from reports.run.explanations import Cost, Explained, Head
    from reports.run.seal import Verification
    from robustness.followups.explain.explain import Explainer
    from robustness.followups.explain.remedies import Remedy
    from robustness.victims.base import Victim

METHOD = "leave-one-out"


@f.flattened
def explain(
    *,
    run: Annotated[Path, typer.Argument(autocompletion=complete.run_folders, help="The run folder.", metavar="RUN")],
    victim: f.VictimFlag = None,
    method: Annotated[
        str,
        typer.Option(
            "--method", help="leave-one-out (asks any victim) or integrated-gradients (demo, hf:).", rich_help_panel="Attack"
        ),
    ] = METHOD,
    remedies: Annotated[
        str,
        typer.Option(
            "--remedies",
            help="Repairs to try, comma-separated: every, none, or names such as invisible.",
            rich_help_panel="Attack",
        ),
    ] = "every",
    most: Annotated[
        int,
        typer.Option(
            "--most",
            help="Words of a text left out one by one; in longer ones neighbours go together.",
            min=1,
            rich_help_panel="Attack",
        ),
    ] = 200,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask again where the run was explained already.", rich_help_panel="Run")
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
    """Ask the victim of a run which words its failures hung on, and which repairs of the text make it right again.

    Goes on where it was stopped. `robustness report RUN` brings the findings into report.md and report.html.

    Example: robustness explain runs/demo

    Exit codes: 0 done, 2 unusable input, 3 the victim did not answer everywhere, or is broken by none of the failures now.
    """
    from reports.run.cases import read_cases
    from robustness.commands.options.victim import open_named
    from robustness.commands.recorded import under_way
    from robustness.followups.explain.explain import Explainer
    from robustness.isolation.offline import offline as without_network
    from robustness.planning.supplied import resupplied

    under_way().again = "the same command goes on where it was"
    chosen = _remedies(remedies)
    _check(run, method)
    check_source(run, expect)
    cases, clean = read_cases(run), _clean(run)
    with (
        without_network(offline),
        open_named(
            victim,
            opening.given() | api.given(),
            offline=offline,
            allow_local_code=allow_local_code,
            failures=run,
            quiet=quiet or json_,
            spending=caps.given() | f.given(cassette=cassette),
        ) as subject,
    ):
        again = _again(subject, recorded=cassette is not None)
        explainer = Explainer(subject, method, chosen if cases else (), most, again, **asking.oracle())
        head = _head(explainer, run, len(cases), len(clean))
        _write(run, head, explainer, resupplied(cases, subject.info), resupplied(clean, subject.info), fresh=fresh)
    raise typer.Exit(_tell(run, check_source(run, None), as_json=json_, quiet=quiet))


def _check(run: Path, method: str) -> None:
    from reports.run.explanations import METHODS

    if method not in METHODS:
        raise UsageError(f"--method expects one of {', '.join(METHODS)}, got {method!r}")
    if not run.is_dir():
        raise UsageError(f"{run} is not a run folder; give the folder that an audit wrote")


def _remedies(text: str) -> tuple[Remedy, ...]:
    from attacks.recipes.composing import nearest
    from robustness.followups.explain.remedies import REMEDIES

    f.refuse_empty(text, "--remedies")
    known = {one.name: one for one in REMEDIES}
    if text in ("every", "none"):
        return REMEDIES if text == "every" else ()
    names = list(dict.fromkeys(f.listed(text) or []))
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise UsageError(f"no remedy {unknown!r}{nearest(unknown, known)}")
    return tuple(known[name] for name in names)


def _clean(run: Path) -> list[Outcome]:
    """One outcome for each example that the run found right on its clean text."""
    from reports.run.store import load_run

    found: dict[str, Outcome] = {}
    for outcome in load_run(run).outcomes:
        if outcome.status not in ("skipped", "error") and outcome.clean is not None:
            found.setdefault(outcome.example_id, outcome)
    return [found[example] for example in sorted(found)]


def _again(victim: Victim, *, recorded: bool) -> int:
    """How often a mended failure is asked about: once where one answer is the answer."""
    from robustness.victims.base import Streaming

    varies = isinstance(victim, Streaming) and not victim.info.deterministic
    return 3 if varies and not recorded else 1


def _head(explainer: Explainer, run: Path, count: int, clean: int) -> Head:
    from reports.files.paths import shown
    from reports.run.cases import FAILURES
    from reports.run.explanations import Head

    info = explainer.victim.info
    notes = []
    if info.access == "labels" and info.labels:
        notes.append(
            "the victim gives labels only: a weight says whether the answer turned without the word, not how far it moved"
        )
    if explainer.again > 1:
        notes.append(
            "the answers of this victim may vary: each text without a word was asked once, so small weights mean nothing"
        )
    if len(info.fields) > 1:
        notes.append(
            "words of the attacked field only were left out; the other fields stayed as they were"
            if explainer.method == METHOD
            else "all fields are masked at the start of the path, and only the shares of the attacked one are shown"
        )
    return Head(
        explainer.method,
        {"name": shown(info.name), **{key: shown(value) for key, value in info.identity}},
        hashlib.sha256((run / FAILURES).read_bytes()).hexdigest(),
        count,
        clean,
        tuple(one.name for one in explainer.remedies),
        explainer.most,
        explainer.again,
        tuple(notes),
    )


def _write(
    run: Path, head: Head, explainer: Explainer, cases: Sequence[Outcome], clean: Sequence[Outcome], *, fresh: bool
) -> None:
    """Write what is missing, line by line, each portion on disk before the next is asked; then seal the run again."""
    from reports.run.explanations import EXPLANATIONS, line_of
    from reports.run.seal import SEAL, rewriting

    target = run / EXPLANATIONS
    done, ends, kept = (0, 0, "") if fresh else _done(target, head, cases)
    if ends == len(head.remedies) and done == len(cases) and kept:
        output.warn("this run was explained by this victim already; --fresh asks again")
    sealing = rewriting(run, (EXPLANATIONS,)) if (run / SEAL).exists() else nullcontext()
    with sealing, target.open("w", encoding="ascii", newline="\n") as stream:
        stream.write(kept or line_of(head))
        stream.flush()
        for record in _records(explainer, target, cases, clean, done, ends):
            stream.write(line_of(record))
            stream.flush()
            os.fsync(stream.fileno())


def _records(
    explainer: Explainer, target: Path, cases: Sequence[Outcome], clean: Sequence[Outcome], done: int, ends: int
) -> Iterator[Explained | Cost]:
    from reports.run.explanations import MENDED, read_explanations

    yield from explainer.explained(cases[done:])
    found = read_explanations(target)
    told = found.cases if found else ()
    mending = {name for one in told for name, effect in one.remedies.items() if effect == MENDED}
    yield from explainer.costs(clean, mending, ends)


def _done(target: Path, head: Head, cases: Sequence[Outcome]) -> tuple[int, int, str]:
    """How many failures and remedies are known already, and their lines; nothing of another victim, method or run."""
    from reports.run import RunError
    from reports.run.explanations import line_of, read_explanations

    try:
        found = read_explanations(target)
    except RunError:
        return 0, 0, ""
    if found is None or found.head != head or len(found.cases) > len(cases):
        return 0, 0, ""
    if any(one.key != (case.recipe, case.example_id) for one, case in zip(found.cases, cases, strict=False)):
        return 0, 0, ""
    lines = [line_of(found.head), *map(line_of, found.cases), *map(line_of, found.costs)]
    return len(found.cases), len(found.costs), "".join(lines)


def _tell(run: Path, sealed: Verification | None, *, as_json: bool, quiet: bool) -> int:
    from reports.measures.tables.explained import help_line, helps
    from reports.run import RunError
    from reports.run.explanations import ERROR, EXPLAINED, EXPLANATIONS, STATES, read_explanations

    found = read_explanations(run / EXPLANATIONS)
    if found is None:
        raise RunError(f"{run / EXPLANATIONS} is gone; run `robustness explain` again")
    counts = {state: sum(one.state == state for one in found.cases) for state in STATES}
    asked, told = sum(one.asked for one in found.cases), counts[EXPLAINED]
    code = 3 if counts[ERROR] or (found.cases and not told) else 0
    gradients, missed = _gradients(found.cases)
    if as_json:
        answer: dict[str, Any] = {
            "file": str(run / EXPLANATIONS),
            "method": found.head.method,
            "states": counts,
            "queries": asked,
            "gradients": gradients,
            "missed": missed,
            "notes": list(found.head.notes),
            "remedies": [_help_record(one) for one in helps(found)],
            "seal": sealed.brief() if sealed else None,
        }
        output.answer(answer)
        return code
    others = "".join(f", {count} {state}" for state, count in counts.items() if count and state != EXPLAINED)
    if not quiet:
        for note in found.head.notes:
            output.say(f"note: {note}")
        for one in helps(found):
            if one.mended:
                output.say(help_line(one, told))
        if found.head.remedies and not any(one.mended for one in helps(found)):
            output.say("no remedy makes any of these failures right again")
    output.say(f"{told} of {len(found.cases)} failures explained by {found.head.method}, {asked} queries{others}")
    if missed is not None and not quiet:
        output.say(f"{gradients} gradients; the shares of a text miss what they add up to by at most {missed:.6f}")
    if not quiet:
        output.say(f"{run / EXPLANATIONS}; `robustness report {run}` brings them into report.md and report.html")
    if sealed is not None:
        tell_seal(sealed, quiet=quiet)
    return code


def _gradients(cases: Sequence[Explained]) -> tuple[int, float | None]:
    """How many gradients were computed, and by how much the shares of a text miss their sum at most; None where none were."""
    from robustness.followups.explain.gradients import STEPS

    missed = [abs(part) for one in cases if one.left is not None for part in one.left]
    return STEPS * len(missed), max(missed, default=None)


def _help_record(one: Any) -> dict[str, Any]:
    cost = None if one.cost is None else {"right": one.cost.right, "changed": one.cost.changed, "lost": one.lost}
    flat = {name: getattr(one, name) for name in ("name", "mended", "broken", "unchanged", "unanswered", "examples", "verdict")}
    return {**flat, "cost": cost}
