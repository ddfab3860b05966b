"""What every page of this room has in common: templates, look, content security policy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from reports.render import numbers
from reports.render.page import charts, origin, view
from reports.render.page.anchors import example_anchor, filtered
from reports.render.page.safe import as_read, code_point, finalised, inked, policy_hash, web_address

if TYPE_CHECKING:
    from jinja2 import Environment


_PARTS = re.compile(r"[^/:_.\-]*[/:_.\-]+|[^/:_.\-]+")
"""Stretches of a name behind which a line may end."""


ABOVE_STYLE = "bench/above.css"
"""The look of what other pages print over a report."""


def html_page(
    template: str,
    *,
    style: str = "report.css",
    more_style: str = "",
    script: str | Sequence[str] = (),
    allows: Mapping[str, str] | None = None,
    **context: Any,
) -> str:
    """A self-contained page from a template of this room; ``style``, ``script``: the files of these, if it has a script.

    ``more_style``: a second file of rules. ``allows``: what its policy allows besides, such as ``{"connect-src": "'self'"}``.
    """
    parts = [script] if isinstance(script, str) else script
    look, code = _asset(style) + (_asset(more_style) if more_style else ""), "".join(map(_asset, parts))
    page = (
        _environment()
        .get_template(template)
        .render(**context, policy=_policy(look, code, allows or {}), style=trusted(look), script=trusted(code))
    )
    return page + "\n"


def fragment(template: str, **context: Any) -> Any:
    """A part of a page, as markup for another template to print."""
    return trusted(_environment().get_template(template).render(**context))


def _policy(style: str, script: str, allows: Mapping[str, str]) -> str:
    """Nothing may load and nothing may run but the page's own style and script; an empty icon keeps browsers from asking."""
    runs = policy_hash(script) if script else "'none'"
    allowed = {"style-src": policy_hash(style), "script-src": runs, "img-src": "data:"}
    closed = dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    return "; ".join(f"{name} {value}" for name, value in {**closed, **allowed, **allows}.items())


def _asset(name: str) -> str:
    return resources.files("reports.render").joinpath("templates", *name.split("/")).read_text("utf-8")


def trusted(text: str) -> Any:
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
        "percent": numbers.percent,
        "points": numbers.points,
        "fixed": lambda value: "–" if value is None else f"{value:.2f}",
        "fell": _fell,
        "whole": numbers.number,
        "grouped": lambda value: f"{int(value):,}",
        "plain": view.plain,
        "inked": inked,
        "code_point": code_point,
        "as_read": lambda text: trusted(as_read(text)),
        "up": charts.up,
        "web_address": web_address,
        "parts": lambda text: _PARTS.findall(text),
        "short_hash": origin.shortened,
        "example_anchor": example_anchor,
        "filtered": lambda value, name: filtered(**{name: str(value)}),
        "data": lambda book: trusted(book.data),
        "signed": numbers.signed,
        "drop": numbers.drop,
    }
    return environment


def _fell(value: float | None) -> str:
    """How far a score fell, as a signed change."""
    if value is None:
        return "–"
    return f"{'−' if value > 0 else '+' if value < 0 else ''}{abs(value):.2f}"
