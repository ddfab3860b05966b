"""``robustness resume`` and ``robustness runs`` as typed: a real kill, a real Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from robustness.cli import main

TEXTS = ["a great film", "a dull film", "what a great and moving story", "a dull and boring plot"]
AUDIT = ["audit", "--victim", "python:slow.py:ask", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none"]
SLOW = """
import time
labels = ("negative", "positive")
def ask(texts):
    time.sleep(0.01 * len(texts))
    return [[0.1, 0.9] if "great" in text else [0.9, 0.1] for text in texts]
ask.labels = labels
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rows = [f"{TEXTS[at % 4]} number {at},{'positive' if 'great' in TEXTS[at % 4] else 'negative'}" for at in range(12)]
    Path("data.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    Path("slow.py").write_text(SLOW)
    return tmp_path


def _begin(*more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "robustness", *AUDIT, "--labels", "negative,positive", "--in-flight", "2", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_interruptible)


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _wait_for_outcomes(run: Path, lines: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (run / "outcomes.jsonl").exists() and (run / "outcomes.jsonl").read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.01)
    pytest.fail(f"no {lines} outcomes within a minute")


def test_a_killed_run_goes_on_by_its_name_alone_to_the_same_outcomes(folder: Path) -> None:
    process = _begin("--out", "runs/killed", "--seed", "3")
    _wait_for_outcomes(Path("runs/killed"), 3)
    process.kill()
    process.communicate()
    (record,) = (folder / "state/robustness/runs").iterdir()
    assert oct(record.stat().st_mode)[-3:] == "600"
    assert str(folder) not in "".join(path.read_text() for path in Path("runs/killed").iterdir()), "paths stay out of the run"
    assert main(["resume", "runs/killed"]) == 0
    assert not record.exists(), "nothing is left to resume"
    assert main(["verify", "runs/killed"]) == 0
    assert main([*AUDIT, "--labels", "negative,positive", "--seed", "3", "--out", "runs/whole", "-q"]) == 0
    killed, whole = (sorted(Path(f"runs/{name}/outcomes.jsonl").read_text().splitlines()) for name in ("killed", "whole"))
    assert killed == whole


def test_ctrl_c_names_the_very_command_within_two_seconds(folder: Path) -> None:
    process = _begin()
    run = None
    until = time.monotonic() + 60
    while run is None and time.monotonic() < until:
        run = next(iter(Path("runs").glob("*/run.json")), None) if Path("runs").exists() else None
        time.sleep(0.01)
    assert run is not None
    _wait_for_outcomes(run.parent, 1)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - asked < 2
    assert process.returncode == 2
    assert f"robustness resume {run.parent}" in said
    assert main(["resume", str(run.parent)]) == 0


def test_a_run_that_this_account_did_not_begin_is_not_resumed_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = _begin("--out", "runs/theirs")
    _wait_for_outcomes(Path("runs/theirs"), 1)
    process.kill()
    process.communicate()
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "another account"))
    assert main(["resume", "runs/theirs"]) == 2
    assert "no record of how" in capsys.readouterr().err


def test_a_complete_run_has_nothing_to_resume(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "-q"]
    assert main(["audit", *flags, "--out", "runs/done"]) == 0
    capsys.readouterr()
    assert main(["resume", "runs/done", "-q"]) == 0
    assert capsys.readouterr().out.startswith("MEASURED")
    assert main(["resume", "runs/done", "--seed", "4"]) == 2
    assert "nothing is left to do" in capsys.readouterr().err
    assert main(["resume", "runs/nowhere"]) == 2


def test_flags_after_the_run_replace_its_own(folder: Path) -> None:
    process = _begin("--out", "runs/more", "--in-flight", "1")
    _wait_for_outcomes(Path("runs/more"), 1)
    process.kill()
    process.communicate()
    assert main(["resume", "runs/more", "--seed", "9"]) == 2, "another seed is another run"
    assert main(["resume", "runs/more", "--in-flight=8", "--json"]) == 0


def test_runs_are_listed_the_latest_first_with_their_states(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process = _begin("--out", "runs/alive")
    _wait_for_outcomes(Path("runs/alive"), 1)
    assert main(["runs", "--json"]) == 0
    alive = json.loads(capsys.readouterr().out)
    assert [entry["state"] for entry in alive] == ["running" if Path("/proc/locks").exists() else "stopped"]
    process.kill()
    process.communicate()
    flags = ["--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "-q"]
    assert main(["audit", *flags, "--out", "runs/done"]) == 0
    Path("runs/odd").mkdir()
    Path("runs/odd/run.json").write_text("{}")
    Path("runs/loop").symlink_to(folder / "runs")
    capsys.readouterr()
    assert main(["runs", "--json"]) == 0
    found = {Path(entry["folder"]).name: entry for entry in json.loads(capsys.readouterr().out)}
    assert {name: entry["state"] for name, entry in found.items()} == {
        "done": "finished",
        "alive": "stopped",
        "odd": "unreadable",
    }
    assert found["done"]["verdict"] == "measured"
    assert found["done"]["trials"] == 12
    low, high = found["done"]["robust_accuracy"][1:]
    assert 0 <= low <= found["done"]["robust_accuracy"][0] <= high <= 1
    assert main(["runs"]) == 0
    told = capsys.readouterr()
    assert "robustness resume runs/alive" in told.err
    assert main(["runs", "runs", "-q"]) == 0
    assert main(["runs", "nowhere"]) == 2
