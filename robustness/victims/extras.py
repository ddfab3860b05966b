"""Optional packages, asked for at the moment they are needed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from robustness.errors import MissingExtraError


def require(package: str, extra: str) -> ModuleType:
    """Import ``package``, or say which extra brings it.

    Raises:
        MissingExtraError: it is not installed. An installed package that fails to import raises its own error.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as missing:
        if missing.name != package.partition(".")[0]:
            raise
        raise MissingExtraError(package, extra) from missing
