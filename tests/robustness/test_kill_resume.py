"""A run killed at any moment resumes to the same result, byte for byte."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

WORDS = "good bad fine dull great film story actor scene plot the of and with very rather quite".split()
VICTIM = """
import time

def answer(texts):
    time.sleep(0.004 + 0.0002 * len(texts))
    good = [sum(t.split().count(w) for w in ("good", "fine", "great")) for t in texts]
    bad = [sum(t.split().count(w) for w in ("bad", "dull")) for t in texts]
    shares = [(1 + g) / (2 + g + b) for g, b in zip(good, bad)]
    return [[1 - s, s] for s in shares]

answer.labels = ["negative", "positive"]
"""


def write_inputs(folder: Path, rows: int) -> None:
    rng = random.Random(1)
    (folder / "slow_victim.py").write_text(VICTIM)
    lines = ["text,label"]
    for _ in range(rows):
        words = rng.choices(WORDS, k=rng.randint(4, 14))
        good = sum(w in ("good", "fine", "great") for w in words)
        bad = sum(w in ("bad", "dull") for w in words)
        lines.append(f"{' '.join(words)},{'positive' if good >= bad else 'negative'}")
    (folder / "data.csv").write_text("\n".join(dict.fromkeys(lines)) + "\n")


def command(
    out: str,
    *more: str,
    victim: str = "python:slow_victim:answer",
    data: bool = True,
    recipes: str = "learned,deepwordbug,natural:*",
) -> list[str]:
    source = ["--data", "data.csv"] if data else []
    return [
        *(sys.executable, "-m", "robustness", "audit", "--victim", victim, *source, "--recipes", recipes),
        *("--budget", "60", "--encoder", "none", "--out", out, "-q", *more),
    ]


def finish(args: list[str], folder: Path) -> None:
    ended = subprocess.run(args, cwd=folder, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode in (0, 3), ended.stderr


def lines(folder: Path, name: str) -> list[bytes]:
    return sorted((folder / name / "outcomes.jsonl").read_bytes().splitlines())


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def kill_once(args: list[str], folder: Path, outcomes: Path, rng: random.Random) -> bool:
    """Start the run, wait until it wrote something and a random moment longer, kill it; False if it ended before."""
    before = size(outcomes)
    with subprocess.Popen(args, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and size(outcomes) <= before and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.12))
        if process.poll() is not None:
            return False
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return True


@pytest.mark.parametrize(
    ("victim", "rows", "wanted"),
    [
        ("python:slow_victim:answer", 60, 3),
        pytest.param("python:slow_victim:answer", 150, 10, marks=pytest.mark.slow),
        pytest.param("demo", 0, 10, marks=pytest.mark.slow),
    ],
    ids=["three", "ten", "demo"],
)
def test_kills_and_a_resume_give_the_uninterrupted_result(tmp_path: Path, victim: str, rows: int, wanted: int) -> None:
    write_inputs(tmp_path, rows)
    more = ("--in-flight", "4") if rows else ("--in-flight", "8", "--limit", "60", "--offline")
    finish(command("whole", *more, victim=victim, data=bool(rows)), tmp_path)
    outcomes, rng = tmp_path / "killed" / "outcomes.jsonl", random.Random(7)
    args = command("killed", *more, "--resume", victim=victim, data=bool(rows))
    kills = sum(kill_once(args, tmp_path, outcomes, rng) for _ in range(wanted))
    assert kills == wanted, f"the run ended after {kills} kills; it is too short for this test"
    finish(args, tmp_path)
    whole, killed = lines(tmp_path, "whole"), lines(tmp_path, "killed")
    pairs = Counter((row["example_id"], row["recipe"]) for row in map(json.loads, killed))
    assert set(pairs.values()) == {1}
    assert killed == whole


@pytest.mark.parametrize(
    ("victim", "rows"),
    [("python:slow_victim:answer", 40), pytest.param("demo", 0, marks=pytest.mark.slow)],
    ids=["python", "demo"],
)
def test_scheduling_changes_no_byte(tmp_path: Path, victim: str, rows: int) -> None:
    write_inputs(tmp_path, rows)
    more = () if rows else ("--limit", "24", "--offline")
    results = []
    for number, (in_flight, tokens) in enumerate([(1, 64), (16, 512), (256, 8192)]):
        settings = ("--in-flight", str(in_flight), "--batch-tokens", str(tokens))
        finish(command(f"run{number}", *more, *settings, victim=victim, data=bool(rows)), tmp_path)
        results.append(lines(tmp_path, f"run{number}"))
    assert results[0] == results[1] == results[2]
    assert results[0]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("recipes", ["learned", "standard"])
@pytest.mark.parametrize(
    ("victim", "rows", "wanted"), [("python:slow_victim:answer", 90, 4), ("demo", 0, 4)], ids=["python", "demo"]
)
def test_what_learns_from_the_run_gives_the_same_bytes_after_kills_and_however_it_is_scheduled(
    tmp_path: Path, recipes: str, victim: str, rows: int, wanted: int
) -> None:
    write_inputs(tmp_path, rows)
    more = () if rows else ("--limit", "40", "--offline")

    def told(out: str, *flags: str) -> list[str]:
        return command(out, *more, *flags, victim=victim, data=bool(rows), recipes=recipes)

    finish(told("whole"), tmp_path)
    whole = lines(tmp_path, "whole")
    finish(told("fixed", "--no-adaptive"), tmp_path)
    assert lines(tmp_path, "fixed") != whole, "nothing was learned, so nothing could be learned otherwise"
    finish(told("scheduled", "--in-flight", "7", "--batch-tokens", "64"), tmp_path)
    assert lines(tmp_path, "scheduled") == whole
    outcomes, rng = tmp_path / "killed" / "outcomes.jsonl", random.Random(7)
    args = told("killed", "--in-flight", "1", "--resume")  # one at a time, so that there is time to kill it
    kills = sum(kill_once(args, tmp_path, outcomes, rng) for _ in range(wanted))
    assert kills == wanted, f"the run ended after {kills} kills; it is too short for this test"
    finish(args, tmp_path)
    assert lines(tmp_path, "killed") == whole


READER = """
import time

from robustness.victims import load_victim

reader = load_victim("scripted:gullible:family=role-play|urgency,disguise=none|base64,place=end|own-line")


def answer(chats):
    time.sleep(0.002 * len(chats))
    return reader.predict([tuple(chat.values()) for chat in chats])
"""


def injecting(out: str, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "robustness", "audit", "--victim", "python:reading:answer", "--task", "injection"),
        *("--data", "demo:injection", "--limit", "8", "--recipes", "inject", "--budget", "40", "--encoder", "none"),
        *("--out", out, "-q", *more),
    ]


@pytest.mark.parametrize("wanted", [1, pytest.param(10, marks=pytest.mark.slow)], ids=["once", "ten"])
def test_a_search_that_pools_over_examples_gives_the_same_bytes_after_kills(tmp_path: Path, wanted: int) -> None:
    (tmp_path / "reading.py").write_text(READER)
    finish(injecting("whole"), tmp_path)
    outcomes, rng = tmp_path / "killed" / "outcomes.jsonl", random.Random(11)
    kills = sum(kill_once(injecting("killed", "--resume"), tmp_path, outcomes, rng) for _ in range(wanted))
    assert kills == wanted, f"the run ended after {kills} kills; it is too short for this test"
    finish(injecting("killed", "--resume"), tmp_path)
    assert lines(tmp_path, "whole") == lines(tmp_path, "killed")
    assert any(b'"succeeded"' in line for line in lines(tmp_path, "whole"))
