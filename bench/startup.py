"""How long a command takes until its first line, and until it says that a flag is wrong: ``python -m bench.startup``.

Each command is started in a process of its own, several times. Time is measured from the start of the process to the first byte
on stderr or stdout; processor time is that of the process and its children, as the system counts it, so that a busy machine
changes the first figure and hardly the second. Medians are printed, as a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROWS = "text,label\n" + "".join(f"a good film number {n},positive\na bad film number {n},negative\n" for n in range(50))
PYTHON = """labels = ("negative", "positive")
def ask(texts):
    return [[0.1, 0.9] if "good" in text else [0.9, 0.1] for text in texts]
ask.labels = labels
"""
AUDIT = ["audit", "--victim", "demo", "--data", "data.csv"]
SLOW = {
    "audit": AUDIT,
    "plan": ["plan", *AUDIT[1:]],
    "validate": ["validate", *AUDIT[1:]],
    "certify": ["certify", *AUDIT[1:], "--space", "char-1:swap", "--out", "certificates.jsonl"],
    "harden": ["harden", "--victim", "demo", "--eval", "data.csv", "--out", "hardened"],
    "attack": ["attack", "a good film"],
    "replay": ["replay", "run", "--victim", "demo"],
}
WRONG = {
    "a recipe": [*AUDIT, "--recipes", "deepwordbugg"],
    "a policy's threshold": [*AUDIT, "--min-robust-accuracy", "300%"],
    "an output folder that is taken": [*AUDIT, "--out", "taken"],
    "a data file that is not there": [*AUDIT[:-1], "none.csv"],
    "a column": [*AUDIT, "--label", "stars"],
    "an encoder": [*AUDIT, "--encoder", "mini"],
    "a goal": [*AUDIT, "--goal", "misclasify"],
    "a victim's file": ["audit", "--victim", "python:gone.py:ask", *AUDIT[3:]],
    "a victim's folder": ["audit", "--victim", "hf:./gone", *AUDIT[3:]],
}


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds to the first byte, to the end, and of processor time; whether it was ended before its own end."""

    first: float
    end: float
    processor: float


def start(arguments: list[str], folder: Path, *, to_the_end: bool) -> Start:
    """Run a command in a folder; one that is not wanted to the end is killed after its first line."""
    began, before = time.perf_counter(), os.times()
    process = subprocess.Popen(
        [sys.executable, "-m", "robustness", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder
    )
    assert process.stdout is not None
    os.read(process.stdout.fileno(), 1)
    first = time.perf_counter() - began
    if not to_the_end:
        process.kill()
    process.communicate()
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Start(first, time.perf_counter() - began, used)


def medians(arguments: list[str], folder: Path, times: int, *, to_the_end: bool) -> Start:
    """Of several starts."""
    found = [start(arguments, folder, to_the_end=to_the_end) for _ in range(times)]
    return Start(*(statistics.median(getattr(one, name) for one in found) for name in Start.__slots__))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.csv").write_text(ROWS)
        (folder / "mine.py").write_text(PYTHON)
        (folder / "taken").mkdir()
        (folder / "taken" / "notes.txt").write_text("mine")
        audit = ["audit", "--victim", "python:mine.py:ask", "--data", "data.csv", "--limit", "4"]
        start([*audit, "--recipes", "deepwordbug", "--encoder", "none", "--out", "run", "-q"], folder, to_the_end=True)
        print("| command | first line, s |\n|---|---:|")
        for what, arguments in SLOW.items():
            found = medians(arguments, folder, times, to_the_end=False)
            print(f"| `robustness {what}` | {found.first:.2f} |")
        print("\n| what is wrong | processor, s | wall, s |\n|---|---:|---:|")
        for what, arguments in WRONG.items():
            found = medians(arguments, folder, times, to_the_end=True)
            print(f"| {what} | {found.processor:.2f} | {found.end:.2f} |")
        print("\n| `robustness validate` to its end | processor, s | wall, s |\n|---|---:|---:|")
        for what, victim in (("a function", "python:mine.py:ask"), ("the demo", "demo")):
            found = medians(["validate", "--victim", victim, "--data", "data.csv"], folder, max(1, times // 2), to_the_end=True)
            print(f"| {what} | {found.processor:.2f} | {found.end:.2f} |")


if __name__ == "__main__":
    main()
