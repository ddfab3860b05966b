"""Exclusive locks on files that end with the process that took them, however it ends.

``flock`` belongs to an open file, and ``fork`` shares open files: a worker that a victim forked would hold the lock of a run
whose own process was killed. So every forked child closes its copies first. (POSIX record locks do not pass to children, but
closing *any* descriptor of the file drops them, and this process reads the files that it locks.)
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache

_held: set[int] = set()


def lock(descriptor: int, *, wait: bool = False) -> None:
    """Lock an open file; raises ``OSError`` where another open file has the lock, unless it is to ``wait``."""
    import fcntl  # not on Windows, where runs can still be read

    _closed_in_children()
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    _held.add(descriptor)


def release(descriptor: int) -> None:
    """Close a locked file, and with it the lock."""
    _held.discard(descriptor)
    os.close(descriptor)


@cache
def _closed_in_children() -> None:
    def close() -> None:
        for descriptor in _held:
            with suppress(OSError):
                os.close(descriptor)
        _held.clear()

    os.register_at_fork(after_in_child=close)
