"""Which kernels a processor gets: chosen by the instructions that it has, never by the clock, and written into the run."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

PACKED, PLAIN = "packed", "plain"
QUOTAS = ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")


def instructions() -> str:
    """The widest instructions that torch uses here, such as ``AVX2`` or ``AVX512``; ``DEFAULT`` where it names none."""
    import torch

    return torch.backends.cpu.get_cpu_capability()


def kernels(having: str) -> str:
    """How linear layers multiply on a processor with these instructions.

    ``packed``: by weights packed for oneDNN, nearly twice as fast as MKL where there is AVX-512. ``plain``: by torch's own
    product, a tenth faster than packed ones where there is AVX2 alone (``python -m bench.kernels``).
    """
    return PACKED if having.startswith("AVX512") else PLAIN


def deciding() -> dict[str, str]:
    """What decides the last digits of a model in this process; empty while torch has not been loaded."""
    if "torch" not in sys.modules:
        return {}
    having = instructions()
    return {"instructions": having, "kernels": kernels(having)}


def record() -> dict[str, Any]:
    """The processor as it stands in ``run.json``: name, instructions, kernels, threads; empty where no model runs on it."""
    found: dict[str, Any] = dict(deciding())
    if not found:
        return {}
    import torch

    return {"name": name(), **found, "threads": torch.get_num_threads()}


def name() -> str:
    """The processor's own name, as far as the system tells it."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        return next(named, "") or platform.machine()
    return platform.processor() or platform.machine()


def limit_threads() -> None:
    """Use no more threads than a container may run at once: torch counts the cores of the whole machine.

    Sixty-four threads under a quota of two cores wait for one another most of the time. ``OMP_NUM_THREADS`` has the last word,
    and a smaller number stays. Scores are the same to the last bit with any number of threads.
    """
    import torch

    allowed = quota()
    if allowed is not None and "OMP_NUM_THREADS" not in os.environ and torch.get_num_threads() > allowed:
        torch.set_num_threads(allowed)


def quota(files: tuple[str, ...] = QUOTAS) -> int | None:
    """Whole cores that the control group of this process may use at once, at least one; None where nothing limits them."""
    for file in map(Path, files):
        with suppress(OSError, ValueError):
            parts = file.read_text(encoding="ascii").split()
            if len(parts) == 1:
                parts.append(file.with_name("cpu.cfs_period_us").read_text(encoding="ascii").strip())
            if parts[0] in ("max", "-1"):
                return None
            return max(1, int(parts[0]) // int(parts[1]))
    return None
