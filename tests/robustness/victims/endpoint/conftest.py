"""A hostile server on loopback, and the books that a client keeps."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_SPEC = importlib.util.spec_from_file_location("hostile", Path(__file__).with_name("hostile.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
hostile: Any = importlib.util.module_from_spec(_SPEC)
sys.modules["hostile"] = hostile  # its dataclasses look their annotations up there
_SPEC.loader.exec_module(hostile)


@pytest.fixture
def server() -> Iterator[Any]:
    with hostile.Hostile() as serving:
        yield serving


@pytest.fixture
def hostile_server() -> Any:
    """The class, for a server with a certificate or a second one."""
    return hostile.Hostile
