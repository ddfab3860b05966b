"""Ctrl-C as typed, in processes of their own, also while models load; and the first line of a slow command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from robustness.cli import main
from tests.robustness.commands.terminals import Terminal

DATA = "text,label\n" + "".join(f"a great film {n},positive\na dull film {n},negative\n" for n in range(6))
STUBBORN = """
import time
labels = ("negative", "positive")
def ask(texts):
    return [[0.1, 0.9] if "great" in text else [0.9, 0.1] for text in texts]
ask.labels = labels
print("loading now")
while True:
    try:
        time.sleep(0.01)
    except BaseException:
        pass
"""
DEAF = """
import signal, time
from robustness.commands.starting.asking import Asking
from robustness.commands.starting.interactive import read_line
from robustness.commands.terminal.interrupts import answered
with answered(lambda: "never said"):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    for question in (lambda: read_line("line? "), lambda: Asking(live=True).value("value", None, "none", str, flag="--x")):
        try:
            question()
        except KeyboardInterrupt:
            print("given up")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        time.sleep(2)
"""
DEALT_WITH = """
from contextlib import suppress
from robustness import cli
def main():
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")
    return 0
cli.main = main
cli.run()
"""
FLAGS = ["--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "--labels", "negative,positive"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("data.csv").write_text(DATA)
    Path("stubborn.py").write_text(STUBBORN)
    return tmp_path


class Started:
    """A program whose stderr is read as it comes."""

    def __init__(self, *arguments: str) -> None:
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "robustness", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.said, self.first = "", 0.0
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        while piece := os.read(self.process.stderr.fileno(), 4096):
            self.first = self.first or time.monotonic() - self.began
            self.said += piece.decode()

    def heard(self, what: str, within: float) -> float:
        """Seconds until it said that."""
        asked = time.monotonic()
        while time.monotonic() - asked < within:
            if what in self.said:
                return time.monotonic() - asked
            time.sleep(0.005)
        pytest.fail(f"no {what!r} within {within} s, but: {self.said}")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def ended(self, within: float) -> int:
        code = self.process.wait(within)
        self._reader.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def test_ctrl_c_is_answered_while_a_victim_loads_and_the_second_one_ends_it(folder: Path) -> None:
    program = Started("audit", "--victim", "python:stubborn.py:ask", *FLAGS)
    program.heard("loading now", 30)
    program.interrupt()
    program.heard("stopping", 1)
    assert program.process.poll() is None, "the victim swallows interrupts"
    program.interrupt()
    assert program.ended(1) == 2
    assert program.said.rstrip().endswith("interrupted; no run was begun, nothing is lost")


def test_ctrl_c_while_a_resumed_run_loads_names_the_command_as_it_was_typed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("stubborn.py").write_text(STUBBORN.partition("print")[0])
    assert main(["audit", "--victim", "python:stubborn.py:ask", *FLAGS, "--limit", "4", "--out", "a run"]) == 0
    from robustness.commands.recorded import Command, _place, _write

    began = ("audit", "--victim", "python:stubborn.py:ask", *FLAGS, "--limit", "4")
    _write(_place(Path("a run")), Command(began, str(folder)))
    Path("stubborn.py").write_text(STUBBORN)
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    program = Started("resume", "../a run")
    program.heard("loading now", 30)
    program.interrupt()
    program.heard("stopping", 1)
    program.interrupt()
    assert program.ended(1) == 2
    assert "robustness resume '../a run'" in program.said


def test_ctrl_c_at_a_prompt_gives_the_line_up_though_the_wait_for_it_never_sees_the_signal(tmp_path: Path) -> None:
    """The signal goes to another thread, as it may; the two that were for prompts are no first Ctrl-C for what comes after."""
    loop = Terminal(folder=tmp_path, python=("-c", DEAF))
    try:
        for question in ("line? ", "value [none]: "):
            loop.until(question)
            loop.type("\x03")
            assert "stopping" not in loop.until("given up", seconds=20)
        loop.until("stopping")
    finally:
        assert loop.end() == 0, "not ended at once, as by a second one"


def test_an_interrupt_that_was_dealt_with_leaves_the_exit_code_alone(tmp_path: Path) -> None:
    (tmp_path / "dealt_with.py").write_text(DEALT_WITH)
    assert subprocess.run([sys.executable, "-m", "dealt_with"], cwd=tmp_path, check=False).returncode == 0


def test_a_slow_command_says_something_before_it_imports_anything_slow(folder: Path) -> None:
    program = Started("validate", "--victim", "nonsense:", *FLAGS)
    assert program.ended(30) == 2
    assert program.said.splitlines()[0] == "validate: reading flags, policy and data"
    alone = time.monotonic()
    subprocess.run([sys.executable, "-c", "import robustness.own_packages"], check=True)
    assert program.first < 0.3 + 3 * (time.monotonic() - alone), "0.3 s, and what a busy machine takes to start Python"
    for silent in ("-q", "--json"):
        assert "reading flags" not in _stderr("audit", "--victim", "nonsense:", silent)


def _stderr(*arguments: str) -> str:
    return subprocess.run([sys.executable, "-m", "robustness", *arguments], capture_output=True, text=True, check=False).stderr
