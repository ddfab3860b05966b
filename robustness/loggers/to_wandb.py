"""Runs in Weights & Biases: one of its runs for each of ours, under an id that a run keeps.

Project, entity, key and mode are read from its own environment variables (``WANDB_PROJECT``, ``WANDB_MODE`` …); the project is
``robustness`` unless one is named. Nothing is sent but what stands in the record: no source, no command line, no statistics of
the machine, no output.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.loggers.record import Record

PROJECT = "robustness"
INIT_S = 20
"""How long Weights & Biases may take to answer at first."""
_PRIVATE = (
    *("silent", "disable_git", "disable_code", "disable_job_creation"),
    *("x_disable_meta", "x_disable_stats", "x_disable_machine_info"),
)
_LOCAL = ("offline", "dryrun", "disabled")


class WandbSink:
    """One run in Weights & Biases."""

    def __init__(self) -> None:
        self._run: Any = None
        self._offline = False

    def check(self, *, offline: bool) -> None:
        """Raise ``UsageError`` where there is no key: it would be asked for in the middle of an audit."""
        self._offline = offline or os.environ.get("WANDB_MODE") in _LOCAL
        if self._offline:
            return
        if not _has_key():
            raise UsageError(
                "Weights & Biases wants a key: set WANDB_API_KEY, run `wandb login`, or set WANDB_MODE=offline and send the run "
                "later with `wandb sync`"
            )

    def begin(self, record: Record) -> None:
        """Begin a run of this key's id, or go on with the one that there is."""
        import wandb

        from robustness.isolation.offline import own_child

        settings = wandb.Settings(console="off", save_code=False, init_timeout=INIT_S)
        for name in _PRIVATE:
            if name in wandb.Settings.model_fields:  # some are newer than the oldest version that may be installed
                setattr(settings, name, True)
        with own_child() if self._offline else nullcontext():  # its own program, which sends nothing then
            self._run = wandb.init(
                project=os.environ.get("WANDB_PROJECT") or PROJECT,
                id=record.key,
                name=record.name,
                resume="allow",
                config=dict(record.params),
                reinit="create_new",
                mode="offline" if self._offline and os.environ.get("WANDB_MODE") not in _LOCAL else None,
                settings=settings,
            )

    def progress(self, metrics: Mapping[str, float], step: int) -> None:
        """As history; trials are a metric of their own, since a resumed run counts on."""
        self._run.log({**metrics, "trials": step})

    def finish(self, record: Record) -> str:
        """Metrics and verdict in the summary, the verdict among the tags, the files as an artifact."""
        import wandb

        self._run.summary.update({**record.metrics, **{name.partition(".")[2]: value for name, value in record.tags.items()}})
        self._run.tags = (record.verdict,)
        artifact = wandb.Artifact(f"robustness-{record.key}", type="robustness-run")
        for path in record.files:
            artifact.add_file(str(path), name=path.name)
        self._run.log_artifact(artifact)
        place = str(self._run.dir if self._offline else self._run.url)
        self._run.finish(exit_code=0)
        self._run = None
        return f"Weights & Biases: {place}"

    def leave(self) -> None:
        """It ends as one that crashed, until it goes on."""
        if self._run is not None:
            self._run.finish(exit_code=1)
            self._run = None


def _has_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    import netrc
    from urllib.parse import urlsplit

    import wandb

    settings = wandb.Settings()
    if settings.identity_token_file:
        return True
    host = urlsplit(settings.base_url).hostname or ""
    with suppress(OSError, netrc.NetrcParseError):
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    return False
