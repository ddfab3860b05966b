"""A comparison as Markdown, for a pull request or a wiki. Every text is inert; without ``texts`` no example is quoted."""

from __future__ import annotations

from collections.abc import Sequence

from reports.compare.changes import Case, Change
from reports.compare.compare import Comparison, Side
from reports.render.inert import code, prose
from reports.render.markdown import section, table
from reports.render.numbers import COMPARED, NOTHING, drop, percent, signed_interval

_SHOWN = 20
_LONGEST = 400


def markdown_comparison(found: Comparison, *, texts: bool = True) -> str:
    """The comparison as GitHub-flavoured Markdown."""
    parts = [
        f"# {COMPARED[found.verdict]}",
        "\n".join(f"- {prose(reason)}" for reason in found.told(texts=texts)),
        _sides(found),
        _changes("What changed", found.measures),
        _changes("Robust accuracy by slice", found.slices),
        _how_to_read(found),
        _cases("Newly broken", found.newly_broken, texts),
        _cases("Newly fixed", found.newly_fixed, texts),
        _notes(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sides(found: Comparison) -> str:
    rows = [_side("base", found.base), _side("candidate", found.candidate)]
    return table(("run", "victim", "data", "examples", "started"), rows)


def _side(name: str, side: Side) -> tuple[str, ...]:
    m = side.manifest
    victim, source = m.victim.get("name", NOTHING), m.data.get("source", NOTHING)
    return f"{name} {code(side.path)}", code(victim), code(source), str(m.due), code(m.created)


def _changes(title: str, changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    rows = [
        (
            *(
                code(change.name if change.kind == "slice" else change.title) + (" (few)" if change.small else ""),
                str(change.pairs.n),
            ),
            *(percent(change.pairs.base_rate), percent(change.pairs.candidate_rate)),
            *(signed_interval(change.change, change.low, change.high), str(change.pairs.broken), str(change.pairs.fixed)),
            *(f"{change.p_holm:.2g}", drop(change.visible)),
        )
        for change in changes
    ]
    columns = ("", "n", "base", "candidate", "change, points", "broken", "fixed", "p", "visible drop")
    return section(title, table(columns, rows))


def _how_to_read(found: Comparison) -> str:
    if not found.measures:
        return ""
    return (
        f"{found.pairs} examples were judged in both runs. Intervals are {100 * found.confidence:g} % score intervals for pairs "
        "(Tango 1998). p is the exact McNemar test, corrected by Holm for the questions asked together. The visible drop is the "
        "smallest that these examples would have shown four times in five."
    )


def _cases(title: str, cases: Sequence[Case], texts: bool) -> str:
    if not cases:
        return ""
    note = f"{len(cases)} in all" + (f"; here the first {_SHOWN}." if len(cases) > _SHOWN else ".")
    return section(title, note, "\n".join(line for case in cases[:_SHOWN] for line in _case(case, texts)))


def _case(case: Case, texts: bool) -> list[str]:
    o = case.outcome
    how = f"broken by {', '.join(map(code, case.recipes))}" if case.recipes else "wrong without an attack"
    lines = [f"- {code(case.example_id)}, {code(o.reference)}: {how}"]
    if texts:
        lines.append(f"  - text: {code(_short(o.texts.get(o.field, '')))}")
    if texts and case.recipes:
        lines.append(f"  - perturbed: {code(_short(o.perturbed or ''))}")
    return lines


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text)} characters)"


def _notes(found: Comparison) -> str:
    return section("Notes", "\n".join(f"- {prose(note)}" for note in found.notes)) if found.notes else ""
