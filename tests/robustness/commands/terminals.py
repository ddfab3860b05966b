"""A program on a terminal of its own, for tests of what is typed."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path


class Terminal:
    """A program on a terminal of its own: what it wrote, and what is typed."""

    def __init__(self, *words: str, folder: Path, python: Sequence[str] = ("-m", "robustness")) -> None:
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.environ |= {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "160"}
            os.execv(sys.executable, [sys.executable, *python, *words])
        self.seen = ""

    def until(self, text: str, seconds: float = 90) -> str:
        """What came up to and with ``text``, which is taken off."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{text!r} never came, only {self.seen!r}"
            try:
                self.seen += os.read(self.fd, 65536).decode()
            except OSError:
                raise AssertionError(f"the program ended before {text!r}: {self.seen!r}") from None
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def type(self, text: str) -> None:
        """Type; a line ends in a newline."""
        os.write(self.fd, text.encode())

    def answer(self, question: str, text: str) -> str:
        """Wait for a question, then type a line."""
        before = self.until(question)
        self.type(text + "\n")
        return before

    def end(self, seconds: float = 60) -> int:
        """Read to the end; gives the exit code, minus a signal's number where it had to be killed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self.fd], [], [], 0.2)
            try:
                if ready and not (more := os.read(self.fd, 65536)):
                    break
                self.seen += more.decode() if ready else ""
            except OSError:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
