"""From flags to a prepared audit, for the commands that look before they spend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustness.audit import Audit


@contextmanager
def prepared(arguments: dict[str, Any], *, quiet: bool = False) -> Iterator[Audit]:
    """Open victim and data, resolve recipes, ask the preflight's questions; the victim is closed at the end.

    ``arguments``: those of ``robustness.audit``; where the run would be written is left out of account. What is being loaded is
    said on stderr unless ``quiet``.
    """
    from robustness.audit import Settings, open_data, open_victim, prepare
    from robustness.commands.terminal.status import status
    from robustness.isolation.offline import offline as without_network
    from robustness.planning.early_checks import check_inputs, check_settings
    from robustness.planning.sampling import refuse_grouped

    rest = {key: value for key, value in arguments.items() if key not in ("out", "resume")}
    victim, examples = rest.pop("victim"), rest.pop("examples")
    off, limit = rest.pop("offline", False), rest.pop("limit", None)
    read, opened = dict(rest.pop("data_options")), dict(rest.pop("victim_options"))
    settings = Settings(**{**rest, "offline": off, "recipes": tuple(rest.get("recipes") or ("standard",))})
    refuse_grouped(read.get("group"), settings.until_decided)
    if len(read.get("text") or ()) > 1:
        opened.setdefault("fields", read["text"])  # two text columns were named, so the victim reads pairs
    with without_network(off):
        say = partial(status, quiet=quiet)
        check_settings(settings)
        examples = check_inputs(victim, examples, read, opened, field=settings.field)
        say(f"loading victim {victim}")
        subject = open_victim(victim, offline=off, **opened)
        try:
            data = open_data(victim, subject, examples, limit=limit, seed=settings.seed, offline=off, **read)
            yield prepare(subject, data, settings, say)
        finally:
            subject.close()
