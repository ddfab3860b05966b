"""The one writer: everything that the program prints, on either stream, passes here.

Values of data, labels, exceptions, files and policies are hostile to a terminal and to a CI runner's log. A value is held to
one line with its hidden characters written out (``say``, ``warn``, ``console``), and a ``Guard`` over each stream sees to the
rest, whoever writes: no line begins as a runner's command, no secret of the environment is shown, what the stream cannot
encode has a plain spelling, a reader who went away is no error. While a command runs, what others print on stdout, a victim
or one of its libraries, goes to stderr: stdout holds the answer and nothing else.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from reports.files.secrets import redact
from reports.files.text import defused, one_line, visible

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "‑": "-", "…": "...", "→": "->", "←": "<-", "⟨": "<", "⟩": ">", "±": "+-", "·": "|", "×": "x"}
    | {"‘": "'", "’": "'", "“": '"', "”": '"', "•": "*", "≥": ">=", "≤": "<="}
)
_COLOUR = r"\x1b\[[0-9;:]*m"
_MOVES = r"\x1b\[[0-9;]*[ABCDGJK]|\x1b\[\?25[hl]"
_LINK = r"\x1b\]8;[^\x07\x1b]*\x1b\\"
_OURS = re.compile(rf"(\r|{_COLOUR}|{_MOVES}|{_LINK})")
_OTHERS = re.compile(rf"(\r|{_COLOUR}|{_MOVES})")
_NOTHING = re.compile(r"(\r)")
_STYLED = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_BREAKS = re.compile(r"[\n\r]")
_STARTED = re.compile(r"##?[a-z]*\Z|#\Z")


class _Sink:
    """The stream below the guards of one descriptor, and how far its current line has come."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream, self.encoding = stream, getattr(stream, "encoding", None) or "utf-8"
        self.line = ""

    def write(self, text: str) -> None:
        if self.stream is None:
            return
        try:
            self.stream.write(self._encodable(text))
        except BrokenPipeError:
            self.silence()
        except OSError:
            self.silence()
            raise

    def flush(self) -> None:
        if self.stream is None:
            return
        try:
            self.stream.flush()
        except BrokenPipeError:
            self.silence()
        except OSError:
            self.silence()
            raise

    def silence(self) -> None:
        """Let what is buffered go nowhere, so that the interpreter has nothing to complain of when it ends."""
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())  # type: ignore[union-attr]
            os.close(nowhere)
        self.stream = None

    def _encodable(self, text: str) -> str:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.translate(_PLAIN).encode(self.encoding, "backslashreplace").decode(self.encoding)
        return text


class Guard(io.TextIOBase):
    """A text stream that prints safely. ``allowed``: terminal sequences that may pass; all others are written out.

    ``shared``: another process writes to the same place, so that every write may stand at the start of a line.
    """

    def __init__(self, sink: _Sink, allowed: re.Pattern[str], *, shared: bool = False) -> None:
        self._sink, self._allowed, self._shared = sink, allowed, shared

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream below."""
        return self._sink.encoding

    @property
    def buffer(self) -> io.RawIOBase:
        """For those who write bytes: they pass the guard too."""
        return _Bytes(self)

    def write(self, text: str, /) -> int:
        """Write, made safe; gives the length of what was given."""
        if not isinstance(text, str):
            raise TypeError(f"a text stream takes str, got {type(text).__name__}")
        parts = self._allowed.split(redact(text))
        shown = "".join(part if at % 2 else visible(part) for at, part in enumerate(parts))
        before = self._sink.line
        safe = defused(before + shown)[len(before) :]
        safe = defused(safe) if self._shared else safe
        self._sink.line = _line_so_far(before + safe)
        self._sink.write(safe)
        return len(text)

    def command(self, line: str) -> None:
        """Write one workflow command, on a line of its own; the only text that may begin as one."""
        start = "\n" if self._sink.line else ""
        self._sink.write(f"{start}{redact(one_line(line))}\n")
        self._sink.line = ""

    def json(self, text: str) -> None:
        """Write one JSON document; what a runner or a terminal would obey in it is spelled with escapes."""
        self._sink.write(redact(text).replace("##", "#\\u0023").replace("\x7f", "\\u007f") + "\n")
        self._sink.line = ""

    def flush(self) -> None:
        """Flush the stream below."""
        self._sink.flush()

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Whether the stream below is a terminal."""
        return self._sink.stream is not None and self._sink.stream.isatty()

    def fileno(self) -> int:
        """That of the stream below."""
        if self._sink.stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._sink.stream.fileno()


class _Bytes(io.RawIOBase):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._guard.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)


def _line_so_far(text: str) -> str:
    """As much of the current line as decides whether what follows begins a command; never more than a few characters."""
    line = _STYLED.sub("", _BREAKS.split(text)[-1])
    bare = line.strip()
    if bare in ("", ":"):
        return bare
    started = _STARTED.search(line)
    return "x" + (started[0][:40] if started else "")


@dataclass(slots=True)
class _Streams:
    out: Guard
    err: Guard
    foreign: Guard
    document: str | None = None


_STREAMS: ContextVar[_Streams | None] = ContextVar("streams", default=None)


@contextmanager
def printing() -> Iterator[None]:
    """Within this context both streams are guarded, and whatever else writes to descriptor 1 reaches stderr."""
    before = sys.stdout, sys.stderr
    with _own_descriptor(sys.stdout) as stdout:
        sinks = _Sink(stdout), _Sink(sys.stderr)
        terminal = sinks[1].stream is not None and sinks[1].stream.isatty()
        err, foreign = Guard(sinks[1], _OURS), Guard(sinks[1], _OTHERS if terminal else _NOTHING)
        streams = _Streams(Guard(sinks[0], _OURS), err, foreign)
        token = _STREAMS.set(streams)
        sys.stdout, sys.stderr = streams.out, streams.err
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before
            _STREAMS.reset(token)


@contextmanager
def _own_descriptor(stream: Any) -> Iterator[TextIO | None]:
    """Stdout on a descriptor of its own, with descriptor 1 sent to stderr, so that C code and children cannot write into it."""
    if stream is None or sys.__stdout__ is None or stream is not sys.__stdout__:
        yield stream  # somebody captures Python's stdout; what else writes to the descriptor is theirs to see
        return
    try:
        stream.flush()
        own = os.dup(stream.fileno())
        os.dup2(2, 1)
    except (OSError, ValueError):
        yield stream
        return
    errors = stream.errors or "strict"
    mine = os.fdopen(own, "w", encoding=stream.encoding, errors=errors, newline=None, closefd=False)
    try:
        yield mine
    finally:
        with suppress(OSError, ValueError):
            mine.flush()
        os.dup2(own, 1)
        os.close(own)


@contextmanager
def others_on_stderr() -> Iterator[None]:
    """Within this context what is printed past this module, by a victim or a library, goes to stderr."""
    streams = _STREAMS.get()
    if streams is None:
        yield
        return
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = streams.foreign
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def guard_child() -> None:
    """In a process that runs foreign code for this one: whatever it prints from now on goes to stderr, through a guard."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    sys.stdout = sys.stderr = Guard(_Sink(sys.stderr), _OTHERS if terminal else _NOTHING, shared=True)


def _streams() -> _Streams:
    """The streams of the program, or guards over the present ones where a command is called without it."""
    found = _STREAMS.get()
    if found is None:
        out, err = Guard(_Sink(sys.stdout), _OURS), Guard(_Sink(sys.stderr), _OURS)
        found = _Streams(out, err, err)
    return found


def say(*lines: str) -> None:
    """Print on stdout; each argument is one line, whatever it holds."""
    _streams().out.write("".join(f"{one_line(line)}\n" for line in lines))


def warn(*lines: str) -> None:
    """Print on stderr; each argument is one line, whatever it holds."""
    _streams().err.write("".join(f"{one_line(line)}\n" for line in lines))


def flush() -> None:
    """Send what was printed so far on its way, before a command that goes on for long."""
    _streams().out.flush()
    _streams().err.flush()


def answer(value: Any) -> None:
    """Give the JSON answer of ``--json``. It is printed when the command has ended well; an error takes its place."""
    streams = _streams()
    streams.document = json.dumps(value, ensure_ascii=True, allow_nan=False)
    if _STREAMS.get() is None:
        streams.out.json(streams.document)


def settle(error: dict[str, Any] | None = None) -> None:
    """Print the JSON answer, or the error in its place; then make sure that everything printed has left the process."""
    streams = _streams()
    if error is not None:
        streams.document = json.dumps(error, ensure_ascii=True)
    if streams.document is not None:
        document, streams.document = streams.document, None
        streams.out.json(document)
    streams.out.flush()
    streams.err.flush()


def workflow_command(line: str) -> None:
    """Print a command for GitHub's runner on stderr, which it reads as well."""
    _streams().err.command(line)


def console(*, stderr: bool = False) -> Console:
    """A rich console on a guarded stream; hidden characters of what it prints are written out."""
    from robustness.commands.terminal.rich_console import SafeConsole

    return SafeConsole(_streams().err if stderr else _streams().out)
