"""The workbench as static files: the pages that the server would show, readable from a disk with no server at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.render.bench.bench import Bench

CONTENTS = "bundle.json"
"""Names the files of a bundle, so that writing one again takes its old pages away and nothing else."""
_RUN_FILES = ("run.json", "outcomes.jsonl", "seal.json")
_OWN = re.compile(r"(?:(?:run|victim|together|compare)/)?[a-z0-9-]+\.html")
"""The names that a bundle can have; what else its list of contents says is not followed."""


def write_bundle(folder: Path, into: Path, *, force: bool = False) -> list[Path]:
    """Write every page of a folder's workbench, and give the files, the first page first.

    Raises:
        UsageError: ``into`` is no place for it: a file, a run, a folder that is not empty (unless ``force``), one with links.
        RunError: there is no folder to show.
    """
    from reports.render.bench.bench import Bench

    bench = Bench(folder, served=False)
    bench.runs()  # a folder that is not there is found before anything is written
    old = _refuse(into, force=force)
    into.mkdir(parents=True, exist_ok=True)
    written = {name: _write(into, name, text) for name, text in _pages(bench)}
    for name in old:
        if name not in written and _OWN.fullmatch(name):
            _plain(into, name).unlink(missing_ok=True)
    _write(into, CONTENTS, json.dumps({"schema": 1, "files": sorted(written)}, indent=2) + "\n")
    return list(written.values())


def _pages(bench: Bench) -> Iterator[tuple[str, str]]:
    from reports.render.bench.history import histories
    from reports.render.bench.together import questions

    runs = bench.runs()
    yield "index.html", bench.index()
    for one in runs:
        yield f"run/{one.id}.html", bench.run(one.id)
    for victim in histories(runs):
        yield f"victim/{victim}.html", bench.victim(victim)
    for question, members in questions(runs).items():
        yield f"together/{question}.html", bench.together([one.id for one in members], members[0].id, root="../")
        base, *others = members
        for other in others:
            if base.trusted and other.trusted:
                yield f"compare/{base.id}--{other.id}.html", bench.comparison(base.id, other.id)


def _refuse(into: Path, *, force: bool) -> list[str]:
    """Raise where a bundle may not be written; else the files of the one that is there."""
    if into.exists() and not into.is_dir():
        raise UsageError(f"{into} is a file; a bundle needs a folder")
    for place in (into.resolve(), *into.resolve().parents):
        if any((place / name).exists() for name in _RUN_FILES):
            raise UsageError(f"{place.name} is a run folder, and what is written into one breaks its seal; name another folder")
    inside = sorted(path.name for path in into.iterdir()) if into.exists() else []
    if inside and not force:
        raise UsageError(f"{into} is not empty ({', '.join(inside[:5])}); name a new folder, or write over it with --force")
    try:
        told = json.loads(_plain(into, CONTENTS).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in told if isinstance(name, str)] if isinstance(told, list) else []


def _write(into: Path, name: str, text: str) -> Path:
    path = _plain(into, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _plain(into: Path, name: str) -> Path:
    """The path of a file below the folder; raises where a link on the way would lead out of it."""
    path = into / name
    for step in (path, path.parent):
        if step != into and step.is_symlink():
            raise UsageError(f"{step} is a link; a bundle is written into plain folders only")
    return path
