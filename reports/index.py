"""The runs under a folder, one entry each, read from what is small: ``run.json`` and ``summary.json``, never all outcomes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.run import Manifest, RunError
from reports.run.seal import SEAL
from reports.run.store import MANIFEST, OUTCOMES, read_manifest

FINISHED, RUNNING, STOPPED, UNREADABLE = "finished", "running", "stopped", "unreadable"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of a list.

    ``state``: ``finished``; ``running``, some process is writing it; ``stopped``, it can be resumed; ``unreadable``, and
    ``problem`` says why. ``verdict``: that of its reports, empty where there are none. ``robust_accuracy``: with its interval, as
    the reports have it, None where there are none, or where the examples were ``selected`` by their outcomes (``--lf``).
    ``trials``: outcomes so far. ``asked``: the recipes, suites by name.
    """

    folder: Path
    state: str
    created: str = ""
    victim: str = ""
    task: str = ""
    asked: tuple[str, ...] = ()
    examples: int = 0
    trials: int = 0
    failures: int | None = None
    verdict: str = ""
    robust_accuracy: tuple[float, float, float] | None = None
    clean_accuracy: float | None = None
    comparability_id: str = ""
    problem: str = ""
    selected: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As plain values; the folder as it was found."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "folder": str(self.folder),
            "asked": list(self.asked),
            "robust_accuracy": None if self.robust_accuracy is None else list(self.robust_accuracy),
        }


def runs_under(folder: str | Path) -> list[Entry]:
    """Every run in a folder and the folders below it, the latest first; the folder may be a run itself.

    Links are not followed, so that a folder that links to itself has an end. A run that cannot be read is an entry too.

    Raises:
        RunError: there is no such folder.
    """
    top = Path(folder)
    if not top.is_dir():
        raise RunError(f"{top} is {'a file' if top.exists() else 'not there'}; expected a folder with runs, such as runs/")
    found = [entry_of(path) for path in run_folders(top)]
    return sorted(found, key=lambda entry: (entry.created, str(entry.folder)), reverse=True)


def run_folders(top: Path) -> Iterator[Path]:
    """Every folder that holds a run, or what is left of one: outcomes whose ``run.json`` was lost are no reason to hide it."""
    shut: list[Path] = []
    for here, below, files in os.walk(top, onerror=lambda problem: shut.append(Path(problem.filename))):
        if {MANIFEST, OUTCOMES, SEAL} & {*files}:
            yield Path(here)  # and on into it: a stray file of such a name must not hide what lies below
        below[:] = sorted(name for name in below if not name.startswith("."))
    yield from shut  # nobody can say what they hold, so they are listed


def entry_of(folder: Path) -> Entry:
    """The entry of one run folder."""
    try:
        manifest = read_manifest(folder)
    except (RunError, OSError) as problem:
        return Entry(folder, UNREADABLE, problem=str(problem))
    asked = manifest.asked.get("recipes") or list(manifest.recipe_names)
    summary = _summary(folder) if manifest.finished else {}
    overall, gate = summary.get("overall"), summary.get("gate")
    return Entry(
        folder,
        FINISHED if manifest.finished else RUNNING if written_now(folder / OUTCOMES) else STOPPED,
        created=manifest.created,
        victim=str(manifest.victim.get("name", "")),
        task=manifest.task,
        asked=tuple(str(one) for one in asked),
        examples=manifest.due,
        trials=_trials(folder, manifest),
        failures=summary.get("failures"),
        verdict=str(gate["verdict"]) if isinstance(gate, dict) and "verdict" in gate else "",
        robust_accuracy=None if manifest.selected else _interval(overall),
        clean_accuracy=_rate(overall, "clean_accuracy"),
        comparability_id=manifest.comparability_id,
        selected=bool(manifest.selected),
    )


def _summary(folder: Path) -> dict[str, Any]:
    """What the reports say; nothing where they were never written, or cannot be read."""
    try:
        read = json.loads((folder / "summary.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _interval(overall: Any) -> tuple[float, float, float] | None:
    values = [_rate(overall, "robust_accuracy", part) for part in ("rate", "low", "high")]
    rate, low, high = values
    return None if rate is None or low is None or high is None else (rate, low, high)


def _rate(overall: Any, name: str, part: str = "rate") -> float | None:
    measure = overall.get(name) if isinstance(overall, dict) else None
    value = measure.get(part) if isinstance(measure, dict) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _trials(folder: Path, manifest: Manifest) -> int:
    if manifest.finished:
        return int(manifest.outcomes.get("count", 0))
    try:
        with (folder / OUTCOMES).open("rb") as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(_BLOCK), b""))
    except OSError:
        return 0


def written_now(path: Path) -> bool:
    """Whether some process holds the lock of a run's outcomes, as far as the system tells (Linux does, in ``/proc/locks``).

    The lock itself is not tried: to hold it for a moment could make an audit that begins just then believe that it is not alone.
    """
    try:
        at = path.stat()
        held = Path("/proc/locks").read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return False
    ours = f"{os.major(at.st_dev):02x}:{os.minor(at.st_dev):02x}:{at.st_ino}"
    return any("FLOCK" in line and ours in line.split() for line in held.splitlines())
