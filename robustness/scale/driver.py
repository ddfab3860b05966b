"""From a prepared run to a crew that carries it out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from robustness.scale.brief import brief_of
from robustness.scale.crew import Crew

if TYPE_CHECKING:
    from robustness.planning.audit import Audit


@contextmanager
def crew_of(audit: Audit, loading: Callable[[str], None]) -> Iterator[Crew]:
    """The crew of a run: ``--workers`` processes on this machine, or on the cluster at ``--ray``; all end with the context.

    Raises:
        RobustnessError: Ray is not there, or cannot be started or joined; a part of the run cannot be sent to it.
    """
    from robustness.scale.cluster import hands

    settings = audit.settings
    assert audit.opened is not None
    assert audit.language is not None
    threads = threads_each(settings.workers or 1) if settings.ray is None else 1
    brief = brief_of(audit, audit.opened.victim, audit.opened.task, audit.opened.options, audit.language, threads)
    where = f"the Ray cluster at {settings.ray}" if settings.ray else "this machine"
    many = "as many workers as it has processors" if settings.workers is None else f"{settings.workers} workers"
    loading(f"starting {many} on {where}")
    begun = time.perf_counter()
    with hands(brief, workers=settings.workers, address=settings.ray) as workers:
        count = settings.workers or workers.processors
        crew = Crew(workers, audit.oracles, audit.backend, workers=count, in_flight=settings.in_flight, threads=threads)
        crew.begun, crew.tell = begun, loading
        yield crew


def threads_each(workers: int) -> int:
    """Threads of a worker's arithmetic: as the environment says, else a fair share of this machine's processors."""
    named = os.environ.get("OMP_NUM_THREADS", "")
    if named.isdecimal() and int(named):
        return int(named)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, processors // workers)
