"""The pytest plugin: ``robustness.toml`` as tests, and a fixture ``audit``. Importing it loads pytest and nothing else.

A policy file is collected when it names a victim in ``[audit]`` and sets thresholds in ``[gate]``. Turn it off with
``-p no:robustness``.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from robustness.testing.names import ALLOW, FILE

if TYPE_CHECKING:
    from robustness.testing.items import Auditor


def pytest_addoption(parser: pytest.Parser) -> None:
    """The consent to run a victim that is Python code and is named by a policy file, not by a test."""
    told = "run the Python code that [audit] of a robustness.toml names as its victim"
    parser.getgroup("robustness").addoption("--robustness-allow-local-code", action="store_true", default=False, help=told)
    parser.addini(ALLOW, told, type="bool", default=False)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for ``robustness.toml``; every other file is left alone."""
    if file_path.name.casefold() != FILE:  # in other letters it is an error, not another file
        return None
    from robustness.testing.items import PolicyFile

    return PolicyFile.from_parent(parent, path=file_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Begin the summary line of a test whose gate failed with the number, where pytest says the class of the exception."""
    report = yield
    value = None if call.excinfo is None else call.excinfo.value
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and getattr(value, "of_robustness", False):
        crash.message = str(value)
    return report


@pytest.fixture
def audit(tmp_path: Path) -> Auditor:
    """Audits from test code: ``audit(victim, examples, recipes=…, gate={"min_robust_accuracy": "30%"})`` fails like a test."""
    from robustness.testing.items import Auditor

    return Auditor(tmp_path)
