"""``robustness compare``: two runs of the same examples, recipes and seed; is the second one worse?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from robustness.commands import flags as f
from robustness.errors import UsageError


def compare(
    base: Annotated[Path, typer.Argument(help="The run to hold against.", metavar="BASE")],
    candidate: Annotated[Path, typer.Argument(help="The run in question.", metavar="CANDIDATE")],
    max_regression: Annotated[
        str, typer.Option("--max-regression", help="The largest drop of robust accuracy still accepted, e.g. 2pt or 0.02.")
    ] = "2pt",
    max_error_rate: Annotated[
        str, typer.Option("--max-error-rate", help="Inconclusive if more of the examples erred in either run.")
    ] = "1%",
    confidence: Annotated[str, typer.Option("--confidence", help="Of the intervals; tests use what is left of it.")] = "95%",
    slices_decide: Annotated[
        bool, typer.Option("--slices-decide", help="Let a regression of one slice decide too (all questions corrected together).")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for comparison.json, .md and .html.")] = None,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Quote examples in comparison.md.")] = True,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Compare two runs: what changed with paired intervals, what broke, what was fixed, and a verdict.

    Example: robustness compare runs/release-1 runs/release-2 --max-regression 2pt --out compared

    Exit codes: 0 a regression larger than the margin is excluded, 1 regressed, 2 unusable input or internal error,
    3 inconclusive or not comparable.
    """
    from reports.compare import compare as hold_against
    from reports.render.compare_terminal import print_comparison, verdict_line
    from reports.render.comparison import render_comparison
    from reports.store import load_run

    margin, errors, level = _shares(max_regression, max_error_rate, confidence)
    found = hold_against(
        load_run(base),
        load_run(candidate),
        max_regression=margin,
        max_error_rate=errors,
        confidence=level,
        slices_decide=slices_decide,
    )
    written = render_comparison(found, out, texts=texts) if out is not None else []
    if json_:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=True))
    elif quiet:
        typer.echo(verdict_line(found))
    else:
        print_comparison(found)
        for path in written:
            typer.echo(str(path))
    raise typer.Exit(found.exit_code)


def _shares(max_regression: str, max_error_rate: str, confidence: str) -> tuple[float, float, float]:
    from reports.policy import points, share

    named = (("--max-regression", max_regression, points), ("--max-error-rate", max_error_rate, share))
    values = []
    for flag, text, read in (*named, ("--confidence", confidence, share)):
        try:
            values.append(read(text))
        except ValueError as problem:
            raise UsageError(f"{flag}: {problem}") from None
    if not 0.5 <= values[2] < 1:
        raise UsageError(f"--confidence expects a share from 0.5 up to 1, such as 0.95, got {confidence!r}")
    if values[0] >= 1:
        raise UsageError(f"--max-regression expects less than 100 points, got {max_regression!r}")
    return values[0], values[1], values[2]
