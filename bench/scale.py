"""What workers gain on this machine, and what the driver costs: measured; then a stated model of many workers.

    python -m bench.scale [--workers 1,2] [--examples 96] [--pause 0.02] [--per-text 0.004]

Each number of workers carries out the same audit, with one thread each and a victim that waits as long as a model on another
device would compute: ``pause`` seconds a batch and ``per-text`` seconds a text. Such a victim leaves the processors of this
machine to the workers and the driver, so that what is seen is how well work is shared, not how well two processes share a memory
bus. ``--victim demo`` measures with a real model in its place. Starting Ray is counted apart.

The driver's cost is measured by itself: outcomes that are there already are read, written and counted as the driver does it, and
units are packed as they are sent. From these the model takes its figures; it is arithmetic, not a measurement, and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

VICTIM = """
import time

WORDS = {"good": 1, "great": 1, "fine": 1, "warm": 1, "funny": 1, "dull": -1, "bad": -1, "empty": -1, "mess": -1, "bores": -1}

def answer(texts):
    time.sleep(PAUSE + EACH * len(texts))
    found = [sum(WORDS.get(word, 0) for word in text.split()) for text in texts]
    return [[0.5 - 0.1 * max(-4, min(4, n)), 0.5 + 0.1 * max(-4, min(4, n))] for n in found]

answer.labels = ["negative", "positive"]
"""


def wall(folder: Path, workers: int | None, args: argparse.Namespace) -> dict[str, Any]:
    """One audit: seconds of the attacks themselves and of everything, CPU seconds of all processes."""
    out = folder / f"run{workers}"
    command = [sys.executable, "-m", "robustness", "audit", "--out", str(out), "-q", "--encoder", "none", "--budget", "60"]
    command += ["--recipes", "deepwordbug", "--in-flight", "16"]
    if args.victim:
        command += ["--victim", args.victim, "--limit", str(args.examples), *(["--data", args.data] if args.data else [])]
    else:
        command += ["--victim", "python:waiting:answer", "--data", "data.csv"]
    command += [] if workers is None else ["--workers", str(workers)]
    began, before = time.perf_counter(), os.times()
    path = os.pathsep.join([str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")])
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path})
    seconds, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    usage = json.loads((out / "run.json").read_text())["usage"]
    lines = sorted((out / "outcomes.jsonl").read_bytes().splitlines())
    scale = usage.get("scale", {})
    attacking = scale.get("busy_seconds", usage["wall_seconds"])
    return {
        "workers": workers or "no Ray",
        "attack_seconds": round(attacking, 2),
        "start_seconds": scale.get("start_seconds", 0.0),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "outcomes": len(lines),
        "lines": lines,
    }


def driver(folder: Path, outcomes: int = 20_000) -> dict[str, Any]:
    """CPU seconds that the driver spends on an outcome, and bytes that travel for it."""
    from reports.run.store import RunWriter, load_run
    from robustness.data import Example
    from robustness.scale.queue import Chain, Queue, Unit
    from robustness.scale.worker import Ended, Report
    from robustness.tasks.reading.check_answers import AnswerOddities

    run = load_run(folder / "runNone")
    some = list(run.outcomes)
    size = min(256, len(some))  # within a step no two are the same: what is the same is packed once
    examples = [Example(f"e{n}", tuple(some[n % len(some)].texts.values()), 0, {}) for n in range(outcomes)]
    queue = Queue(Chain((some[0].recipe,), False), examples, {})
    from dataclasses import replace

    made = [replace(some[n % len(some)], example_id=f"e{n}") for n in range(outcomes)]
    manifest = replace(run.manifest, examples=outcomes, finished=False, outcomes={})
    sizes_out, sizes_in, cpu = 0, 0, 0.0
    with RunWriter.create(folder / "driven", manifest) as writer:
        for start in range(0, outcomes, size):
            # what a worker would do is not counted
            words = tuple(word for one in made[start : start + size] for word in (one, Ended(one.example_id)))
            report = pickle.dumps(Report(words, {}, AnswerOddities()), protocol=5)
            begun = time.process_time()
            units: list[Unit] = queue.take("a", size)
            sent = pickle.dumps(units, protocol=5)
            for word in pickle.loads(report).words:
                if isinstance(word, Ended):
                    queue.ended("a", word.example_id)
                elif queue.heard("a", word):
                    writer.append(word)
            cpu += time.process_time() - begun
            sizes_out, sizes_in = sizes_out + len(sent), sizes_in + len(report)
    written = (folder / "driven" / "outcomes.jsonl").stat().st_size
    return {
        "outcomes": outcomes,
        "driver_microseconds": round(1e6 * cpu / outcomes, 1),
        "bytes_to_worker": round(sizes_out / outcomes),
        "bytes_from_worker": round(sizes_in / outcomes),
        "bytes_on_disk": round(written / outcomes),
    }


def model(cost: dict[str, Any], worker_rate: float, start: float, workers: int, examples: int) -> dict[str, Any]:
    """What the measured figures come to for many workers: arithmetic, with nothing in it for a network or a scheduler in trouble.

    ``worker_rate``: outcomes a second of one worker. A driver is one process, so its rate is the ceiling.
    """
    ceiling = 1e6 / cost["driver_microseconds"]
    rate = min(workers * worker_rate, ceiling)
    traffic = rate * (cost["bytes_to_worker"] + cost["bytes_from_worker"])
    return {
        "workers": workers,
        "examples": examples,
        "driver_ceiling_outcomes_per_s": round(ceiling),
        "workers_that_fill_the_driver": round(ceiling / worker_rate),
        "outcomes_per_s": round(rate),
        "hours": round((examples / rate + start) / 3600, 2),
        "driver_megabytes_per_s": round(traffic / 1e6, 2),
        "outcomes_gigabytes": round(examples * cost["bytes_on_disk"] / 1e9, 1),
        "worker_hours": round(workers * examples / rate / 3600, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--examples", type=int, default=96)
    parser.add_argument("--pause", type=float, default=0.02)
    parser.add_argument("--per-text", type=float, default=0.004)
    parser.add_argument("--victim")
    parser.add_argument("--data")
    args = parser.parse_args()
    from bench.natural_scale import rows

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "waiting.py").write_text(VICTIM.replace("PAUSE", str(args.pause)).replace("EACH", str(args.per_text)))
        (folder / "data.csv").write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows(args.examples)))
        runs = [wall(folder, workers, args) for workers in (None, *map(int, args.workers.split(",")))]
        expected = runs[0]["lines"]
        for run in runs:
            same = run.pop("lines") == expected
            speed = runs[1]["attack_seconds"] / run["attack_seconds"]
            print(json.dumps({"bench": "scale", **run, "same_bytes": same, "faster_than_one_worker": round(speed, 2)}))
        cost = driver(folder)
    print(json.dumps({"bench": "scale driver", **cost}))
    rate = runs[1]["outcomes"] / runs[1]["attack_seconds"]
    for workers, examples in ((2, 1_000_000), (100, 10_000_000), (1000, 100_000_000)):
        print(json.dumps({"bench": "scale model", **model(cost, rate, runs[1]["start_seconds"], workers, examples)}))


if __name__ == "__main__":
    main()
