"""Ctrl-C: answered at once, whatever the program is doing, and a second one ends it at once."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context

from robustness.commands.terminal import output

STOPPING = "stopping …; Ctrl-C once more ends it at once"
CURSOR_BACK = "\x1b[?25h"
"""What a progress bar hid."""


@contextmanager
def answered(sentence: Callable[[], str]) -> Iterator[None]:
    """Within this context Ctrl-C says that it was heard, and the second one ends the process with exit code 2.

    Python raises ``KeyboardInterrupt`` only when the main thread comes back from compiled code, which loads a model for seconds;
    the line is printed by a thread of its own, which the interpreter wakes when the signal comes. What a run has finished is on
    disk by then, so that ending at once loses no outcome. ``sentence``: what to say in the end, how to go on included.

    Where Ctrl-C is ignored, as in a shell's background jobs, or handled by somebody else, nothing changes.
    """
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours:
        yield
        return
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    context, over = copy_context(), threading.Event()  # a thread begins without the streams of this one
    threading.Thread(target=context.run, args=(_listen, reading, sentence, over), name="ctrl-c", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before, warn_on_full_buffer=False)
        writing.close()


def _listen(reading: socket.socket, sentence: Callable[[], str], over: threading.Event) -> None:
    heard = 0
    with reading:
        while signals := reading.recv(64):
            for number in signals:
                if number != signal.SIGINT or over.is_set():
                    continue
                heard += 1
                if heard == 1:
                    _say(STOPPING)
                else:
                    _end(sentence)


def _say(line: str) -> None:
    with suppress(Exception):
        if sys.__stderr__ is not None and sys.__stderr__.isatty():
            line = f"\n{line}"  # the terminal has echoed ^C, or a progress bar stands in the line
        output.warn(*line.split("\n"))


def _end(sentence: Callable[[], str]) -> None:
    try:
        if sys.__stderr__ is not None and sys.__stderr__.isatty():
            sys.__stderr__.write(CURSOR_BACK)
            sys.__stderr__.flush()
        _say(f"robustness: {sentence()}")
    finally:
        os._exit(2)
