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
ASKED, DONE = b"\xfe", b"\xff"
"""Written among the numbers of signals, in the order in which things happened: a prompt stands, and it no longer does."""
NUDGE = 0.05
"""Seconds between two reminders of a signal that the wait for a line has slept through."""

_told: socket.socket | None = None
"""Where the listener hears of prompts, while there is one."""


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
    global _told
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    context, over = copy_context(), threading.Event()  # a thread begins without the streams of this one
    threading.Thread(target=context.run, args=(_listen, reading, sentence, over), name="ctrl-c", daemon=True).start()
    outer, _told = _told, writing
    try:
        yield
    finally:
        _told = outer
        over.set()
        signal.set_wakeup_fd(before, warn_on_full_buffer=False)
        writing.close()


@contextmanager
def prompting() -> Iterator[None]:
    """While somebody is asked for a line, inside ``answered``: Ctrl-C drops the line, and earlier ones are forgotten.

    The C code that waits for a line looks at its signals only when one breaks into its ``select``: a Ctrl-C that comes between
    the prompt and that call, or that another thread takes, would be slept through until the next key. So the listener reminds
    the main thread with a signal that means nothing, until the line is given up.
    """
    if _told is None or not hasattr(signal, "SIGURG"):
        yield
        return
    before = signal.signal(signal.SIGURG, lambda *_: None)  # an ignored signal would not break into anything
    try:
        _told.send(ASKED)
        yield
    finally:
        _told.send(DONE)
        signal.signal(signal.SIGURG, before)


def _listen(reading: socket.socket, sentence: Callable[[], str], over: threading.Event) -> None:
    heard, asked, dropped = 0, False, False
    with reading:
        while True:
            reading.settimeout(NUDGE if dropped else None)
            try:
                signals = reading.recv(64)
            except TimeoutError:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGURG)
                continue
            if not signals:
                return
            for number in signals:
                if number in (ASKED[0], DONE[0]):
                    heard, asked, dropped = 0, number == ASKED[0], False
                elif number != signal.SIGINT or over.is_set():
                    continue
                elif asked:
                    dropped = True
                else:
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
