"""The terminal view: the verdict first, then why, then what was measured. Every text is plain, never markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from reports.files.public import full_message
from reports.files.text import one_line, visible
from reports.gate.verdicts import FAIL, INCONCLUSIVE, PASS, GateResult, RuleResult
from reports.measures.answers.answer_kinds import RIGHT
from reports.measures.cascade import told
from reports.measures.chance import floor
from reports.measures.intervals import Proportion
from reports.measures.metrics import RecipeMetrics
from reports.measures.of_run import Measured, measure
from reports.render import numbers
from reports.render.brackets import lines
from reports.render.fitting import Fitting
from reports.render.injection import told_of
from reports.render.numbers import VERDICTS, interval, intervals, number, points_interval, words
from reports.run import Run
from reports.run.bill import bill

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

_STYLES = {
    **{"passed": "bold green", "measured": "bold cyan", "failed": "bold red", "inconclusive": "bold yellow"},
    **{PASS: "green", FAIL: "red", INCONCLUSIVE: "yellow"},
}
_ORDER = {FAIL: 0, INCONCLUSIVE: 1, PASS: 2}


def verdict_line(result: GateResult) -> str:
    """The verdict and its first reason in one line."""
    word = VERDICTS[result.verdict]
    if result.verdict == "measured":
        return f"{word}: no threshold was set, so nothing could fail; set one in robustness.toml or by flag"
    reasons = [rule for rule in _sorted(result) if rule.verdict != PASS]
    family = f"; failures judged family-wise over {result.family} thresholds (Holm)" if result.family else ""
    if not reasons:
        holding = sum(map(is_threshold, result.rules))
        return f"{word}: {holding} {'threshold holds' if holding == 1 else 'thresholds hold'}, {result.claim}{family}"
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return " ".join(visible(f"{word}: {_where(reasons[0])}{reasons[0].message}{more}{family}").split())


def is_threshold(rule: RuleResult) -> bool:
    """Whether a rule is a threshold that somebody set; that no trial may end in an error holds for every run."""
    return bool(rule.threshold) if rule.rule == "max_error_rate" else rule.observed is not None


def _where(rule: RuleResult) -> str:
    return "" if rule.scope == "run" else f"{rule.scope}: "


def _sorted(result: GateResult) -> list[RuleResult]:
    return sorted(result.rules, key=lambda rule: _ORDER[rule.verdict])


def print_gate(result: GateResult, console: Console) -> None:
    """Print a verdict and its rules."""
    _print((_headline(result), *_rules(result, every=True)), console)


def print_run(run: Run, result: GateResult, console: Console, measured: Measured | None = None) -> None:
    """Print a run's verdict, measures and doubts."""
    if measured is None or measured.confidence != result.confidence:
        measured = measure(run, result.confidence)
    _print(_run_parts(run, result, measured), console)


def _print(parts: Iterator[RenderableType] | tuple[RenderableType, ...], console: Console) -> None:
    for part in parts:
        console.print(part)


def _run_parts(run: Run, result: GateResult, measured: Measured) -> Iterator[RenderableType]:
    yield _headline(result)
    if result.verdict != "measured":
        yield from _rules(result, every=False)
    yield plain(_what(run, measured), "dim")
    yield _overall(measured)
    yield from _quality(measured)
    yield from _injections(measured)
    yield from _answers(measured)
    if said := numbers.channel(run.manifest):
        yield plain(said)
    yield from _noise(measured)
    yield from _drawn(run)
    if said := bill(run.manifest):
        yield plain(f"spent: {said}")
    yield from _stages(measured) if measured.stages else [_recipes(measured.recipes)]
    yield from _cascade(measured)
    yield from _tables(measured)
    yield from _certificates(measured)
    yield from _flags(run)


def _certificates(measured: Measured) -> Iterator[RenderableType]:
    for said in measured.certificates:
        yield from map(plain, lines(said))


def _tables(measured: Measured) -> Iterator[RenderableType]:
    for one in measured.tables:
        yield plain(one.title, "bold")
        made = bare_table(*one.columns)
        for row in one.rows:
            made.add_row(*(plain(numbers.cell(value)) for value in row))
        yield made


def plain(text: str, style: str = "") -> Text:
    """A line that is never read as markup, its hidden characters written out and its line breaks folded."""
    from rich.text import Text

    return Text(one_line(text), style=style)


def _headline(result: GateResult) -> Text:
    return plain(verdict_line(result), _STYLES[result.verdict])


def bare_table(*columns: str) -> Table:
    """A table without lines: the first column keeps its width, numbers are right-aligned."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for index, column in enumerate(columns):
        if index:
            table.add_column(column, justify="left" if column == "why" else "right", overflow="fold")
        else:
            table.add_column(column, no_wrap=True, overflow="ellipsis")
    return table


LONGEST_NAME = 30
"""Characters of a recipe's name from which it may take several lines: a composed one would leave the numbers no room."""


def unbroken(table: Table) -> Table:
    """The table with columns of numbers at least as wide as their longest word, so that no interval is cut in two."""
    for column in table.columns[1:]:
        column.min_width = max((len(word) for cell in column.cells for word in str(cell).split()), default=1)
    if any(len(str(cell)) > LONGEST_NAME for cell in table.columns[0].cells):
        table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
    return table


def _rules(result: GateResult, *, every: bool) -> Iterator[Table]:
    """The rules, worst first, less the one that the headline gives; unless ``every`` is set, without those of any sound run."""
    table = bare_table("verdict", "why")
    shown = [rule for rule in _sorted(result) if every or rule.verdict != PASS or is_threshold(rule)]
    for rule in shown[1:] if shown and shown[0].verdict != PASS else shown:
        table.add_row(plain(rule.verdict, _STYLES[rule.verdict]), plain(_where(rule) + rule.message))
    if table.row_count:
        yield table


def _what(run: Run, measured: Measured) -> str:
    profiles = sorted({recipe.profile for recipe in measured.recipes})
    told = f", constraint profile {', '.join(profiles)}" if profiles else ""
    return f"task {run.manifest.task}, goal {run.manifest.goal}{told}"


def _overall(measured: Measured) -> Text:
    whole = measured.overall
    lines = [
        f"clean accuracy   {interval(whole.clean_accuracy)}{numbers.unanswered(whole, '   of')}",
        f"robust accuracy  {interval(whole.robust_accuracy)}   right, and broken by no recipe",
        f"accuracy drop    {points_interval(whole.accuracy_drop)}",
        f"on {whole.judged} examples"
        + (f"; {whole.untested} more untested" if whole.untested else "")
        + (f"; {whole.not_judged} more could not be judged" if whole.not_judged else "")
        + f"; {intervals(whole.robust_accuracy, measured.confidence)}",
    ]
    from rich.text import Text

    return Text("\n").join(map(plain, lines))


def _quality(measured: Measured) -> Iterator[Text]:
    held = measured.quality
    if held is not None:
        yield plain(f"quality          {interval(held.clean)} clean, {interval(held.attacked)} under attack")
        yield plain(f"quality drop     {points_interval(held.drop)}   paired, bootstrap intervals")
    for one in measured.measures:
        if one.clean is not None:
            yield plain(f"{one.title}: {number(one.clean, 3)} clean, {number(one.attacked, 3)} under attack")


def _injections(measured: Measured) -> Iterator[RenderableType]:
    for found in measured.injections:
        table = bare_table(f"{found.recipe}: arm", "gave the word %", "quoted it %", "refused %", "did the task %")
        for arm in found.arms:
            cells = (arm.emitted, arm.quoted, arm.refused, arm.useful)
            table.add_row(plain(arm.name), *(plain(_bare(cell)) for cell in cells))
        yield unbroken(table)
        for line in told_of(found):
            yield plain(line)


def _answers(measured: Measured) -> Iterator[RenderableType]:
    """Every kind of answer, where there are others than right and wrong ones."""
    split = measured.answers
    if split is None or not split.mixed:
        return
    table = bare_table(f"answers of {split.examples}", "clean %", "under attack %", "became so %", f"of {split.texts:,} texts")
    for one in split.kinds:
        moved = numbers.NOTHING if one.kind == RIGHT else _bare(one.moved)
        cells = (one.kind, _bare(one.clean), _bare(one.attacked), moved, number(one.texts) if one.texts else numbers.NOTHING)
        table.add_row(*map(plain, cells))
    yield unbroken(table)
    if lost := numbers.lost_points(asdict(split)):
        yield plain(lost, "yellow")


def _drawn(run: Run) -> Iterator[Text]:
    said = numbers.drawn(run.manifest)
    if said:
        yield plain(said)


def _noise(measured: Measured) -> Iterator[Text]:
    if measured.noise is not None and (measured.noise.varies or measured.noise.flip_rate.successes):
        yield from map(plain, floor.told(measured.noise))


def _bare(value: Proportion | None) -> str:
    """A rate and its interval without the sign, for a column that carries it."""
    return interval(value).replace(" %", "")


def _recipes(recipes: tuple[RecipeMetrics, ...]) -> Fitting:
    heads = ("recipe", "under attack %", "success rate %", "queries", "words %", "errors")
    rows = (
        (
            *(recipe.name, _bare(recipe.accuracy_under_attack), _bare(recipe.attack_success_rate)),
            *(number(recipe.queries_median), words(recipe).replace(" %", ""), number(recipe.statuses["error"])),
        )
        for recipe in recipes
    )
    return Fitting(heads, tuple(rows), spare=("words %", "queries"))


def _stages(measured: Measured) -> Iterator[RenderableType]:
    yield plain("cascade: each recipe attacks what the ones above left")
    heads = ("recipe", "broke", "success rate %", "queries", "robust after it %", "errors")
    rows = (
        (
            *(stage.recipe, f"{number(stage.broken)} of {number(stage.attacked)}", _bare(recipe.attack_success_rate)),
            *(number(recipe.queries_median), _bare(stage.robust_accuracy), number(stage.errors)),
        )
        for stage, recipe in zip(measured.stages, measured.recipes, strict=True)
    )
    yield Fitting(heads, tuple(rows), spare=("success rate %", "queries"))


def _cascade(measured: Measured) -> Iterator[Text]:
    if measured.cascade is not None and (cost := told(measured.cascade)):
        yield plain(cost)


def _flags(run: Run) -> Iterator[Text]:
    for flag in run.manifest.flags:
        style = "dim" if flag.get("severity") == "note" else "yellow"
        yield plain(f"{flag.get('severity', 'warning')}: {full_message(flag)}", style)
