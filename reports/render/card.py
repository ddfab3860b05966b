"""A small card for notebooks: a verdict, a line, a few numbers. No style sheet, because a notebook keeps none."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

COLOURS = {
    **{"passed": "#1a7f37", "improved": "#1a7f37", "no evidence": "#1a7f37"},
    **{"failed": "#d1242f", "regressed": "#d1242f"},
    **{"inconclusive": "#9a6700", "not comparable": "#9a6700", "measured": "#6e7781"},
}
"""Readable on a white and on a dark page."""


def card(verdict: str, line: str, rows: Iterable[tuple[str, str]] = (), foot: str = "") -> str:
    """The card as HTML; every text is escaped."""
    colour = COLOURS.get(verdict, COLOURS["measured"])
    cells = "".join(
        f'<tr><td style="text-align:left">{escape(name)}</td><td style="text-align:left">{escape(value)}</td></tr>'
        for name, value in rows
    )
    return (
        f'<div style="border-left:4px solid {colour};padding:0 .8em;max-width:44em">'
        f'<div><b style="color:{colour}">{escape(verdict.upper())}</b> {escape(line)}</div>'
        f"{f'<table>{cells}</table>' if cells else ''}{f'<div>{escape(foot)}</div>' if foot else ''}</div>"
    )
