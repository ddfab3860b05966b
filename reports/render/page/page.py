"""``report.html``: one self-contained page, readable without JavaScript and without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.gate.verdicts import GateResult
from reports.measures.cascade import rows_note
from reports.measures.chance.statement import statements
from reports.measures.clusters import Design
from reports.measures.intervals import Proportion
from reports.render.certificates import NOTE, certificate_views
from reports.render.numbers import channel, lost_points, over_groups
from reports.render.page import charts, origin, view
from reports.render.page.examples import STATES
from reports.render.page.failures import failure_book
from reports.render.page.flips import turned
from reports.render.page.minimised import minimised_view
from reports.render.page.rows import BLANK
from reports.render.page.shell import ABOVE_STYLE, html_page
from reports.render.page.tables import measured_tables
from reports.run import Run
from reports.run.bill import bill

SCRIPTS = tuple(f"report/{name}.js" for name in ("index", "draw", "rows", "list", "filters", "copy", "examples", "keys", "start"))
"""Parts of the page's one script, in their order."""


def html_report(
    run: Run,
    summary: Mapping[str, Any],
    gate: GateResult | None = None,
    *,
    above: str = "",
    files_at: str | None = "",
    folder: str | None = None,
) -> str:
    """The report of a run as one HTML page, at most about 3 MB however many failures there are.

    ``summary``: that of ``reports.measures.summary.summarise``. ``gate``: the verdict, None where no gate was asked for.
    ``above``: markup to print over it, such as the way back to other pages. ``files_at``: what addresses of the run's files begin
    with, None where it has none; as given they lie beside the page. ``folder``: the run's folder in commands, empty where
    nobody knows it; without one it is that of the page.
    """
    context = _context(run, summary, gate)
    return html_page(
        "report.html.j2",
        script=SCRIPTS,
        **context,
        sections=_sections(context),
        more_style=ABOVE_STYLE if above else "",
        above=above,
        files_at=files_at,
        folder=folder,
    )


def _context(run: Run, summary: Mapping[str, Any], gate: GateResult | None) -> dict[str, Any]:
    """Everything that the templates print."""
    manifest = run.manifest
    recipes = summary["recipes"]
    book = failure_book(run)
    ladders = {row["recipe"] for row in summary["severities"]}
    searching = [r for r in recipes if r["name"] not in ladders and r["attack_success_rate"]["n"]]
    rules, conditions = view.rules(gate)
    answers = summary.get("answers")
    return {
        "manifest": manifest,
        "finished": manifest.finished,
        "created": view.created(manifest.created),
        "confidence": summary["confidence"],
        "overall": summary["overall"],
        "noise": _noise(summary["noise"]),
        "quality": summary["quality"],
        "answers": answers if answers and answers["mixed"] else None,
        "lost": lost_points(answers),
        "channel": channel(manifest),
        "bill": bill(manifest),
        "measures": [one for one in summary["measures"] if one["clean"] is not None],
        "over_groups": _over_groups(summary["overall"]["robust_accuracy"]),
        "verdict": view.verdict(gate),
        "rules": rules,
        "conditions": conditions,
        "policy_source": gate.policy if gate else "",
        "doubts": view.doubts(summary["flags"]),
        "injections": summary.get("injections", ()),
        "tables": measured_tables(summary),
        "stages": summary["stages"],
        "cascade": summary.get("cascade"),
        "cascade_chart": charts.cascade_chart(summary.get("cascade"), manifest.budget if manifest.whole_budget else None),
        "rows_note": rows_note(manifest),
        "recipes": recipes,
        "severities": summary["severities"],
        "severity_plots": charts.severity_plots(summary["severities"], {r["name"]: r["clean_accuracy"] for r in recipes}),
        "searching": searching,
        "budget_chart": charts.budget_chart(searching, manifest.budget),
        "budgets": list(searching[0]["success_at"]) if searching else [],
        "slices": view.slice_tables(summary),
        "details": view.details(manifest),
        "minimised": minimised_view(run),
        "certified": certificate_views(run, statements(run, _robust(summary), summary["confidence"])),
        "certified_note": NOTE,
        "book": book,
        "broke": {name for _, name in book.recipes},
        "blank": BLANK,
        "turned": turned(run.outcomes, tuple(map(str, manifest.victim.get("labels", ())))),
        "states": STATES,
        "hashed": origin.victim_hash(manifest),
        "command": origin.command(manifest),
        "files": origin.files(run),
        "steps": origin.next_steps(run, book.total),
    }


def _robust(summary: Mapping[str, Any]) -> Proportion:
    held = dict(summary["overall"]["robust_accuracy"])
    design = held.pop("design")
    return Proportion(**held, design=Design(**design) if design else None)


def _noise(noise: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The noise of a victim that was seen to vary, or may."""
    return noise if noise and (noise["confirm"] or noise["flip_rate"]["successes"]) else None


def _over_groups(robust: Mapping[str, Any]) -> str:
    design = robust.get("design")
    return over_groups(robust["n"], Design(**design), robust["confidence"]) if design else ""


def _sections(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The page's index: anchors and titles of the sections that it has."""
    found = [
        ("verdict", "Verdict", True),
        ("headline", "Robust accuracy", True),
        ("noise", "Noise", context["noise"]),
        ("quality", "Quality", context["quality"] or context["measures"]),
        ("answers", "Answers", context["answers"]),
        *((f"table-{one['key']}", one["title"], True) for one in context["tables"]),
        ("doubts", _counted("Doubts", len(context["doubts"])), True),
        ("injection", "Injection", context["injections"]),
        ("stages", "Cascade", context["stages"]),
        ("recipes", "Recipes", True),
        ("severity", "Severity", context["severity_plots"]),
        ("budget", "Budget", context["budget_chart"]),
        ("slices", "Slices", context["slices"]),
        ("turned", "Turned into", context["turned"]),
        ("common", "What flips it", context["minimised"] or context["book"].bars),
        ("examples", _counted("Examples", context["book"].examples.total), context["book"].examples.total),
        ("certified", "Certified", context["certified"]),
        ("failures", _counted("Failures", context["book"].total), True),
        ("next", "Next", True),
        ("details", "Details", True),
    ]
    return [(anchor, title) for anchor, title, there in found if there]


def _counted(title: str, count: int) -> str:
    return f"{title} ({count:,})" if count else title
