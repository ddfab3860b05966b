"""Runs a function of somebody else's with other meanings for some of its global names; nothing outside it changes."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any


def rewired(function: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """The same function, to which each of ``names`` means what is given here."""
    if not isinstance(function, FunctionType):
        raise TypeError(f"only a plain function can be rewired, got {function!r}")
    scope = {**function.__globals__, **names}
    new = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    new.__kwdefaults__ = function.__kwdefaults__
    return new
