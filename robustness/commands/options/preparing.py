"""From flags to a prepared audit, for the commands that look before they spend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustness.data.dataset import Dataset
    from robustness.planning.audit import Audit
    from robustness.victims.base import Victim


@contextmanager
def prepared(
    arguments: dict[str, Any],
    *,
    out: Path | None = None,
    quiet: bool = False,
    before_asking: Callable[[Dataset, Victim], None] = lambda data, victim: None,
) -> Iterator[Audit]:
    """Open victim and data, resolve recipes, ask the preflight's questions; the victim is closed at the end.

    ``arguments``: those of ``robustness.audit``; where they say that the run would be written is left out of account. ``out``: a
    folder for the cassette of a victim behind an API and nothing else, from which an audit in that folder starts. What is being
    loaded is said on stderr unless ``quiet``. ``before_asking``: see ``robustness.auditing.composed``.
    """
    from functools import partial

    from robustness.auditing import Asked, composed
    from robustness.commands.terminal.status import status

    rest = {key: value for key, value in arguments.items() if key not in ("out", "resume")}
    with composed(Asked.of(**rest), partial(status, quiet=quiet), out=out, before_asking=before_asking) as audit:
        yield audit
