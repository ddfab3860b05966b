"""The pytest plugin: ``robustness.toml`` as tests, and a fixture ``audit``. Importing it loads pytest and nothing else.

A policy file is collected when it names a victim in ``[audit]`` and sets thresholds in ``[gate]``. Turn it off with
``-p no:robustness``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from robustness.pytest_items import Auditor

FILE = "robustness.toml"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for ``robustness.toml``; every other file is left alone."""
    if file_path.name.casefold() != FILE:  # in other letters it is an error, not another file
        return None
    from robustness.pytest_items import PolicyFile

    return PolicyFile.from_parent(parent, path=file_path)


@pytest.fixture
def audit(tmp_path: Path) -> Auditor:
    """Audits from test code: ``audit(victim, examples, recipes=…, gate={"min_robust_accuracy": "30%"})`` fails like a test."""
    from robustness.pytest_items import Auditor

    return Auditor(tmp_path)
