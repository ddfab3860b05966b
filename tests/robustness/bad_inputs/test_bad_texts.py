"""Translators, summarisers and programs that cannot be audited: refused with a reason, or counted as errors, never robust."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import Any

import pytest

Command = Callable[..., Any]
Refused = Callable[[Any, str], None]
PYTHON = shlex.quote(sys.executable)
SOUND = "def upper(texts):\n    return [text.upper() for text in texts]\n"
DATA = "text\na good and funny film\nsuch a lovely and warm story\ntedious and lazy from the start\n"
BASE = "audit --data texts.csv --recipes deepwordbug --budget 20 --encoder none --out run -q"


def run(command: Command, flags: str, **files: str) -> Any:
    return command(f"{BASE} {flags}", {"texts.csv": DATA, "sound.py": SOUND, **{f"{k}.py": v for k, v in files.items()}})


@pytest.mark.parametrize("task", ["translation", "summarisation"])
@pytest.mark.parametrize(
    ("flags", "fragment"),
    [
        ("--goal misclassify", "has no goal 'misclassify'; it has: quality-below:SHARE"),
        ("--goal quality-below:2", "a share above 0 and up to 1, such as quality-below:0.5"),
        ("--goal contains", "contains expects a word"),
        ("--goal lacks:", "lacks expects a word"),
        ("--text nowhere", "nowhere"),
        ("--label nowhere", "nowhere"),
    ],
)
def test_what_is_asked_cannot_be_meant(command: Command, refused: Refused, task: str, flags: str, fragment: str) -> None:
    ended = run(command, f"--victim python:sound.py:upper --task {task} {flags}")
    refused(ended, fragment)


@pytest.mark.parametrize("task", ["translation", "summarisation"])
@pytest.mark.parametrize(
    ("answer", "fragment"),
    [
        ("[0.1, 0.9]", "expected a text for each input"),
        ("None", "expected a text for each input"),
        ("{'score': 1.0}", "expected a text for each input"),
        ("''", "answered an empty text"),
        ("{'text': 'cut', 'finish': 'length'}", "stopped by 'length'"),
        ("{'text': '', 'finish': 'content_filter'}", "stopped by 'content_filter'"),
    ],
)
def test_a_victim_that_never_answers_with_a_text_ends_the_run_before_it_begins(
    command: Command, refused: Refused, task: str, answer: str, fragment: str
) -> None:
    ended = run(
        command, f"--victim python:odd.py:odd --task {task}", odd=f"def odd(texts):\n    return [{answer} for _ in texts]\n"
    )
    refused(ended, fragment)


def test_answers_that_fail_under_attack_are_untested_and_never_robust(command: Command) -> None:
    known = DATA.splitlines()
    odd = f"def odd(texts):\n    return [t.upper() if t in {known} else '' for t in texts]\n"
    ended = run(command, "--victim python:odd.py:odd --task translation --min-robust-accuracy 0.1", odd=odd)
    assert ended.code != 0
    assert {line["status"] for line in ended.outcomes()} == {"untested"}
    assert all(line["unusable"] for line in ended.outcomes())


BANNER = "print('ready')\nfor line in open(0): print(line, end='')\n"
BYTES = "import sys\nfor _ in sys.stdin: sys.stdout.buffer.write(b'\\xff\\n')\n"


@pytest.mark.parametrize(
    ("victim", "code", "fragment"),
    [
        ("command:no-such-program", "", "there is no program 'no-such-program'"),
        ("command:cat | sed s/a/b/", "", "and no shell reads it"),
        ("command:cat 'oh", "", "No closing quotation"),
        (
            f"command:{PYTHON} odd.py",
            BANNER,
            "was given one line, and wrote 2",
        ),
        (
            f"command:{PYTHON} odd.py",
            "raise SystemExit('no weights')\n",
            "exit code 1 before it answered; it wrote to standard error",
        ),
        (f"command:{PYTHON} odd.py", BYTES, "is not UTF-8"),
        (f"command:{PYTHON} odd.py", "for line in open(0): pass\n", "was given one line, and wrote none"),
    ],
)
def test_a_program_that_cannot_be_followed_is_told_why(
    command: Command, refused: Refused, victim: str, code: str, fragment: str
) -> None:
    refused(run(command, f"--victim {shlex.quote(victim)} --task translation", odd=code), fragment)
