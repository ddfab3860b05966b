"""The seal of a run folder: a hash of every file, by which any later edit is noticed.

``seal.json`` is written with the reports. It guards against accidents and against edits of single files; its own digest,
kept elsewhere (a log, a ticket, a signature), guards against somebody who rewrites files and seal together.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.run import RunError

SEAL = "seal.json"
SCHEMA = 1
INTACT, CHANGED, MISSING, ADDED = "intact", "changed", "missing", "added"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Sealed:
    """What became of one file since it was sealed: ``intact``, ``changed``, ``missing`` or ``added``."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Verification:
    """A folder held against its seal. ``digest``: the seal's own, None where there is no seal that can be read."""

    files: tuple[Sealed, ...]
    digest: str | None
    problem: str = ""

    @property
    def verdict(self) -> str:
        """``verified``, ``edited``, or ``unsealed`` where nothing can be said."""
        if self.problem or any(file.state != INTACT for file in self.files):
            return "edited"
        return "verified" if self.digest else "unsealed"

    @property
    def exit_code(self) -> int:
        """0 verified, 1 edited, 3 unsealed."""
        return {"verified": 0, "edited": 1, "unsealed": 3}[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """As ``robustness verify --json`` prints it."""
        files = [{"name": file.name, "state": file.state} for file in self.files]
        return {"verdict": self.verdict, "digest": self.digest, "problem": self.problem, "files": files}


def write_seal(folder: Path) -> str:
    """Hash every file of the folder into ``seal.json`` and give the seal's digest."""
    hashes = _hashes(folder)
    body = {"schema": SCHEMA, "files": hashes, "digest": _digest(hashes)}
    (folder / SEAL).write_text(json.dumps(body, ensure_ascii=True, indent=2) + "\n", encoding="ascii", newline="\n")
    return str(body["digest"])


def drop_seal(folder: Path) -> None:
    """Take the seal off a folder that is about to be written."""
    (folder / SEAL).unlink(missing_ok=True)


def verify(folder: str | Path, expected: str | None = None) -> Verification:
    """Hold every file of a folder against its seal, and the seal against a digest that was kept elsewhere.

    A seal that was itself edited is a problem, never a folder without a seal. Raises ``RunError`` where there is no folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RunError(f"{folder} is not a run folder; give the folder that an audit wrote")
    if not (folder / SEAL).exists():
        problem = f"{SEAL} is gone, a digest was expected" if expected else ""
        return Verification(tuple(Sealed(name, ADDED) for name in _names(folder)) if problem else (), None, problem)
    try:
        sealed = _read(folder / SEAL)
    except (ValueError, OSError) as error:
        return Verification((), None, f"{SEAL} cannot be trusted: {error}")
    digest = _digest(sealed)
    problem = f"the seal's digest is {digest}, not {expected}" if expected and expected != digest else ""
    return Verification(tuple(_compared(sealed, _hashes(folder))), digest, problem)


def refuse_edited(folder: Path, rewriting: Collection[str] = ()) -> None:
    """Raise ``RunError`` where a sealed file was edited or lost, so that an edit is never sealed anew.

    ``rewriting``: files that are about to be made again from the others. A folder without a seal is let through.
    """
    found = verify(folder)
    bad = [
        f"{file.name} ({file.state})" for file in found.files if file.state in (CHANGED, MISSING) and file.name not in rewriting
    ]
    if found.problem or bad:
        raise RunError(
            f"{folder} is not what its run wrote: {found.problem or ', '.join(bad)}; bring the files back, or run the audit again"
        )


def refuse_changed(folder: Path, name: str) -> None:
    """Raise ``RunError`` where one sealed file reads otherwise than it was sealed; a folder without a seal is let through."""
    if not (folder / SEAL).exists():
        return
    try:
        told = _read(folder / SEAL).get(name)
    except (ValueError, OSError) as error:
        raise RunError(f"{folder / SEAL} cannot be trusted: {error}; bring the file back, or run the audit again") from None
    if told is not None and told != _hash(folder / name):
        raise RunError(f"{folder / name} was edited since the run was sealed; bring the file back, or run the audit again")


def _compared(sealed: Mapping[str, str], now: Mapping[str, str]) -> list[Sealed]:
    found = [
        Sealed(name, MISSING if name not in now else INTACT if now[name] == told else CHANGED) for name, told in sealed.items()
    ]
    return found + [Sealed(name, ADDED) for name in now if name not in sealed]


def _read(path: Path) -> dict[str, str]:
    raw = json.loads(path.read_text("ascii"))
    if not isinstance(raw, dict) or set(raw) != {"schema", "files", "digest"} or raw["schema"] != SCHEMA:
        raise ValueError(f"it is no seal of schema {SCHEMA}")
    files = raw["files"]
    if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()):
        raise ValueError("its files are no list of hashes")
    if raw["digest"] != _digest(files):
        raise ValueError("it was edited: its digest is not that of its list")
    return dict(files)


def _digest(hashes: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(sorted(hashes.items())), ensure_ascii=True).encode("ascii")).hexdigest()


def _names(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(name for path in files if (name := path.relative_to(folder).as_posix()) != SEAL)


def _hashes(folder: Path) -> dict[str, str]:
    return {name: _hash(folder / name) for name in _names(folder)}


def _hash(path: Path) -> str:
    found = hashlib.sha256()
    if path.is_symlink():  # by where it points: what is there now may change, be a folder or be nothing
        return hashlib.sha256(b"symbolic link\0" + os.fsencode(path.readlink())).hexdigest()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
