r"""Any program as a victim: it reads a text per line on standard input and answers each with a line on standard output.

``command:PROGRAM ARGUMENTS`` starts it once and keeps it running; no shell reads the words. As plain lines, a line break inside a
text is sent as ``\n`` and the answer is taken as it stands; with ``json_lines`` each line is ``{"id": 7, "text": "…"}``, or has
every field by name, and the answer is any JSON value, or a mapping that repeats the ``id``.

Before its first question a copy of it is given one line and the end of its input. That shows a program that prints a banner, or
several lines for a text: its answers would be taken for those to other texts ever after. And it shows one that keeps its answers
back until its input ends, for then the copy answers and the running one does not.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from attacks.search import Input
from robustness.errors import AnswerError, UsageError, VictimDiedError, VictimError, VictimTimeoutError
from robustness.tasks.reading.rows import shown
from robustness.tasks.registry import DEFAULT, task_named
from robustness.victims.base import PlainVictim, VictimInfo
from robustness.victims.programs.program import ONE_LINE, ExtraLinesError, Program

START_S = 120.0
"""Time allowed for starting, up to the first answer."""
ANSWER_S = 30.0
"""Time allowed for each answer after that."""
TEXT_TASKS = ("generation", "qa", "summarisation", "translation")
"""Tasks whose answers are texts: a plain line stands for itself there, and for JSON, where it is JSON, elsewhere."""
SHELL = frozenset("| || & && ; < > >> 2> 2>&1".split())
UNBUFFERED = (
    "a program whose output goes into a pipe often writes it in blocks; make it write each line at once: "
    "stdbuf -oL PROGRAM, python -u, sed -u, grep --line-buffered, mawk -W interactive, jq --unbuffered, or flush each line"
)
_ANSWER_KEYS = frozenset({"answer", "label", "labels", "scores", "spans", "ids"})
_SILENCE = (5.0, 3.0)
"""The running copy counts as silent after so many times the seconds that the first one took, and so many more."""


class CommandVictim(PlainVictim):
    """A program behind the protocol. One that died is started again; one that cannot be followed is not asked again."""

    def __init__(self, info: VictimInfo, words: Sequence[str], *, json_lines: bool, start_s: float, answer_s: float) -> None:
        self._info, self._words, self._json = info, tuple(words), json_lines
        self._start_s, self._answer_s = start_s, answer_s
        self._program: Program | None = None
        self._lock, self._asking = threading.Lock(), False
        self._tried: float | None = None  # seconds that a copy took for its one line
        self._hopeless: str | None = None
        self._count = 0

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[Any]:
        """Its answers, one row each.

        Raises:
            VictimError: a text holds a lone surrogate, or the program cannot be started or followed.
            VictimDiedError: it ended before it answered; the next question finds a fresh one.
            VictimTimeoutError: an answer took too long.
            AnswerError: an answer is not UTF-8, or no JSON where that was agreed, or there are too many.
        """
        if not inputs:
            return []
        numbers = range(self._count + 1, self._count + 1 + len(inputs))
        self._count += len(inputs)
        lines = [self._line(one, number) for one, number in zip(inputs, numbers, strict=True)]
        if self._hopeless is not None:
            raise AnswerError(self._hopeless)
        with self._turn():
            answers = self._asked(lines)
        return [self._row(answer, number) for answer, number in zip(answers, numbers, strict=True)]

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of the line that is sent of each input; None for one that cannot be sent."""
        return [self._digest(one) for one in inputs]

    def interrupt(self) -> None:
        """End whatever it is at; the next question finds a fresh one."""
        program, self._program = self._program, None
        if program is not None:
            program.kill()

    def close(self) -> None:
        """End the program and all that it started."""
        program, self._program = self._program, None
        if program is not None:
            program.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One question at a time. A thread that still waits was given up on, and its answer would be taken for another's."""
        with self._lock:
            if self._asking:
                self.interrupt()
            self._asking = True
        try:
            yield
        finally:
            self._asking = False

    def _asked(self, lines: list[bytes]) -> list[bytes]:
        if self._tried is None:
            self._tried = self._tryout(lines[0])
        fresh = self._program is None or self._program.over
        if fresh:
            self._program = Program(self._words)
        program = self._program
        assert program is not None
        try:
            if not fresh:
                return program.ask(lines, self._answer_s, self._answer_s)
            first = program.ask(lines[:1], self._start_s, self._answer_s, lambda silent: self._look(program, silent))
            return first + (program.ask(lines[1:], self._answer_s, self._answer_s) if lines[1:] else [])
        except ExtraLinesError as error:
            self._hopeless = str(error)
            raise

    def _tryout(self, line: bytes) -> float:
        """Seconds until a copy has answered one line that ends its input.

        Raises:
            VictimDiedError: it failed without an answer.
            VictimTimeoutError: it neither answered nor ended.
            AnswerError: it wrote no line, or more than one; it is not asked again.
        """
        end = Program(self._words).finish(line, self._start_s)
        if not end.lines and end.code is None:
            raise VictimTimeoutError(f"the program did not answer within {self._start_s:g} s{end.errors}")
        if not end.lines and end.code:
            raise VictimDiedError(f"the program {end.how} before it answered{end.errors}")
        if len(end.lines) != 1:
            came = f"{len(end.lines)} lines: " if end.lines else "none"
            first = ", ".join(shown(raw.decode("utf-8", "replace")) for raw in end.lines[:2])
            self._hopeless = f"the program was given one line, and wrote {came}{first}; {ONE_LINE}{end.errors}"
            raise AnswerError(self._hopeless)
        return end.seconds

    def _look(self, program: Program, silent: float) -> None:
        times, more = _SILENCE
        if self._tried is not None and silent > times * self._tried + more and program.has_read():
            self._hopeless = (
                f"the program answered a line within {self._tried:.1f} s when its input ended there, and has not in "
                f"{silent:.0f} s while its input stays open: it keeps its answers back. {UNBUFFERED}"
            )
            raise AnswerError(self._hopeless)

    def _line(self, one: Input, number: int) -> bytes:
        try:
            return self._text(one, number).encode("utf-8")
        except UnicodeEncodeError as problem:
            raise VictimError(f"a text holds a lone surrogate, which cannot be sent as UTF-8: {problem}") from problem

    def _text(self, one: Input, number: int) -> str:
        if self._json:
            return json.dumps({"id": number, **dict(zip(self._info.fields, one, strict=True))}, ensure_ascii=False)
        return one[0].replace("\n", "\\n").replace("\r", "\\r")

    def _digest(self, one: Input) -> bytes | None:
        try:
            return blake2b(self._line(one, 0), digest_size=16).digest()
        except VictimError:
            return None

    def _row(self, raw: bytes, number: int) -> Any:
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as problem:
            raise AnswerError(
                f"the program answered {shown(raw)}, which is not UTF-8 ({problem.reason} at byte {problem.start}); set its "
                "output to UTF-8, such as by LC_ALL=C.UTF-8 or PYTHONIOENCODING=utf-8"
            ) from problem
        if self._json:
            return self._value(line, number)
        if self._info.task in TEXT_TASKS:
            return line
        try:
            return json.loads(line)
        except ValueError:
            return line

    def _value(self, line: str, number: int) -> Any:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as problem:
            raise AnswerError(
                f"the program answered {shown(line)}, which is not JSON ({problem}); with JSON lines each answer is one JSON "
                "value on a line of its own; for plain lines leave --json-lines out"
            ) from problem
        if not isinstance(value, dict) or "id" not in value:
            return value
        if str(value.pop("id")) != str(number):
            self.interrupt()
            raise AnswerError(
                f"the program answered {shown(line)} to the line with the id {number}; expected the same id: answers in the "
                "order of the questions"
            )
        (name, *others) = value or ("",)
        return value[name] if name in _ANSWER_KEYS and not others else value


def load_command(
    command: str,
    *,
    offline: bool = False,
    task: str | None = None,
    access: str | None = None,
    labels: Sequence[str] | None = None,
    fields: Sequence[str] = ("text",),
    json_lines: bool = False,
    start_limit: float | None = None,
    answer_limit: float | None = None,
) -> CommandVictim:
    """The victim behind a command line; nothing is started before its first question.

    ``access``: what a classifier's line holds, ``labels`` (a name, the default) or ``scores`` (JSON). ``start_limit`` and
    ``answer_limit``: seconds allowed up to the first answer, and for each one after it.

    Raises:
        UsageError: no such program, shell syntax, or options that do not fit each other or the task.
    """
    words = _words(command)
    asked = task or DEFAULT
    fewest = task_named(asked).fewest_labels
    names = tuple(map(str, labels or ()))
    if len(names) < fewest or len(set(names)) != len(names):
        raise UsageError(
            f"command:{command} needs {fewest} or more different labels for the task {asked}, got {list(names)}; pass --labels "
            "first,second in the order of its scores, or name another task: --task translation"
        )
    if access not in (None, "scores", "labels"):
        raise UsageError(f"access must be one of scores, labels, got {access!r}")
    if not fields or len(set(fields)) != len(fields) or "id" in fields:
        raise UsageError(f"fields must be one or more different names other than 'id', got {list(fields)}")
    if len(fields) > 1 and not json_lines:
        raise UsageError(f"a plain line holds one text, and the fields are {', '.join(fields)}; pass --json-lines")
    for name, limit in (("start_limit", start_limit), ("answer_limit", answer_limit)):
        if limit is not None and not limit > 0:
            raise UsageError(f"{name} must be positive seconds, got {limit}")
    notes = ["its identity covers the program and the files that its command line names, not what else they read"]
    if offline:
        notes.append("--offline does not reach into the program: whether it uses the network is not seen")
    info = VictimInfo(
        name=f"command:{command}",
        kind="command",
        labels=names,
        fields=tuple(fields),
        access=access or "labels",
        identity=tuple(sorted(_identity(words).items())),
        task=asked,
        notes=tuple(notes),
    )
    return CommandVictim(info, words, json_lines=json_lines, start_s=start_limit or START_S, answer_s=answer_limit or ANSWER_S)


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as problem:
        raise UsageError(f"command:{command} cannot be read: {problem}; quote as in a shell") from problem
    if not words:
        raise UsageError("expected command:PROGRAM ARGUMENTS, got no program")
    odd = [word for word in words if word in SHELL]
    if odd:
        raise UsageError(
            f"command:{command} holds {odd[0]!r}, and no shell reads it; put the pipeline into a script, or: "
            f"command:sh -c {shlex.quote(command)}"
        )
    if shutil.which(words[0]) is None:
        raise UsageError(f"command:{command}: {_missing(words[0])}")
    return words


def _missing(program: str) -> str:
    path = Path(program)
    if path.is_dir():
        return f"{program} is a folder, not a program"
    if path.is_file():
        here = f"./{program}" if os.sep not in program else program
        return (
            f"{program} is a file that cannot be run here; name its interpreter, such as python {program}, or chmod +x and {here}"
        )
    return f"there is no program {program!r}; check the name, or give its path"


def _identity(words: Sequence[str]) -> dict[str, str]:
    """What pins it: the words, and the content of the program and of each file among the words."""
    from robustness.victims.transformers.checkpoints import digest

    found = Path(str(shutil.which(words[0])))
    files = [Path(word) for word in words[1:] if Path(word).is_file()]
    pins = {"command": shlex.join(words), "program": digest([found])}
    return pins | ({"files": digest(files)} if files else {})
