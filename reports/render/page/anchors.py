"""Permanent addresses within the page: one for each failure and each example, and for the list of failures, filtered."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from reports.render.page.safe import coded

_KEPT = "!~*'()"
"""What ``encodeURIComponent`` leaves as it is besides letters, digits, ``-``, ``_`` and ``.``, so that the script names alike."""


def example_anchor(example_id: str) -> str:
    """The fragment that opens an example, ``example-e1``; of ASCII, and no two examples share one."""
    return f"example-{_encoded(example_id)}"


def failure_anchor(recipe: str, example_id: str) -> str:
    """The fragment that shows a failure, ``failure-pwws/e1``; the same in every run that holds it."""
    return f"failure-{_encoded(recipe)}/{_encoded(example_id)}"


def filtered(**wanted: str) -> str:
    """What stands behind ``#failures?`` to show only some failures: ``recipe=pwws&label=positive``."""
    return urlencode({name: coded(value) for name, value in wanted.items()})


def _encoded(name: str) -> str:
    return quote(coded(name), safe=_KEPT)
