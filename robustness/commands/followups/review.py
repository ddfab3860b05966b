"""``robustness review``: do the perturbed texts still mean their label? A sheet for human raters, and what they said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.gate import RunArgument
from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.replacing import ForceFlag
from robustness.commands.options.sealing import ExpectFlag, check_seal
from robustness.commands.options.spending import CapFlags, CassetteFlag
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.review.answers import AnswersResult
    from reports.review.judged import Corrected
    from reports.review.sample import Review
    from reports.review.validity import Adjusted, Interval, ReviewResult
    from reports.run import Run
    from robustness.victims.base import Victim

RESULT = "review.json"


@f.flattened
def review(
    *,
    run: RunArgument,
    sample: Annotated[int, typer.Option("--sample", help="How many failures to rate.", min=1, rich_help_panel="Run")] = 50,
    controls: Annotated[
        int, typer.Option("--controls", help="How many unperturbed texts to mix in.", min=0, rich_help_panel="Run")
    ] = 10,
    read: Annotated[
        str | None, typer.Option("--read", help="Filled-in sheets, one for each rater, comma-separated.", rich_help_panel="Run")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the review (default: RUN-review).", rich_help_panel="Output")
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option("--judge", help="A victim that judges all failures, scored by the sheets.", rich_help_panel="Victim"),
    ] = None,
    judge_floor: Annotated[
        float,
        typer.Option(
            "--judge-floor",
            help="Sensitivity and specificity that the judge must be shown to reach.",
            min=0.5,
            max=1,
            rich_help_panel="Gate",
        ),
    ] = 0.7,
    max_broken: Annotated[
        str | None,
        typer.Option(
            "--max-broken",
            help="Of written answers: fail if a larger share is broken, corrected by the sheets, e.g. 20%.",
            rich_help_panel="Gate",
        ),
    ] = None,
    force: ForceFlag = False,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    cassette: CassetteFlag = None,
    seed: f.SeedFlag = None,
    expect: ExpectFlag = None,
    offline: f.OfflineFlag = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Export a blinded sample for human raters; with --read, report agreement and success as far as people bear it out.

    Where answers are labels, raters say what a perturbed text means; where they are texts, whether the answer is acceptable.

    Example: robustness review runs/demo --sample 50

    Then: robustness review runs/demo --read anna.csv,ben.csv

    Exit codes: 0 done, 1 more answers are broken than --max-broken, 2 unusable input, 3 nothing was rated, the judge is not good
    enough to be trusted, or the labels do not decide.
    """
    from reports.run.seal import refuse_edited
    from reports.run.store import load_run

    f.refuse_empty(read, "--read")
    f.refuse_empty(judge, "--judge")
    check_seal(run, expect)
    refuse_edited(run)
    loaded = load_run(run)
    most, written = _most(max_broken), not loaded.manifest.victim["labels"]
    if most is not None and not written:
        raise UsageError("--max-broken is for runs whose answers are texts; this run's answers are labels: see the gate")
    folder = out or run.with_name(f"{run.resolve().name}-review")
    spending = caps.given() | f.given(cassette=cassette)
    asked = None if judge is None else _Judge(judge, opening.given() | api.given(), spending, offline, quiet or json_)
    if judge is None and spending:
        raise UsageError(f"--{next(iter(spending)).replace('_', '-')} says what --judge may be asked, and there is none")
    if read is None:
        if judge is not None:
            raise UsageError("--judge needs --read: a judge that no human sheet has scored is not trusted")
        if force:
            _make_room(folder)
        _export(loaded, folder, sample, controls, seed or 0, written=written, as_json=json_)
        return
    if written:
        raise typer.Exit(_tell_answers(loaded, folder, read, asked, most, as_json=json_, quiet=quiet))
    result = _read(loaded, folder, f.listed(read) or [], asked, judge_floor)
    (folder / RESULT).write_text(json.dumps(result.to_dict(), ensure_ascii=True, indent=1) + "\n", encoding="ascii")
    if json_:
        output.answer(result.to_dict())
    else:
        for line in list(_lines(result))[-1 if quiet else 0 :]:
            output.say(line)
    raise typer.Exit(3 if not result.rated or (result.judge is not None and not result.judge.believed) else 0)


@dataclass(frozen=True, slots=True)
class _Judge:
    """``--judge``, with the flags that say how it is opened and what may be spent on it."""

    spec: str
    opening: dict[str, Any]
    spending: dict[str, Any]
    offline: bool
    quiet: bool

    @contextmanager
    def opened(self, **usual: Any) -> Iterator[Victim]:
        """The judge; ``usual``: options where no flag says otherwise."""
        from robustness.commands.options.victim import open_named
        from robustness.isolation.offline import offline as without_network

        how = {**usual, **self.opening}
        with (
            without_network(self.offline),
            open_named(self.spec, how, offline=self.offline, spending=self.spending, quiet=self.quiet) as subject,
        ):
            yield subject


def _most(text: str | None) -> float | None:
    from reports.gate.policy import share

    f.refuse_empty(text, "--max-broken")
    try:
        return None if text is None else share(text)
    except ValueError as error:
        raise UsageError(f"--max-broken: {error}") from error


def _make_room(folder: Path) -> None:
    from reports.files.replace import of_review

    old = of_review(folder)
    old.begin()
    old.end()


def _export(run: Run, folder: Path, sample: int, controls: int, seed: int, *, written: bool, as_json: bool) -> None:
    from reports.render.review_form import review_form
    from reports.review.answers import draw_answers
    from reports.review.sample import FORM, KEY, SHEET, draw, write_review

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            f"{folder} is not empty; name a new folder by --out, so that no rater's work is lost, or, where nobody has rated "
            "anything, add --force"
        )
    drawn = draw_answers(run, sample, seed) if written else draw(run, sample, controls, seed)
    write_review(drawn, folder)
    (folder / FORM).write_text(review_form(drawn), encoding="utf-8", newline="\n")
    count = sum(bool(item.recipe) for item in drawn.items)
    files = {name: str(folder / name) for name in (SHEET, FORM, KEY)}
    if as_json:
        output.answer({"failures": count, "controls": len(drawn.items) - count, "files": files})
        return
    what = (
        f"{count} answers to perturbed texts" if written else f"{count} failures and {len(drawn.items) - count} unperturbed texts"
    )
    output.say(f"{what}, in random order")
    output.say(f"give each rater {files[SHEET]} or {files[FORM]}; keep {files[KEY]} to yourself, it holds the answers")


def _read(run: Run, folder: Path, names: list[str], judge: _Judge | None, floor: float) -> ReviewResult:
    from reports.review.validity import review_result

    key, sheets = _sheets(run, folder, names)
    result = review_result(run, key, sheets)
    return result if judge is None else replace(result, judge=_judged(run, key, sheets, judge, floor, result.confidence))


def _sheets(run: Run, folder: Path, names: list[str]) -> tuple[Review, list[dict[str, str]]]:
    from reports.review.sample import KEY, read_review, read_sheet

    key = read_review(folder / KEY, run)
    paths = [Path(name).resolve() for name in names]
    if len(set(paths)) < len(paths):
        raise UsageError("--read names a sheet twice; that a rater agrees with themselves says nothing")
    return key, [read_sheet(path, key) for path in paths]


def _tell_answers(
    run: Run,
    folder: Path,
    read: str,
    judge: _Judge | None,
    most: float | None,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Report on written answers; the exit code."""
    from reports.review.answers import answers_result

    key, sheets = _sheets(run, folder, f.listed(read) or [])
    judged = None if judge is None else _read_by(judge, run)
    result = answers_result(run, key, sheets, judged=judged, judge_name=judge.spec if judge else "")
    verdict = None if most is None else result.verdict(most)
    (folder / RESULT).write_text(json.dumps(result.to_dict(), ensure_ascii=True, indent=1) + "\n", encoding="ascii")
    if as_json:
        output.answer({**result.to_dict(), "verdict": verdict})
    else:
        for line in list(_answer_lines(result, verdict, most))[-1 if quiet else 0 :]:
            output.say(line)
    if not result.rated or (judge is not None and not result.decides.calibrated):
        return 3
    return {None: 0, "passed": 0, "failed": 1, "inconclusive": 3}[verdict]


def _read_by(judge: _Judge, run: Run) -> dict[tuple[str, str], bool]:
    from reports.review.answers import ANSWER, CHOICES, EXPECTED
    from robustness.engine.converse import oracle_for
    from robustness.followups.judge import judge_answers
    from robustness.victims import takes

    usual = {"labels": CHOICES, "fields": (*run.outcomes[0].texts, ANSWER, EXPECTED)}
    usual = {name: value for name, value in usual.items() if takes(judge.spec, name)}
    with judge.opened(**usual, task="classification") as subject:
        return judge_answers(subject, run, oracle_for(subject))


def _judged(run: Run, key: Review, sheets: list[dict[str, str]], judge: _Judge, floor: float, confidence: float) -> Any:
    from robustness.engine.converse import oracle_for
    from robustness.followups.judge import judge_review
    from robustness.victims import is_endpoint

    usual: dict[str, Any] = {}
    if is_endpoint(judge.spec):  # a model behind an API has no labels of its own
        victim = run.manifest.victim
        usual = {"labels": tuple(victim["labels"]), "fields": tuple(victim["fields"]), "task": run.manifest.task}
    with judge.opened(**usual) as subject:
        return judge_review(subject, run, key, sheets, oracle_for(subject), floor=floor, confidence=confidence)


def _lines(result: ReviewResult) -> Iterator[str]:
    from reports.files.text import visible
    from reports.render.numbers import NOTHING, interval

    unclear = f"{result.unclear} unclear or undecided, which count as invalid"
    yield f"{result.rated} failures rated by {result.raters} rater(s); {unclear}"
    agreed = result.agreement
    if agreed is None:
        yield "agreement: needs two raters"
    else:
        kappa = NOTHING if agreed.kappa is None else f"{agreed.kappa:.2f} ({agreed.low:.2f} to {agreed.high:.2f})"
        yield f"agreement: {agreed.method.title()}'s kappa {kappa} on {agreed.items} texts"
    yield f"unperturbed texts on which they agree with the data: {interval(result.controls)}"
    for one in result.recipes:
        yield visible(_line(one))
    if result.judge is not None:
        score = result.judge
        word = "believed" if score.believed else "NOT believed"
        yield visible(
            f"judge {score.judge} is {word}: sensitivity {interval(score.sensitivity)}, specificity {interval(score.specificity)}"
        )
        if score.validity is not None:
            yield f"validity of all failures by the judge, corrected: {_shown(score.validity)}"
    yield visible(_line(result.overall))


def _answer_lines(result: AnswersResult, verdict: str | None, most: float | None) -> Iterator[str]:
    from reports.files.text import visible
    from reports.render.numbers import NOTHING

    yield f"{result.rated} of {result.trials} answers rated by {result.raters} rater(s); {result.unclear} unclear or undecided"
    agreed = result.agreement
    kappa = NOTHING if agreed is None or agreed.kappa is None else f"{agreed.kappa:.2f} ({agreed.low:.2f} to {agreed.high:.2f})"
    yield f"agreement: {'needs two raters' if agreed is None else f'kappa {kappa} on {agreed.items} answers'}"
    yield f"the run's own check: {_of_judge(result.check)}"
    if result.judge is not None:
        lost = f"; {result.unjudged} answers it could not judge" if result.unjudged else ""
        yield visible(f"judge {result.judge_name}: {_of_judge(result.judge)}{lost}")
    if verdict is not None and most is not None:
        yield f"{verdict.upper()}: at most {100 * most:g} % may be broken; {_corrected(result.decides)}"


def _of_judge(found: Corrected) -> str:
    from reports.render.numbers import interval

    good = f"sensitivity {interval(found.sensitivity)}, specificity {interval(found.specificity)}"
    return f"calls {interval(found.raw)} broken; {good}; {_corrected(found)}"


def _corrected(found: Corrected) -> str:
    if not found.calibrated or found.rate is None:
        return f"not calibrated: {found.labels} labels do not show that it is better than a guess"
    more = ""
    if found.needed:
        more = f"; about {found.needed} more labels would bring it to ± {100 * found.width:g} points"
    elif found.needed is None:
        more = f"; too few answers for ± {100 * found.width:g} points, however many are labelled"
    return f"corrected {100 * found.rate:.1f} % ({100 * found.low:.1f}–{100 * found.high:.1f}){more}"


def _line(one: Adjusted) -> str:
    from reports.render.numbers import interval

    adjusted = f"; success rate {interval(one.success)}, of valid texts {_shown(one.adjusted)}" if one.adjusted else ""
    return f"{one.name}: validity {_shown(one.validity)}, n={one.rated}{adjusted}"


def _shown(value: Interval) -> str:
    return "–" if value.rate is None else f"{100 * value.rate:.1f} % ({100 * value.low:.1f}–{100 * value.high:.1f})"
