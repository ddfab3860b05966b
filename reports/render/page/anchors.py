"""The names by which a page's fragments find one failure, the same in every page that shows it."""

from __future__ import annotations

import hashlib

_DIGITS = 12


def failure_anchor(example_id: str, recipe: str) -> str:
    """``failure-`` and 12 hex digits; an example fails at most once under a recipe, so the two name it."""
    named = f"{recipe}\0{example_id}".encode("utf-8", "surrogatepass")
    return f"failure-{hashlib.sha256(named).hexdigest()[:_DIGITS]}"
