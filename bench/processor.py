"""Which processor a benchmark ran on: its name, the widest instructions that torch uses, and the kernels that follow."""

from __future__ import annotations

import os
from typing import Any


def processor() -> dict[str, Any]:
    """For a table's foot and a line of JSON; the same as in ``run.json``, and the cores that this process may use."""
    import torch  # noqa: F401 - without it a run says nothing of the processor

    from robustness.victims.transformers.fast.processor import record

    return {**record(), "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()}


def in_words(found: dict[str, Any]) -> str:
    """The same for a reader."""
    return "{name}, {cores} cores, {instructions}, {kernels} kernels, {threads} threads".format(**found)
