"""Answers that come one by one, from other threads, gathered until all are there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Gathered:
    """Answers to several requests, in their order, whenever they come; ``whole`` is told once all are there."""

    def __init__(self, count: int, whole: Callable[[list[Any]], None] | None = None) -> None:
        self._found: list[Any] = [None] * count
        self._left, self._lock, self._ready, self._whole = count, threading.Lock(), threading.Event(), whole

    def take(self, n: int, value: Any) -> None:
        """The answer to one of them."""
        with self._lock:
            self._found[n], self._left = value, self._left - 1
            if self._left:
                return
        self._ready.set()
        if self._whole is not None:
            self._whole(self._found)

    def wait(self) -> list[Any]:
        """All of them."""
        if self._found:
            self._ready.wait()
        return self._found
