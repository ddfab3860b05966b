"""Names that do not exist, answered with the nearest ones that do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from robustness.errors import UsageError


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """The error to raise for an unknown name: a near one if there is one, and all that exist."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    meant = f"; did you mean {near[0]!r}?" if near else ";"
    return UsageError(f"there is no {what} {name!r}{meant} there are: {', '.join(names)}")
