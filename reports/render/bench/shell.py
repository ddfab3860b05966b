"""What the pages of the workbench have in common: the way between them, and what their policy lets them do."""

from __future__ import annotations

from typing import Any

from reports.render.page.shell import fragment, html_page

SERVED = {"connect-src": "'self'", "form-action": "'self'"}
"""A served page may ask its own server again; a static one may ask nobody."""


def bench_page(template: str, *, root: str, served: bool, script: bool = True, **context: Any) -> str:
    """A page of the workbench. ``root``: the way from it to the first page, such as ``../``; links are relative throughout."""
    return html_page(
        f"bench/{template}.html.j2",
        more_style="bench/bench.css",
        script="bench/bench.js" if script else (),
        allows=SERVED if served else None,
        root=root,
        served=served,
        **context,
    )


def way_back(root: str, run: Any = None) -> Any:
    """The line over a report: back to all runs, and to the history of its victim."""
    return fragment("bench/_above.html.j2", root=root, run=run)
