"""A running program that answers lines with lines: its pipes, its time limits, and the end of all that it started.

Everything is moved by one ``poll``, so that neither side can wait for the other with full pipes. Nothing goes through a shell.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from reports.files.secrets import redact
from robustness.errors import AnswerError, VictimDiedError, VictimError, VictimTimeoutError
from robustness.isolation.offline import own_child
from robustness.tasks.reading.rows import shown

LOOK_S = 0.2
"""How often to look whether the program is there: a child of its own may keep its pipe open."""
CLOSING_S = 1.0
LINGERING_S = 2.0
MOST_BYTES = 1 << 26
"""A longer line is not an answer."""
ONE_LINE = "expected one line per text and nothing else on standard output; anything else it has to say goes to standard error"
_KEPT = 4000
_SHOWN = 300


class ExtraLinesError(AnswerError):
    """It wrote more lines than it was asked, so that no line can be told from the next one's."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a program did with its whole input.

    ``code``: its exit code, None where it did not end by itself; ``how``: that in words. ``seconds``: until its last line.
    ``errors``: what it wrote to standard error, for a message.
    """

    lines: tuple[bytes, ...]
    code: int | None
    how: str
    seconds: float
    errors: str


class Program:
    """One running copy of a program, in a process group of its own."""

    def __init__(self, words: Sequence[str]) -> None:
        try:
            with own_child():  # the user named this program as the victim; what it does on the network is the victim's business
                self._popen = subprocess.Popen(
                    words,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    start_new_session=True,  # so that what it starts can be ended with it
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},  # a Python program would keep its answers back otherwise
                )
        except (OSError, ValueError) as problem:  # a NUL in an argument is a ValueError
            raise VictimError(f"the program {words[0]!r} cannot be started: {problem}") from problem
        pipes = (self._popen.stdin, self._popen.stdout, self._popen.stderr)
        self._stdin, self._stdout, self._stderr = (pipe.fileno() for pipe in pipes if pipe is not None)
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe, False)
        self._owner, self._state, self._ended, self._busy = os.getpid(), threading.Lock(), threading.Event(), False
        self._unsent, self._got, self._errors = memoryview(b""), bytearray(), bytearray()
        self._lines: list[bytes] = []
        self._open = {self._stdout, self._stderr}
        self._started = time.monotonic()
        weakref.finalize(self, _end, self._popen, self._owner)

    @property
    def over(self) -> bool:
        """Whether it cannot be asked again."""
        return self._ended.is_set()

    def ask(self, lines: Sequence[bytes], first: float, each: float, watch: Callable[[float], None] | None = None) -> list[bytes]:
        """One answer to each line. ``first`` and ``each``: seconds allowed for the first answer, and for each one after it.

        ``watch``: called now and then with the seconds of silence so far while the first answer is missing; may raise.

        Raises:
            VictimDiedError: it ended before it answered.
            VictimTimeoutError: an answer took longer than allowed.
            AnswerError: it wrote more than was asked, or a line without end.
        """
        with self._working():
            self._move(0.0)
            self._nothing_more()
            self._unsent = memoryview(b"".join(line + b"\n" for line in lines))
            answers: list[bytes] = []
            asked = since = time.monotonic()
            while len(answers) < len(lines):
                alive, now = self._move(LOOK_S), time.monotonic()
                allowed = each if answers else first
                if self._lines:
                    taken = self._lines[: len(lines) - len(answers)]
                    del self._lines[: len(taken)]
                    answers += taken
                    since = now
                elif not alive:
                    raise VictimDiedError(f"the program {self._how()[0]} before it answered{self.told()}")
                elif now - since > allowed:
                    raise VictimTimeoutError(f"the program did not answer within {allowed:g} s{self.told()}")
                elif watch is not None and not answers:
                    watch(now - asked)
            self._nothing_more()
            return answers

    def finish(self, line: bytes, limit: float) -> Ending:
        """What it writes to one line and the end of its input; it is ended after ``limit`` seconds.

        One that has answered and goes on running is ended sooner: it ignores the end of its input.
        """
        with self._working():
            self._unsent = memoryview(line + b"\n")
            last, count = self._started, 0
            while (now := time.monotonic()) - self._started < limit and not (count and now - last > LINGERING_S):
                alive = self._move(LOOK_S)
                if not self._unsent:
                    self._close_input()
                if len(self._lines) > count:
                    last, count = time.monotonic(), len(self._lines)
                if not alive:
                    break
            how, code = self._how()
            lines = (*self._lines, *([bytes(self._got)] if self._got else []))
            return Ending(lines, code, how, (last if count else time.monotonic()) - self._started, self.told())

    def has_read(self) -> bool:
        """Whether it has taken all that was sent; True where the system does not tell."""
        waiting = bytearray(4)
        try:
            fcntl.ioctl(self._stdin, termios.FIONREAD, waiting)
        except OSError:
            return True
        return not self._unsent and struct.unpack("i", waiting)[0] == 0

    def told(self) -> str:
        """The end of what it wrote to standard error, without secrets, for a message; "" where it wrote nothing."""
        text = " ".join(redact(self._errors.decode("utf-8", "replace")).split())
        return f"; it wrote to standard error: {'…' if len(text) > _SHOWN else ''}{text[-_SHOWN:]}" if text else ""

    def close(self) -> None:
        """Tell it by the end of its input, give it a moment, and end it and all that it started."""
        with self._state:
            idle = not self._ended.is_set() and not self._busy and self._owner == os.getpid()
        if idle:
            self._close_input()
            self._gone(CLOSING_S)
        self.kill()

    def kill(self) -> None:
        """End it and all that it started."""
        with self._state:
            if self._ended.is_set() or self._owner != os.getpid():  # a process forked from this one has only copies of the pipes
                return
            self._ended.set()
        _end(self._popen, self._owner)
        with self._state:
            if not self._busy:  # else the thread that waits for an answer closes them: another file may soon have their numbers
                self._close_pipes()

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self._state:
            if self._ended.is_set() or self._owner != os.getpid():
                raise VictimDiedError("the program was ended before it answered")
            self._busy = True
        try:
            yield
        except BaseException:
            self.kill()  # an answer may still come, and would be taken for that to the next question
            raise
        finally:
            with self._state:
                self._busy = False
                if self._ended.is_set():
                    self._close_pipes()

    def _move(self, wait: float) -> bool:
        """Write and read what can be at once, after ``wait`` seconds at most; False once nothing more can come."""
        poll = select.poll()
        for pipe in self._open:
            poll.register(pipe, select.POLLIN)
        if self._unsent:
            poll.register(self._stdin, select.POLLOUT)
        ready = poll.poll(wait * 1000)
        for pipe, _ in ready:
            if pipe == self._stdin:
                self._write()
            else:
                self._read(pipe)
        if len(self._got) > MOST_BYTES:
            raise AnswerError(f"the program wrote {len(self._got):,} bytes without an end of line; expected one line per text")
        if self._ended.is_set() or self._stdout not in self._open:
            return False
        return bool(ready) or not self._gone()

    def _write(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._stdin, self._unsent[: 1 << 16]) :]
        except BlockingIOError:
            return
        except OSError:  # it reads no more: whether it answers all the same is seen at its output
            self._unsent = memoryview(b"")

    def _read(self, pipe: int) -> None:
        try:
            got = os.read(pipe, 1 << 20)
        except BlockingIOError:
            return
        except OSError:
            got = b""
        if not got:
            self._open.discard(pipe)
        elif pipe == self._stdout:
            *whole, rest = (self._got + got).split(b"\n")
            self._lines += [bytes(line.removesuffix(b"\r")) for line in whole]
            self._got = bytearray(rest)
        else:
            self._errors = (self._errors + got)[-_KEPT:]

    def _nothing_more(self) -> None:
        if self._lines or self._got:
            line = (self._lines[0] if self._lines else bytes(self._got)).decode("utf-8", "replace")
            raise ExtraLinesError(f"the program wrote a line that was not asked for: {shown(line)}; {ONE_LINE}")

    def _how(self) -> tuple[str, int | None]:
        """How it ended, in words and by its exit code; None for one that has not, and is ended here."""
        if self._ended.is_set():  # by another thread, which gave up waiting
            return "was ended", None
        ended = self._gone(CLOSING_S)
        self._move(0.0)  # its last words
        self.kill()
        code = self._popen.returncode if ended else None
        if code is None:
            return "closed its output", None
        if code >= 0:
            return f"ended with exit code {code}", code
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else ""), code

    def _gone(self, wait: float = 0.0) -> bool:
        """Whether the program itself has ended, at the latest after ``wait`` seconds.

        It is left unreaped until all of its group is ended, so that no other process can have got its number meanwhile.
        """
        until = time.monotonic() + wait
        while self._popen.returncode is None:
            if os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        return True

    def _close_input(self) -> None:
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def _close_pipes(self) -> None:
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()


def _end(popen: subprocess.Popen[bytes], owner: int) -> None:
    """End the whole group, then reap the program: in this order, because its number is the group's."""
    if owner == os.getpid() and popen.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()
