"""``report.md``: the verdict, the figures and the first failures, for a pull request or a wiki. Every text is inert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from reports.files.public import full_message, public_message
from reports.gate.verdicts import FAIL, INCONCLUSIVE, PASS, GateResult
from reports.measures.answers.answer_kinds import RIGHT
from reports.measures.cascade import rows_note, told
from reports.measures.chance.floor import breach
from reports.measures.of_run import Measured
from reports.measures.slices import Slice
from reports.measures.tables.table import QUOTING
from reports.render.certificates import certificates_section
from reports.render.inert import code, prose
from reports.render.injection import injection_sections
from reports.render.minimised import minimised_section
from reports.render.numbers import (
    NOTHING,
    VERDICTS,
    budget_of,
    cell,
    channel,
    drawn,
    interval,
    intervals,
    lost_points,
    number,
    percent,
    points_interval,
    unanswered,
    words,
)
from reports.run import Judged, Outcome, Run
from reports.run.bill import bill
from reports.run.failures import failures

SHOWN = 20
LONGEST = 400


def markdown_report(run: Run, measured: Measured, gate: GateResult, *, texts: bool = True) -> str:
    """The report as GitHub-flavoured Markdown; without ``texts`` the failures are named and not quoted."""
    parts = [
        _head(run, gate),
        _rules(gate),
        _overall(measured, drawn(run.manifest)),
        _noise(measured),
        _quality(measured),
        _answers(measured),
        _channel(run),
        *injection_sections(measured),
        *_tables(measured, texts),
        _bill(run),
        _stages(measured),
        _recipes(measured),
        _success_at(run, measured),
        _severities(measured),
        _slices("By label", measured.labels),
        _slices("By slice", measured.slices),
        _flags(run, texts),
        minimised_section(run, texts=texts),
        certificates_section(run, measured.certificates, texts=texts),
        _failures(run, texts),
        _facts(run),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and the others numbers; cells are Markdown already."""
    marks = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(_row(row) for row in (columns, marks, *rows))


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def section(title: str, *parts: str) -> str:
    """A heading and what is under it."""
    return "\n\n".join([f"## {title}", *parts])


def _head(run: Run, gate: GateResult) -> str:
    victim, data = run.manifest.victim, run.manifest.data
    asked = f"Task {code(run.manifest.task)}, goal {code(run.manifest.goal)}."
    about = f"Victim {code(victim.get('name', NOTHING))} on {code(data.get('source', NOTHING))}, seed {run.manifest.seed}."
    changed = f"\n\n**{prose(gate.changed[:1].upper() + gate.changed[1:])}**" if gate.changed else ""
    return f"# {VERDICTS[gate.verdict]}\n\n{about} {asked} Policy: {code(gate.policy)}.{changed}"


def _rules(gate: GateResult) -> str:
    worst_first = sorted(gate.rules, key=lambda rule: (FAIL, INCONCLUSIVE, PASS).index(rule.verdict))
    rows = [(rule.verdict, code(rule.rule), code(rule.scope), prose(rule.message)) for rule in worst_first]
    return "\n".join(["| verdict | rule | scope | why |", "|---|---|---|---|", *map(_row, rows)])


def _overall(measured: Measured, drawn: str) -> str:
    whole = measured.overall
    rows = [
        (f"clean accuracy{unanswered(whole, ', of')}", interval(whole.clean_accuracy)),
        ("robust accuracy: right, and broken by no recipe", interval(whole.robust_accuracy)),
        ("accuracy drop", points_interval(whole.accuracy_drop)),
        ("of the examples that were right, those broken by some recipe", interval(whole.attack_success_rate)),
    ]
    missed = f" {whole.not_judged} more could not be judged." if whole.not_judged else ""
    missed = f" {whole.untested} more are untested." * bool(whole.untested) + missed
    if missed:
        missed += " They are left out of every rate; each interval reaches from all of them broken to all of them robust."
    note = f"{whole.judged} examples, {intervals(whole.robust_accuracy, measured.confidence)}.{missed}"
    if drawn:
        note = f"{note} {drawn[:1].upper()}{drawn[1:]}."
    return section("Overall", table(("", "value"), rows), note)


def _noise(measured: Measured) -> str:
    """The noise floor and what fresh answers confirmed; nothing for a run whose victim was not seen to vary."""
    found = measured.noise
    if found is None or not (found.varies or found.flip_rate.successes):
        return ""
    rows = [
        ("clean texts that changed their answer when asked again", interval(found.flip_rate)),
        ("examples that the search found broken", str(found.found)),
        ("confirmed by fresh answers", str(found.confirmed)),
        ("left open by them", str(found.undecided)),
        ("breach probability of the confirmed, mean", percent(found.breach)),
        ("the same of their originals", percent(found.control)),
    ]
    note = (
        f"A success counts once most of {found.confirm} fresh answers reach the goal and the text is shown to break the victim"
        " more often than its original does."
        if found.varies
        else "The victim declares that it always answers alike, so its successes were believed at once."
    )
    return section("Noise", table(("", "value"), rows), note)


def _channel(run: Run) -> str:
    said = channel(run.manifest)
    return section("Channel", f"{prose(said[:1].upper() + said[1:])}.") if said else ""


def _bill(run: Run) -> str:
    said = bill(run.manifest)
    return section("Spent", f"{prose(said)}.") if said else ""


def _quality(measured: Measured) -> str:
    held = measured.quality
    if held is None and not measured.measures:
        return ""
    rows = [] if held is None else [("quality", interval(held.clean), interval(held.attacked), points_interval(held.drop))]
    rows += [
        (prose(m.title), number(m.clean, 3), number(m.attacked, 3), NOTHING) for m in measured.measures if m.clean is not None
    ]
    note = (
        "Under attack an example counts with the worst answer that any recipe found; the drop is paired, "
        "intervals are bootstrapped."
    )
    return section("Quality", table(("", "clean", "under attack", "drop"), rows), note)


def _answers(measured: Measured) -> str:
    split = measured.answers
    if split is None or not split.mixed:
        return ""
    rows = [
        (
            *(
                prose(one.kind),
                interval(one.clean),
                interval(one.attacked),
                NOTHING if one.kind == RIGHT else interval(one.moved),
            ),
            f"{one.texts:,} of {split.texts:,}" if one.texts else NOTHING,
        )
        for one in split.kinds
    ]
    lost = lost_points(asdict(split))
    note = (
        f"Of all {split.examples} examples, on the clean text and at worst under attack. An answer that is none is neither right "
        "nor broken: an example that no recipe broke counts here as what the victim returned most often in place of an answer. "
        "*Became so*: of another kind on the clean text."
    )
    columns = ("kind", "clean", "under attack", "became so", "changed texts")
    return section("Answers by kind", *([f"**{prose(lost)}.**"] if lost else []), table(columns, rows), note)


def _tables(measured: Measured, texts: bool) -> list[str]:
    return [
        section(
            prose(one.title), prose(one.note), table(one.columns, ([prose(cell(value)) for value in row] for row in one.rows))
        )
        for one in measured.tables
        if texts or one.key not in QUOTING
    ]


def _stages(measured: Measured) -> str:
    if not measured.stages:
        return ""
    rows = [(code(s.recipe), str(s.attacked), str(s.broken), str(s.errors), interval(s.robust_accuracy)) for s in measured.stages]
    note = "A cascade: each recipe attacks only what still stands, so its success rate is over the harder examples."
    if measured.cascade is not None and (cost := told(measured.cascade)):
        note = f"{note} {cost[:1].upper()}{cost[1:]}."
    return section("Cascade", table(("recipe", "attacked", "broke", "errors", "robust accuracy after it"), rows), note)


def _recipes(measured: Measured) -> str:
    columns = (
        "recipe",
        "profile",
        "accuracy under attack",
        "success rate",
        "attacked",
        "exhausted",
        "untested",
        "errors",
        "queries, median",
    )
    rows = [
        (
            *(code(r.name), code(r.profile), interval(r.accuracy_under_attack), interval(r.attack_success_rate)),
            *(str(r.attack_success_rate.n), str(r.statuses["exhausted"]), str(r.statuses["untested"]), str(r.statuses["error"])),
            *(number(r.queries_median), words(r), number(r.similarity, 3)),
        )
        for r in measured.recipes
    ]
    return section("Recipes", table((*columns, "words changed", "similarity"), rows))


def _success_at(run: Run, measured: Measured) -> str:
    if not measured.recipes:
        return ""
    budgets = tuple(measured.recipes[0].success_at)
    rows = [(code(r.name), code(r.profile), *map(percent, r.success_at.values())) for r in measured.recipes]
    if measured.cascade is not None and measured.cascade.attacked:
        rows.append(("whole cascade, all recipes together", "", *map(percent, measured.cascade.success_at.values())))
    return section(
        "Broken by the n-th query", prose(rows_note(run.manifest)), table(("recipe", "profile", *map(str, budgets)), rows)
    )


def _severities(measured: Measured) -> str:
    if not measured.severities:
        return ""
    rows = [(code(s.recipe), str(s.severity), interval(s.accuracy), str(s.accuracy.n)) for s in measured.severities]
    return section("Accuracy by severity", table(("recipe", "severity", "accuracy", "n"), rows))


def _slices(title: str, slices: Sequence[Slice]) -> str:
    if not slices:
        return ""
    rows = [
        (
            *(code(part.key), str(part.measured.judged) + (" (few)" if part.small else "")),
            *(interval(part.measured.clean_accuracy), interval(part.measured.robust_accuracy)),
            points_interval(part.measured.accuracy_drop),
        )
        for part in slices
    ]
    return section(title, table(("slice", "n", "clean accuracy", "robust accuracy", "drop"), rows))


def _flags(run: Run, texts: bool) -> str:
    lines = [
        f"- {code(flag['code'])} ({code(flag.get('severity', ''))}): "
        + prose(full_message(flag) if texts else public_message(flag, run))
        for flag in run.manifest.flags
    ]
    return section("Doubts about this evaluation", "\n".join(lines)) if lines else ""


def _failures(run: Run, texts: bool) -> str:
    rank = {name: index for index, name in enumerate(run.manifest.recipe_names)}
    found = sorted(failures(run.outcomes), key=lambda o: (o.words_touched, o.queries, rank[o.recipe], o.example_id))
    if not found:
        return ""
    note = f"{len(found)} in all, every one in `failures.jsonl`; here the {min(SHOWN, len(found))} with the fewest words changed."
    return section("Failures", note, "\n".join(line for o in found[:SHOWN] for line in _failure(run, o, texts)))


def _failure(run: Run, outcome: Outcome, texts: bool) -> Iterator[str]:
    clean, best = _prediction(run, outcome.clean), _prediction(run, outcome.best)
    often = breach(outcome)
    fresh = "" if often is None else f", breach probability {interval(often)} from {often.n} fresh answers"
    yield f"- {code(outcome.recipe)} on {code(outcome.example_id)}: {clean} → {best}, {outcome.queries} queries{fresh}"
    if not texts:
        return
    yield f"  - original: {code(_short(outcome.texts.get(outcome.field, '')))}"
    yield f"  - perturbed: {code(_short(outcome.perturbed or ''))}"


def _prediction(run: Run, record: Judged | None) -> str:
    if record is None:
        return NOTHING
    labels = list(run.manifest.victim.get("labels", ()))
    known = record.scores is not None and record.shown in labels and labels.index(record.shown) < len(record.scores)
    score = f" {record.scores[labels.index(record.shown)]:.3f}" if known and record.scores else ""
    return code(record.shown) + score


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text)} characters)"


def _facts(run: Run) -> str:
    m = run.manifest
    rows = [
        ("versions", code(", ".join(f"{name} {version}" for name, version in m.versions.items()))),
        ("budget", budget_of(m)),
        ("sentence encoder", code(m.encoder) if m.encoder else "none"),
        ("started", code(m.created)),
        ("comparable with", code(m.comparability_id)),
    ]
    return section("Run", table(("", "value"), rows))
