"""A disk that fails at a chosen call: every way in which a run folder is written is counted, and one of them goes wrong."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CALLS = ("open", "write", "fsync", "ftruncate", "replace", "rename", "unlink", "mkdir")


class Died(BaseException):
    """The process is gone, as far as the disk can tell."""


class Disk:
    """Counts calls that change the disk; the one numbered ``fails_at``, and all after it, fail.

    ``how``: ``full`` raises ENOSPC; ``dead`` raises ``Died`` and lets nothing reach the disk any more; ``exit`` ends the process
    for good. A write that fails has written its first half.
    """

    def __init__(self, fails_at: int | None = None, how: str = "full") -> None:
        self.fails_at, self.how, self.count = fails_at, how, 0

    @property
    def failed(self) -> bool:
        """Whether the failing call was reached."""
        return self.fails_at is not None and self.count >= self.fails_at

    def _next(self, half: Callable[[], object] = lambda: None) -> None:
        before, self.count = self.failed, self.count + 1
        if not self.failed:
            return
        if not before:
            half()
        if self.how == "exit":
            os._exit(9)
        if self.how == "dead":
            raise Died
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def mounted(self) -> Iterator[Disk]:
        """Within this context every file is written to this disk."""
        kept = {name: getattr(os, name) for name in CALLS}
        opened = io.open
        for name in CALLS:
            setattr(os, name, self._counted(name, kept[name]))
        io.open = self._opening(opened, kept["write"])  # what pathlib calls
        try:
            yield self
        finally:
            io.open = opened
            for name, call in kept.items():
                setattr(os, name, call)

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(first: Any, *more: Any, **named: Any) -> Any:
            if name == "write":
                self._next(lambda: call(first, bytes(more[0])[: len(more[0]) // 2]))
            elif name != "unlink" or self.how != "full":  # a full disk lets files go
                self._next()
            return call(first, *more, **named)

        return counted

    def _opening(self, opened: Callable[..., Any], write: Callable[..., Any]) -> Callable[..., Any]:
        disk = self

        class Raw(io.FileIO):
            def write(self, data: Any) -> int:
                if disk.failed and disk.how == "dead":
                    return len(data)  # closing a stream flushes it; a dead process does not
                disk._next(lambda: write(self.fileno(), bytes(data)[: len(data) // 2]))
                return super().write(data) or 0

        def counted(file: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
            if not set(mode) & set("wax+") or not isinstance(file, (str, Path)):
                return opened(file, mode, *more, **named)
            disk._next()
            stream = io.BufferedWriter(Raw(os.fspath(file), mode.replace("b", "").replace("t", "")))
            names = ("buffering", "encoding", "errors", "newline")
            given = {**dict(zip(names, more, strict=False)), **named}
            return (
                stream if "b" in mode else io.TextIOWrapper(stream, given["encoding"], given.get("errors"), given.get("newline"))
            )

        return counted
