"""``rows.jsonl``: on which line of the user's data file each example of a run stands, for reports that point there.

The first line names the file, relative to the root of the repository, or to the working folder where there is none; then one
line for each example, ``["id", line]``. A run whose data have no such lines (a package's examples, a table in memory, Parquet, a
file elsewhere on the machine) has no such file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from reports.files.atomic import TEMPORARY, sync_folder

ROWS = "rows.jsonl"


@dataclass(frozen=True, slots=True)
class Rows:
    """The data file of a run, relative to its repository, and the lines on which examples begin, counted from 1."""

    file: str = ""
    lines: dict[str, int] = field(default_factory=dict)


def write_rows(folder: Path, file: str, rows: Iterable[tuple[str, int]]) -> None:
    """Write the lines of (example id, line) pairs in one step; a file that is there already is that of the run's beginning."""
    if (folder / ROWS).exists():
        return
    temporary = folder / (ROWS + TEMPORARY)
    with temporary.open("w", encoding="ascii", newline="\n") as stream:
        stream.write(json.dumps({"file": file}) + "\n")
        stream.writelines(json.dumps(row) + "\n" for row in rows)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(folder / ROWS)
    sync_folder(folder)


def read_rows(folder: Path, ids: Collection[str]) -> Rows:
    """The lines of these examples; none where the run has no such file. Raises ``ValueError`` where it is damaged."""
    try:
        with (folder / ROWS).open(encoding="ascii") as stream:
            head = json.loads(next(stream, ""))
            found = {name: line for name, line in map(json.loads, stream) if name in ids}
            file = head["file"]
    except FileNotFoundError:
        return Rows()
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{folder / ROWS} is damaged: {error}; restore it, or delete it to do without lines") from error
    if not isinstance(file, str) or not all(type(line) is int and line > 0 for line in found.values()):
        raise ValueError(f"{folder / ROWS} is damaged: it expects a file and lines from 1; restore it, or run the audit again")
    return Rows(file, found)


def in_repository(path: str) -> str | None:
    """A file as its repository names it, with slashes; None for one that is in no folder which a reader shares.

    The repository is that of the working folder, else the file's own where that lies below the working folder; without one,
    the working folder takes its place.
    """
    here = Path.cwd()
    for whole in (Path(os.path.abspath(path)), Path(os.path.realpath(path))):
        roots = [_root(here), _root(whole.parent) if whole.is_relative_to(here) else None, here]
        for root in roots:
            if root is not None and whole.is_relative_to(root):
                return whole.relative_to(root).as_posix()
    return None


def _root(folder: Path) -> Path | None:
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
