"""``report.html``: one self-contained page, readable without JavaScript and without a network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from reports.render import html_charts as charts
from reports.render import html_view as view
from reports.render.html_failures import BLANK, FailureBook, failure_book
from reports.render.html_safe import code_point, finalised, inked, policy_hash, web_address
from reports.run import Run
from reports.verdicts import GateResult

if TYPE_CHECKING:
    from jinja2 import Environment


def html_report(run: Run, summary: Mapping[str, Any], gate: GateResult | None = None) -> str:
    """The report of a run as one HTML page, at most about 3 MB however many failures there are.

    ``summary``: that of ``reports.summary.summarise``. ``gate``: the verdict, None where no gate was asked for.
    """
    style, script = _asset("report.css"), _asset("report.js")
    environment = _environment()
    context = _context(run, summary, gate)
    page = environment.get_template("report.html.j2").render(
        **context,
        sections=_sections(context),
        policy=_policy(style, script),
        style=_trusted(style),
        script=_trusted(script),
    )
    return page + "\n"


def _context(run: Run, summary: Mapping[str, Any], gate: GateResult | None) -> dict[str, Any]:
    """Everything that the templates print."""
    manifest = run.manifest
    recipes = summary["recipes"]
    book = failure_book(run)
    ladders = {row["recipe"] for row in summary["severities"]}
    searching = [r for r in recipes if r["name"] not in ladders and r["attack_success_rate"]["n"]]
    rules, conditions = view.rules(gate)
    return {
        "manifest": manifest,
        "finished": manifest.finished,
        "created": view.created(manifest.created),
        "confidence": summary["confidence"],
        "overall": summary["overall"],
        "verdict": view.verdict(gate),
        "rules": rules,
        "conditions": conditions,
        "policy_source": gate.policy if gate else "",
        "doubts": view.doubts(summary["flags"]),
        "stages": summary["stages"],
        "recipes": recipes,
        "severities": summary["severities"],
        "severity_plots": charts.severity_plots(summary["severities"], {r["name"]: r["clean_accuracy"] for r in recipes}),
        "searching": searching,
        "budget_plots": charts.budget_plots(searching, manifest.budget),
        "budgets": list(searching[0]["success_at"]) if searching else [],
        "slices": view.slice_tables(summary),
        "details": view.details(manifest),
        "book": book,
        "numbered": {name: at for at, name in book.recipes},
        "blank": BLANK,
    }


def _sections(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The page's index: anchors and titles of the sections that it has."""
    found = [
        ("verdict", "Verdict", True),
        ("headline", "Robust accuracy", True),
        ("doubts", _counted("Doubts", len(context["doubts"])), True),
        ("stages", "Cascade", context["stages"]),
        ("recipes", "Recipes", True),
        ("severity", "Severity", context["severity_plots"]),
        ("budget", "Budget", context["budget_plots"]),
        ("slices", "Slices", context["slices"]),
        ("failures", _counted("Failures", context["book"].total), True),
        ("details", "Details", True),
    ]
    return [(anchor, title) for anchor, title, there in found if there]


def _counted(title: str, count: int) -> str:
    return f"{title} ({count:,})" if count else title


def _policy(style: str, script: str) -> str:
    """Nothing may load and nothing may run but the page's own style and script; an empty icon keeps browsers from asking."""
    allowed = {"style-src": policy_hash(style), "script-src": policy_hash(script), "img-src": "data:"}
    closed = dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    return "; ".join(f"{name} {value}" for name, value in {**closed, **allowed}.items())


def _asset(name: str) -> str:
    return resources.files("reports.render").joinpath("templates", name).read_text("utf-8")


def _trusted(text: str) -> Any:
    """Text that is markup already: the page's own style and script, and JSON that was escaped for a script element."""
    from markupsafe import Markup

    return Markup(text)


@cache
def _environment() -> Environment:
    """The templates, compiled once; the environment holds no state of any run."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reports.render"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalised,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": charts.percent,
        "points": view.points,
        "fixed": lambda value: "–" if value is None else f"{value:.2f}",
        "fell": _fell,
        "whole": lambda value: "–" if value is None else f"{value:,.0f}",
        "grouped": lambda value: f"{int(value):,}",
        "plain": view.plain,
        "inked": inked,
        "code_point": code_point,
        "up": charts.up,
        "web_address": web_address,
        "data": _data,
    }
    return environment


def _fell(value: float | None) -> str:
    """How far a score fell, as a signed change."""
    if value is None:
        return "–"
    return f"{'−' if value > 0 else '+' if value < 0 else ''}{abs(value):.2f}"


def _data(book: FailureBook) -> Any:
    return _trusted(book.data)
