"""How much memory an audit of very many examples takes, and in which part of it: natural noise, a victim that costs nothing.

    python -m bench.memory [--examples 100000] [--recipe natural:keyboard-typo]

The examples come from a CSV file, as a user's do, and every report is written. Prints the peak of the resident memory within each
part of the run, in MiB: reading the data, preparing, attacking, doubts, reading the run back, measuring, each report, the seal.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import FrameType

from bench.natural_scale import rows

PARTS = {
    "read_table": "reading the file",
    "load_examples": "reading the data",
    "prepare": "preparing",
    "_attack": "attacking",
    "_doubts": "doubts",
    "load_run": "reading the run back",
    "measure": "measuring",
    "evaluate": "gate",
    "write_failures": "failures",
    "summarise": "summary",
    "markdown_report": "report.md",
    "junit_report": "junit.xml",
    "html_report": "report.html",
    "sarif_report": "findings.sarif",
    "rewriting": "seal",
}
"""Functions of the product by the part of a run that they are."""


class Sampler(threading.Thread):
    """Looks at the resident memory ten times a second, and at what the main thread is doing."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[str, int] = {}
        self.done = threading.Event()

    def run(self) -> None:
        main = threading.main_thread().ident
        assert main is not None
        while not self.done.wait(0.1):
            frame: FrameType | None = sys._current_frames().get(main)
            part = "else"
            while frame is not None:
                part = PARTS.get(frame.f_code.co_name, part)
                frame = frame.f_back
            self.peaks[part] = max(self.peaks.get(part, 0), resident())


def resident() -> int:
    """This process's resident memory in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--recipe", default="natural:keyboard-typo")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.csv"
        data.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows(args.examples)))
        from robustness.auditing import audit

        sampler = Sampler()
        sampler.start()
        started, cpu = time.perf_counter(), time.process_time()
        audit(
            "scripted:keyword",
            data,
            recipes=[args.recipe],
            encoder="none",
            batch_tokens=16_384,
            out=Path(folder) / "run",
        )
        sampler.done.set()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        size = {path.name: round(path.stat().st_size / 2**20, 1) for path in sorted((Path(folder) / "run").iterdir())}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10
    spent = {"seconds": round(seconds), "cpu_seconds": round(cpu)}
    figures = {**spent, "peak_mib": peak, "peaks_mib": sampler.peaks, "files_mib": size}
    print(json.dumps({"bench": "memory", "examples": args.examples, "recipe": args.recipe, **figures}))


if __name__ == "__main__":
    main()
