"""The seal of a run folder: a hash of every file, which reveals any later edit.

``seal.json`` is written with the reports. It guards against accidents and against edits of single files; its own digest,
kept elsewhere (a log, a ticket, a signature), guards against somebody who rewrites files and seal together.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.files.atomic import TEMPORARY, write_atomically
from reports.run import RunError

SEAL = "seal.json"
RENDERED = ("failures.jsonl", "failures.csv", "summary.json", "report.md", "junit.xml", "report.html", "findings.sarif")
"""What is made from ``run.json`` and ``outcomes.jsonl`` alone, and so can be made again."""
SCHEMA = 1
INTACT, CHANGED, MISSING, ADDED, UNFINISHED = "intact", "changed", "missing", "added", "unfinished"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What became of one file since it was sealed: ``intact``, ``changed``, ``missing`` or ``added``.

    ``unfinished``: it was being written when its writer died, and nothing can be said about it.
    """

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Verification:
    """A folder checked against its seal. ``digest``: the seal's own, None where there is no seal that can be read."""

    files: tuple[Sealed, ...]
    digest: str | None
    problem: str = ""

    @property
    def verdict(self) -> str:
        """``verified``, ``edited``, or ``unsealed`` where nothing can be said."""
        states = {file.state for file in self.files}
        if self.problem or states & {CHANGED, MISSING, ADDED}:
            return "edited"
        return "verified" if self.digest and UNFINISHED not in states else "unsealed"

    @property
    def odd(self) -> tuple[Sealed, ...]:
        """The files that are not as they were sealed."""
        return tuple(file for file in self.files if file.state != INTACT)

    def sentence(self) -> str:
        """The verdict in one line, for people."""
        if self.verdict == "verified":
            return f"sealed, digest {self.digest}"
        if self.verdict == "edited":
            return f"EDITED since it was sealed: {self.problem or ', '.join(f'{f.name} ({f.state})' for f in self.odd)}"
        if self.digest:
            return "unsealed: its reports were being written when the writer died; `robustness report` writes them and the seal"
        return f"unsealed: it has no {SEAL}, so nobody can say whether it was edited"

    @property
    def exit_code(self) -> int:
        """0 verified, 1 edited, 3 unsealed."""
        return {"verified": 0, "edited": 1, "unsealed": 3}[self.verdict]

    def brief(self) -> dict[str, Any]:
        """The verdict and the digest, as other commands print them with ``--json``."""
        return {"verdict": self.verdict, "digest": self.digest}

    def to_dict(self) -> dict[str, Any]:
        """As ``robustness verify --json`` prints it."""
        files = [{"name": file.name, "state": file.state} for file in self.files]
        return {"verdict": self.verdict, "digest": self.digest, "problem": self.problem, "files": files}


def write_seal(folder: Path) -> str:
    """Hash every file of the folder into ``seal.json`` and give the seal's digest; a crash leaves the old seal or the new."""
    return _write(folder, _hashes(folder))


def _write(folder: Path, hashes: Mapping[str, str], unfinished: Sequence[str] = ()) -> str:
    body = {"schema": SCHEMA, "files": dict(hashes), "digest": _digest(hashes)}
    if unfinished:
        body["unfinished"] = list(unfinished)
    write_atomically(folder / SEAL, json.dumps(body, ensure_ascii=True, indent=2) + "\n")
    return str(body["digest"])


@contextmanager
def rewriting(folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Write files into a folder and seal it: an edit is not sealed again, and a crash on the way does not count as an edit.

    ``names``: the files that are written inside the block. While they are, the seal of a sealed folder covers all
    other files and calls these unfinished. Raises ``RunError`` where any other sealed file was edited or lost.
    """
    refuse_edited(folder, names)
    if (folder / SEAL).exists():
        sealed = _read(folder / SEAL)[0]
        _write(folder, {name: told for name, told in sealed.items() if name not in names}, names)
    yield
    write_seal(folder)


def reopen(folder: Path, *names: str, lost: Sequence[str] = ()) -> None:
    """Let files of a sealed folder be written again: the seal covers all the others meanwhile, and calls these unfinished.

    Nothing where there is no seal. ``lost``: files that may be missing, because they are made again. Raises ``RunError`` where
    any other file but the rendered ones was edited or lost.
    """
    if (folder / SEAL).exists():
        refuse_edited(folder, (*RENDERED, *lost))
        sealed, unfinished = _read(folder / SEAL)
        _write(folder, {file: told for file, told in sealed.items() if file not in names}, sorted({*unfinished, *names}))


def drop_seal(folder: Path) -> None:
    """Take the seal off a folder that is about to be written."""
    (folder / SEAL).unlink(missing_ok=True)


def verify(folder: str | Path, expected: str | None = None) -> Verification:
    """Check every file of a folder against its seal, and the seal against a digest that was kept elsewhere.

    A seal that was itself edited is a problem, never a folder without a seal. Raises ``RunError`` where there is no folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RunError(f"{folder} is not a run folder; give the folder that an audit wrote")
    if not (folder / SEAL).exists():
        problem = f"{SEAL} is missing, but a digest was expected" if expected else ""
        return Verification(tuple(Sealed(name, ADDED) for name in _names(folder)) if problem else (), None, problem)
    try:
        sealed, unfinished = _read(folder / SEAL)
    except (ValueError, OSError) as error:
        return Verification((), None, f"{SEAL} cannot be trusted: {error}")
    digest = _digest(sealed)
    problem = f"the seal's digest is {digest}, not {expected}" if expected and expected != digest else ""
    return Verification(tuple(_compared(sealed, _hashes(folder), unfinished)), digest, problem)


def refuse_edited(folder: Path, rewriting: Collection[str] = ()) -> None:
    """Raise ``RunError`` where a sealed file was edited or lost, so that an edit is never sealed again.

    ``rewriting``: files that are about to be made again from the others. A folder without a seal is let through.
    """
    found = verify(folder)
    bad = [
        f"{file.name} ({file.state})" for file in found.files if file.state in (CHANGED, MISSING) and file.name not in rewriting
    ]
    if found.problem or bad:
        raise RunError(
            f"{folder} is not as its run left it: {found.problem or ', '.join(bad)}; restore the files, or run the audit again"
        )


def refuse_changed(folder: Path, name: str) -> None:
    """Raise ``RunError`` where one sealed file differs from what was sealed; a folder without a seal is let through."""
    if not (folder / SEAL).exists():
        return
    try:
        told = _read(folder / SEAL)[0].get(name)
    except (ValueError, OSError) as error:
        raise RunError(f"{folder / SEAL} cannot be trusted: {error}; restore the file, or run the audit again") from None
    if told is not None and told != _hash(folder / name):
        raise RunError(f"{folder / name} was edited since the run was sealed; restore the file, or run the audit again")


def _compared(sealed: Mapping[str, str], now: Mapping[str, str], unfinished: Collection[str]) -> list[Sealed]:
    found = [
        Sealed(name, MISSING if name not in now else INTACT if now[name] == told else CHANGED) for name, told in sealed.items()
    ]
    return found + [Sealed(name, UNFINISHED if name in unfinished else ADDED) for name in now if name not in sealed]


def _read(path: Path) -> tuple[dict[str, str], list[str]]:
    """The hashes of a seal, and the files that were being written under it."""
    raw = json.loads(path.read_text("ascii"))
    if not isinstance(raw, dict) or set(raw) - {"unfinished"} != {"schema", "files", "digest"} or raw["schema"] != SCHEMA:
        raise ValueError(f"it is not a seal of schema {SCHEMA}")
    files, unfinished = raw["files"], raw.get("unfinished", [])
    if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()):
        raise ValueError("its files are not a list of hashes")
    if not isinstance(unfinished, list) or not all(isinstance(name, str) for name in unfinished):
        raise ValueError("its unfinished files are not a list of names")
    if raw["digest"] != _digest(files):
        raise ValueError("it was edited: its digest does not match its list")
    return dict(files), unfinished


def _digest(hashes: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(sorted(hashes.items())), ensure_ascii=True).encode("ascii")).hexdigest()


def _names(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(name for path in files if (name := path.relative_to(folder).as_posix()) not in (SEAL, SEAL + TEMPORARY))


def _hashes(folder: Path) -> dict[str, str]:
    return {name: _hash(folder / name) for name in _names(folder)}


def _hash(path: Path) -> str:
    """Of a file's content; of a link its target's name, because a run holds no links, and one may lead anywhere."""
    if path.is_symlink():
        return hashlib.sha256(b"link to " + os.fsencode(os.readlink(path))).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
