"""Runs over real workers of Ray, some of them killed: the same bytes, the same exit codes, and no process left behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]

WORDS = "good bad fine dull great film story actor scene plot the of and with very rather quite".split()
VICTIM = """
import os
import time

def answer(texts):
    time.sleep(PAUSE + 0.0002 * len(texts))
    if any("qqqq" in text and text != "a good film qqqq" for text in texts):
        os._exit(0)
    good = [sum(t.split().count(w) for w in ("good", "fine", "great")) for t in texts]
    bad = [sum(t.split().count(w) for w in ("bad", "dull")) for t in texts]
    shares = [(1 + g) / (2 + g + b) for g, b in zip(good, bad)]
    return [[1 - s, s] for s in shares]

answer.labels = ["negative", "positive"]
"""
TAG = "ROBUSTNESS_TEST_TAG"
ACTOR = "ray::Actor"


class Place:
    """A folder with a victim and data; every process that a command starts here carries a tag of its own."""

    def __init__(self, folder: Path, rows: int = 60, pause: float = 0.004, extra: str = "") -> None:
        rng = random.Random(1)
        self.folder, self.tag = folder, uuid4().hex
        self.temporary = Path("/tmp") / f"rt{self.tag[:8]}"
        self.temporary.mkdir()
        (folder / "slow_victim.py").write_text(VICTIM.replace("PAUSE", str(pause)))
        found = [" ".join(rng.choices(WORDS, k=rng.randint(4, 14))) for _ in range(rows)]
        lines = [f"{text},{'positive' if _good(text) else 'negative'}" for text in found]
        (folder / "data.csv").write_text("text,label\n" + "\n".join(dict.fromkeys(lines)) + "\n" + extra)

    def begin(self, out: str, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "robustness", "audit", "--out", out]
        if "--victim" not in more:
            command += ["--victim", "python:slow_victim:answer", "--data", "data.csv", "--encoder", "none"]
            command += [] if "--recipes" in more else ["--recipes", "deepwordbug,natural:keyboard-typo,natural:character-*"]
            command += ["--budget", "60"]
        env = {**os.environ, TAG: self.tag, "TMPDIR": str(self.temporary)}
        return subprocess.Popen(
            [*command, *more],
            cwd=self.folder,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
        )

    def finish(self, out: str, *more: str, code: int = 0) -> str:
        process = self.begin(out, *more)
        _, told = process.communicate(timeout=600)
        assert process.returncode == code, told
        return told

    def lines(self, out: str) -> list[bytes]:
        return sorted((self.folder / out / "outcomes.jsonl").read_bytes().splitlines())

    def scale(self, out: str) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.folder / out / "run.json").read_text())["usage"]["scale"]
        return found

    def size(self, out: str) -> int:
        path = self.folder / out / "outcomes.jsonl"
        return path.stat().st_size if path.exists() else 0

    def processes(self, name: str = "") -> list[int]:
        """Of the commands begun here, and of all that they started, those whose command line begins with a name.

        Ray's processes have a title of their own, which hides their environment, and files in their run's folder.
        """
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                links = [os.readlink(link) for link in (entry / "fd").iterdir()]
                mine = f"{TAG}={self.tag}".encode() in (entry / "environ").read_bytes()
                if mine or any(link.startswith(str(self.temporary)) for link in links):
                    command = (entry / "cmdline").read_bytes().decode(errors="replace")
                    found += [int(entry.name)] if command.startswith(name) and command else []
            except OSError:
                continue  # it ended meanwhile
        return found

    def environment(self, pid: int) -> list[str]:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")

    def wait_until_written(self, process: subprocess.Popen[str], out: str, size: int = 1) -> None:
        deadline = time.monotonic() + 240
        while process.poll() is None and self.size(out) < size and time.monotonic() < deadline:
            time.sleep(0.02)
        assert process.poll() is None, "the run ended before it could be disturbed; it is too short for this test"

    def assert_empty(self, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert left == [], [Path(f"/proc/{one}/cmdline").read_bytes()[:80] for one in left]
        mine = [path for path in self.temporary.iterdir() if not path.name.startswith("torchinductor_")]  # torch's own, for later
        assert mine == [], "a folder of Ray's was left behind"
        shutil.rmtree(self.temporary)


def _good(text: str) -> bool:
    words = text.split()
    return sum(w in ("good", "fine", "great") for w in words) >= sum(w in ("bad", "dull") for w in words)


def test_one_two_and_four_workers_give_the_bytes_of_one_process(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.finish("plain", "-q")
    for workers in ("1", "2", "4"):
        place.finish(f"by{workers}", "-q", "--workers", workers)
        assert place.lines(f"by{workers}") == place.lines("plain")
        assert place.scale(f"by{workers}")["workers"] == int(workers)
        for name in ("failures.jsonl", "failures.csv"):
            assert (tmp_path / f"by{workers}" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
    place.assert_empty()


def test_a_cascade_that_learns_gives_the_same_bytes_in_workers(tmp_path: Path) -> None:
    place = Place(tmp_path)
    learning = (
        *("-q", "--victim", "python:slow_victim:answer", "--data", "data.csv", "--encoder", "none"),
        *("--recipes", "standard", "--budget", "60"),
    )
    place.finish("plain", *learning)
    place.finish("fixed", *learning, "--no-adaptive")
    place.finish("by2", *learning, "--workers", "2")
    assert place.lines("by2") == place.lines("plain")
    assert place.lines("fixed") != place.lines("plain"), "nothing was learned, so nothing could be learned otherwise"
    place.assert_empty()


def test_a_worker_killed_every_five_seconds_changes_no_byte(tmp_path: Path) -> None:
    place = Place(tmp_path, rows=60, pause=0.25)
    place.finish("plain", "-q", "--in-flight", "64")
    rng, kills = random.Random(3), 0
    with place.begin("killed", "-q", "--workers", "2", "--in-flight", "8") as process:
        place.wait_until_written(process, "killed")
        while process.poll() is None:
            actors = place.processes(ACTOR)
            if actors:
                os.kill(rng.choice(actors), signal.SIGKILL)
                kills += 1
            written, five_seconds = place.size("killed"), time.monotonic() + 5
            # on a machine so busy that a worker takes longer than that to start, none would ever come to anything
            while process.poll() is None and (time.monotonic() < five_seconds or place.size("killed") == written):
                time.sleep(0.1)
        _, told = process.communicate()
    assert process.returncode == 0, told
    assert kills >= 3, "the run is too short for this test"
    assert place.lines("killed") == place.lines("plain")
    assert place.scale("killed")["lost"] >= kills - 1  # the last one may have had nothing left to do
    assert place.scale("killed")["errors"] == 0
    place.assert_empty()


def test_a_driver_killed_and_resumed_gives_the_same_bytes_and_leaves_no_process(tmp_path: Path) -> None:
    place = Place(tmp_path, pause=0.05)
    place.finish("plain", "-q")
    for _ in range(2):
        before = place.size("killed")
        with place.begin("killed", "-q", "--workers", "2", "--in-flight", "4", "--resume") as process:
            place.wait_until_written(process, "killed", before + 1)
            process.kill()
            process.communicate()
        place.assert_empty()
        place.temporary.mkdir()
    place.finish("killed", "-q", "--workers", "2", "--resume")
    assert place.lines("killed") == place.lines("plain")
    place.assert_empty()


def test_a_text_that_ends_its_worker_is_an_error_and_never_robust(tmp_path: Path) -> None:
    place = Place(tmp_path, rows=12, extra="a good film qqqq,positive\n")
    told = place.finish("run", "--workers", "2", "--recipes", "deepwordbug", "--min-robust-accuracy", "1%", code=1)
    assert "a worker ended unexpectedly; its units go back to the queue: 1" in told
    assert "raylet" not in told
    outcomes = [json.loads(line) for line in place.lines("run")]
    (bad,) = [one for one in outcomes if one["texts"]["text"].endswith("qqqq")]
    assert (bad["status"], bad["error"]["type"]) == ("error", "WorkerLostError"), told
    assert {one["status"] for one in outcomes if one is not bad} <= {"succeeded", "failed", "skipped", "exhausted"}
    assert place.scale("run")["errors"] == 1


def test_an_interrupt_ends_every_process_and_the_run_can_be_resumed(tmp_path: Path) -> None:
    place = Place(tmp_path, pause=0.05)
    place.finish("plain", "-q")
    with place.begin("stopped", "-q", "--workers", "2", "--in-flight", "4") as process:
        place.wait_until_written(process, "stopped")
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "interrupted; what was finished is saved" in told
    assert "Traceback" not in told
    place.assert_empty()
    place.temporary.mkdir()
    place.finish("stopped", "-q", "--resume")
    assert place.lines("stopped") == place.lines("plain")


def listening(pids: list[int]) -> set[str]:
    """Addresses in hexadecimal on which these processes listen, from ``/proc``."""
    inodes = set()
    for pid in pids:
        try:
            inodes |= {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
        except OSError:
            continue
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


def test_offline_workers_listen_on_this_machine_only_and_report_to_nobody(tmp_path: Path) -> None:
    place = Place(tmp_path, pause=0.05)
    place.finish("plain", "-q")
    with place.begin("shared", "-q", "--workers", "2", "--offline") as process:
        place.wait_until_written(process, "shared")
        pids = place.processes()
        addresses = listening(pids)
        known = [place.environment(pid) for pid in pids if b"/ray/" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert addresses, "nothing was seen listening: this test looks in the wrong place"
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    shown = [one for one in known if f"{TAG}={place.tag}" in one]  # a title that a process took may hide its environment
    assert len(shown) >= 3, "Ray's own programs were not found: this test looks in the wrong place"
    assert all("RAY_USAGE_STATS_ENABLED=0" in one for one in shown)
    assert place.lines("shared") == place.lines("plain")
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("session_")]


def test_a_real_transformer_gives_the_same_bytes_in_workers(tmp_path: Path) -> None:
    place = Place(tmp_path)
    demo = ("-q", "--victim", "demo", "--recipes", "textfooler,deepwordbug", "--budget", "25", "--limit", "6", "--offline")
    place.finish("plain", *demo)
    place.finish("shared", *demo, "--workers", "2")
    assert place.lines("shared") == place.lines("plain")
    run = json.loads((tmp_path / "shared" / "run.json").read_text())
    assert run["usage"]["scale"]["threads"] == int(os.environ["OMP_NUM_THREADS"])
    place.assert_empty()


def test_workers_find_what_a_cache_holds(tmp_path: Path) -> None:
    place = Place(tmp_path, rows=12)
    flags = ("-q", "--victim", "scripted:keyword", "--data", "data.csv", "--encoder", "none", "--recipes", "deepwordbug")
    place.finish("plain", *flags, "--cache", "kept")
    place.finish("recalled", *flags, "--cache", "kept", "--workers", "2")
    assert place.lines("recalled") == place.lines("plain")
    usage = json.loads((tmp_path / "recalled" / "run.json").read_text())["usage"]["victim"]
    assert (usage["recalled"] > 0, usage["forwards"]) == (True, 0)


def test_a_cluster_that_is_there_is_joined_and_left_as_it_was(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.finish("plain", "-q")
    code = (
        "import os, ray, sys; ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=sys.argv[1]); "
        "print(ray.get_runtime_context().gcs_address, flush=True); sys.stdin.read(); print(len(ray.nodes()), flush=True)"
    )
    settings = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    folder = Path("/tmp") / f"r{place.tag[:8]}"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], env={**os.environ, **settings}, text=True, stdin=-1, stdout=-1
    ) as head:
        assert head.stdout is not None
        address = head.stdout.readline().strip()
        os.environ["RAY_AUTH_MODE"] = "disabled"
        try:
            place.finish("joined", "-q", "--ray", address)
        finally:
            del os.environ["RAY_AUTH_MODE"]
        out, _ = head.communicate("")
    assert out.strip() == "1"
    assert place.lines("joined") == place.lines("plain")
    assert place.scale("joined")["workers"] == 2
