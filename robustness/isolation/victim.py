"""``--isolate``: a victim in a process of its own, so that nothing it does can end the audit or change its verdict.

It may call ``os._exit``, crash, run out of memory, hold the interpreter lock for ever or fork: that is an error of the inputs it
was asked about, and a fresh process answers the rest. What it says is checked on both sides.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness import errors
from robustness.errors import RobustnessError, VictimDiedError, VictimError, VictimTimeoutError
from robustness.isolation.frames import pack, unpack
from robustness.isolation.offline import OfflineError, own_child
from robustness.victims.base import PlainVictim, TokenGradients, VictimInfo

LOADING_S = 900.0
"""Time allowed for loading the victim in its process."""
CLOSING_S = 5.0
_LOOK_S = 0.2
"""How often to look whether the process is there: a worker that it forked may keep its pipe open."""


class IsolatedVictim(PlainVictim):
    """Stands for the victim that ``spec`` names, which is loaded in a child process. Also ``Differentiable``, where that one is.

    Raises:
        RobustnessError: what loading raised there, or that it died or took too long.
    """

    def __init__(self, spec: str, *, offline: bool = False, options: Mapping[str, Any] | None = None) -> None:
        self._first = {"spec": spec, "offline": offline, "options": dict(options or {})}
        self._process: _Process | None = None
        self._known: VictimInfo | None = None
        self.ready()

    @property
    def info(self) -> VictimInfo:
        """Who the victim over there is."""
        assert self._known is not None
        return self._known

    def ready(self) -> None:
        """Make sure that there is a process with the victim loaded. Outside any time limit, for loading may take long."""
        if self._process is not None:
            return
        process = _Process()
        weakref.finalize(self, _Process.kill, process)
        try:
            told = process.ask(self._first, f"while {self._first['spec']} was loaded", limit=LOADING_S)
            info = _info(told["info"])
        except BaseException:
            process.kill()
            raise
        if self._known not in (None, info):
            process.kill()
            raise VictimError(f"{info.name!r} died, and is a different victim now that it was loaded again; was its code edited?")
        self._known, self._plain, self._process = info, frozenset(told["plain"]), process

    def interrupt(self) -> None:
        """End whatever it is at, if need be in the middle of a native call."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def predict(self, inputs: Sequence[Input]) -> Any:
        """Checked scores or label indexes, as plain lists."""
        return self._ask("predict", inputs)

    def lengths(self, inputs: Sequence[Input]) -> Sequence[int]:
        """Length of each input in the victim's own tokens."""
        return super().lengths(inputs) if "lengths" in self._plain else self._ask("lengths", inputs)

    def truncated(self, inputs: Sequence[Input]) -> Sequence[bool]:
        """Which of these inputs the victim would cut off."""
        return super().truncated(inputs) if "truncated" in self._plain else self._ask("truncated", inputs)

    def readings(self, inputs: Sequence[Input]) -> Sequence[bytes | None]:
        """A digest of what the model gets of each input."""
        if "readings" in self._plain:
            return super().readings(inputs)
        return [None if digest is None else bytes.fromhex(digest) for digest in self._ask("readings", inputs)]

    def unknown_tokens(self, inputs: Sequence[Input]) -> Sequence[tuple[int, int]]:
        """(unknown tokens, all tokens but special ones) of each input."""
        if "unknown_tokens" in self._plain:
            return super().unknown_tokens(inputs)
        return [(unknown, total) for unknown, total in self._ask("unknown_tokens", inputs)]

    def token_gradients(self, inputs: Sequence[Input], labels: Sequence[int]) -> Sequence[TokenGradients]:
        """Loss gradients of each input."""
        found = self._ask("token_gradients", inputs, labels)
        return [TokenGradients(tuple(p and tuple(p) for p in places), ids, gradient) for places, ids, gradient in found]

    def embeddings(self) -> NDArray[np.float32]:
        """The input embedding of every token, (vocabulary, d)."""
        found: NDArray[np.float32] = self._ask("embeddings")
        return found

    def word_ids(self, words: Sequence[str]) -> Sequence[tuple[int, ...]]:
        """The tokens of each word as it reads inside a text."""
        return [tuple(ids) for ids in self._ask("word_ids", words)]

    def whole_words(self) -> Sequence[tuple[int, str]]:
        """Every token that is a whole word by itself, with that word."""
        return [(token, word) for token, word in self._ask("whole_words")]

    def close(self) -> None:
        """Let the victim close itself, and end its process."""
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def _ask(self, call: str, *given: Any) -> Any:
        self.ready()
        process = self._process
        assert process is not None
        try:
            return process.ask({"call": call, "with": given}, "before it answered")
        finally:
            if process.over and self._process is process:
                self._process = None


class _Process:
    """One child process and the pipes to it. One that died, or may be out of step, is over and is not asked again."""

    def __init__(self) -> None:
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        life, self._life = os.pipe()
        theirs = (requests, answers, life)
        self._ended, self._owner = threading.Event(), os.getpid()
        self._busy, self._state = False, threading.Lock()
        path = list(map(str, sys.path))  # what this process can import, the victim's must be able to import
        code = f"import sys; sys.path[:] = {path!r}; from robustness.isolation.child import serve; serve{theirs}"
        try:
            with own_child():
                self._popen = subprocess.Popen(
                    [sys.executable, "-c", code],
                    pass_fds=theirs,
                    stdin=subprocess.DEVNULL,
                    stdout=_stderr(),  # what a victim prints is not the audit's output
                    start_new_session=True,  # so that its own children can be ended with it
                )
        except BaseException:
            self._close_pipes()
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        os.set_blocking(self._requests, False)
        os.set_blocking(self._answers, False)

    @property
    def over(self) -> bool:
        """Whether it cannot be asked again."""
        return self._ended.is_set()

    def ask(self, message: Any, when: str, limit: float | None = None) -> Any:
        """Send a message and give the value that comes back, or raise what the call raised there.

        Raises:
            VictimDiedError: the process ended before it answered.
            VictimTimeoutError: it did not answer within ``limit`` seconds.
        """
        with self._state:
            if self._ended.is_set() or self._owner != os.getpid():
                raise VictimDiedError(f"the victim's process was ended {when}")
            self._busy = True
        self._until, self._limit = (None if limit is None else time.monotonic() + limit), limit
        try:
            return _opened(self._exchanged(message, when))
        finally:
            with self._state:
                self._busy = False
                if self._ended.is_set():
                    self._close_pipes()

    def _exchanged(self, message: Any, when: str) -> dict[str, Any]:
        try:
            self._write(pack(message))
            answer = unpack(self._read)
            if not isinstance(answer, dict) or not (answer.keys() == {"value"} or "message" in answer):
                raise ValueError("it has another form")
        except EOFError:
            raise VictimDiedError(f"the victim's process {self._end()} {when}") from None
        except ValueError as problem:
            self.kill()
            raise VictimDiedError(f"the victim's process wrote something that is not an answer ({problem}) {when}") from problem
        except BaseException:
            self.kill()  # an answer may still come, and would be taken for that to the next question
            raise
        return answer

    def close(self) -> None:
        """Ask the victim to close itself; end its process, and all that it started, in any case."""
        with self._state:
            idle = not self._ended.is_set() and not self._busy and self._owner == os.getpid()
            if idle:
                os.close(self._requests)
                self._requests = -1
        if idle:
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(CLOSING_S)
        self.kill()

    def kill(self) -> None:
        """End the process and all that it started."""
        with self._state:
            if self._ended.is_set() or self._owner != os.getpid():  # a process forked from this one has only copies of the pipes
                return
            self._ended.set()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        with self._state:
            if not self._busy:  # else the thread that waits for an answer closes them: another pipe may soon have their numbers
                self._close_pipes()

    def _close_pipes(self) -> None:
        for descriptor in (self._requests, self._answers, self._life):
            if descriptor >= 0:
                os.close(descriptor)
        self._requests = self._answers = self._life = -1

    def _end(self) -> str:
        """How the process ended, in words."""
        try:
            code = self._popen.wait(CLOSING_S)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        if code is None:
            return "closed its pipe"
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._wait_for(self._requests, select.POLLOUT)
            try:
                rest = rest[os.write(self._requests, rest) :]
            except BlockingIOError:
                continue
            except OSError:  # a broken pipe, or one that another thread closed
                raise EOFError from None

    def _read(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            self._wait_for(self._answers, select.POLLIN)
            try:
                got = os.read(self._answers, min(count - len(found), 1 << 20))
            except BlockingIOError:
                continue
            except OSError:
                raise EOFError from None
            if not got:
                raise EOFError
            found += got
        return bytes(found)

    def _wait_for(self, descriptor: int, event: int) -> None:
        """Until the pipe can be used; raises ``EOFError`` where the process is gone and nothing is left to read."""
        poll = select.poll()
        poll.register(descriptor, event)
        while not self._ended.is_set():
            if poll.poll(_LOOK_S * 1000):
                return
            if self._popen.poll() is not None and not poll.poll(0):
                break
            if self._until is not None and time.monotonic() > self._until:
                raise VictimTimeoutError(f"the victim was not loaded within {self._limit:g} s")
        raise EOFError


def _stderr() -> int:
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _opened(answer: Any) -> Any:
    if "value" in answer:
        return answer["value"]
    message = str(answer["message"])
    if "raised" in answer:
        # a class of that name, so that whoever words the error says what would be said of a victim in this process
        raise type(str(answer["raised"]), (Exception,), {})(message)
    raise known_error(str(answer.get("error")), message)


def known_error(name: str, message: str) -> RobustnessError:
    """An error of the suite's own by the name of its class, from another process; a ``VictimError`` for an unknown name."""
    known = {**vars(errors), "OfflineError": OfflineError}.get(name)
    kind = known if isinstance(known, type) and issubclass(known, RobustnessError) else VictimError
    error = kind.__new__(kind, message)  # its own constructor may word the message otherwise
    RobustnessError.__init__(error, message)
    return error


def _info(raw: Mapping[str, Any]) -> VictimInfo:
    return VictimInfo(**{name: _tuples(value) for name, value in raw.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
