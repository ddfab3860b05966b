"""Run ``docs/newcomer.md`` from top to bottom in an empty folder, and write what its commands print into the page.

    python scripts/newcomer.py

The page holds files ("Save it as `NAME`:" before a block of code) and consoles. In a console a line that begins with ``$`` is
a command, and the lines below it what it prints, stdout and stderr together. ``# Ctrl-C`` behind a command interrupts it on its
way; of what it prints then, the last line stands there, since those before depend on the moment.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "newcomer.md"
INTERRUPTED = "# Ctrl-C"
ENOUGH = 1
"""Outcomes after which an audit is interrupted: few, since a busy machine is slow to interrupt it."""
_FILE = re.compile(r"[Ss]ave (?:it|this) as `(?P<name>[\w.]+)`:\n\n```\w+\n(?P<content>.*?)```\n", re.DOTALL)
_CONSOLE = re.compile(r"(?<=```console\n)(.*?)(?=```\n)", re.DOTALL)
_VARYING = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b\d\d-\d\d \d\d:\d\d\b"), "DAY AND TIME"),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "SECONDS"),
    (re.compile(r"about [\d,.]+ a second"), "PACE"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the page, and what stands below it."""

    command: str
    printed: str


def settled(text: str) -> str:
    """What is printed without what differs from one run to the next, and trimmed."""
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return trimmed(text)


def trimmed(text: str) -> str:
    """Without blank lines at either end and blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def steps(page: str) -> list[Step]:
    """The commands of the page in order."""
    found = []
    for console in _CONSOLE.findall(page):
        for part in re.split(r"(?m)^(?=\$ )", console):
            command, _, printed = part.partition("\n")
            if command.startswith("$ "):
                found.append(Step(command.removeprefix("$ "), printed))
    return found


def run(page: str) -> Iterator[tuple[Step, str]]:
    """Write the page's files into the working folder and run its commands there, each with what it printed."""
    for file in _FILE.finditer(page):
        Path(file["name"]).write_text(file["content"], encoding="utf-8")
    code = 0
    for step in steps(page):
        if step.command == "echo $?":
            said = str(code)
        elif step.command.endswith(INTERRUPTED):
            code, said = _interrupted(shlex.split(step.command, comments=True)[1:])
        elif step.command.startswith("robustness "):
            code, said = _in_process(shlex.split(step.command)[1:])
        else:
            code, said = _in_shell(step.command)
        yield step, said


def _in_process(words: list[str]) -> tuple[int, str]:
    from robustness.cli import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(words)
    return code, out.getvalue()


def _in_shell(command: str) -> tuple[int, str]:
    """``python …`` with this interpreter; its output into a file where the page says so."""
    line = re.sub(r"^python ", f"{shlex.quote(sys.executable)} ", command)
    ended = subprocess.run(line, shell=True, capture_output=True, text=True, check=False, timeout=120)
    return ended.returncode, ended.stdout + ended.stderr


def _interrupted(words: list[str]) -> tuple[int, str]:
    """Ctrl-C on an audit that is on its way, and the last line that it prints."""
    outcomes = Path(words[words.index("--out") + 1]) / "outcomes.jsonl"
    command = [sys.executable, "-m", "robustness", *words]
    listening = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what a shell starts in the background ignores Ctrl-C
    audit = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=listening)
    while audit.poll() is None and (not outcomes.exists() or outcomes.read_bytes().count(b"\n") < ENOUGH):
        time.sleep(0.01)
    audit.send_signal(signal.SIGINT)
    said, _ = audit.communicate(timeout=120)
    return audit.returncode, said.strip().splitlines()[-1]


def rewritten(page: str, ran: list[tuple[Step, str]]) -> str:
    """The page with what was printed now."""
    said = iter(ran)

    def console(match: re.Match[str]) -> str:
        lines = []
        for command in re.findall(r"(?m)^\$ .*$", match[0]):
            step, printed = next(said)
            assert command == f"$ {step.command}"
            lines += [command, *trimmed(printed).splitlines()]
        return "\n".join(lines) + "\n"

    return _CONSOLE.sub(console, page)


def main() -> None:
    """Run the page and write it anew."""
    page = PAGE.read_text(encoding="utf-8")
    os.environ |= {"COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    os.environ.pop("GITHUB_ACTIONS", None)
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        ran = list(run(page))
    PAGE.write_text(rewritten(page, ran), encoding="utf-8")
    print(f"{PAGE.name}: {len(ran)} commands")


if __name__ == "__main__":
    main()
