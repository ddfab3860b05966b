"""Replacing an output folder: only one that this package wrote, in one step, with nothing half-deleted in its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from reports.compare.hardened import FILE as HARDENED
from reports.compare.hardened import PAGE
from reports.files.atomic import TEMPORARY
from reports.files.lock import lock, release
from reports.files.rows import ROWS
from reports.review.sample import FORM, KEY, SHEET
from reports.run import RunError
from reports.run.certificates import CERTIFICATES, COUNTEREXAMPLES
from reports.run.explanations import EXPLANATIONS
from reports.run.minimised import MINIMISED
from reports.run.seal import RENDERED, SEAL
from reports.run.store import CASSETTE, MANIFEST, OUTCOMES, read_manifest

_JOURNAL, _ANSWERS = f"{CERTIFICATES}.part", f"{CERTIFICATES}.answers"
OF_A_RUN = frozenset(
    {
        MANIFEST,
        OUTCOMES,
        CASSETTE,
        SEAL,
        MINIMISED,
        EXPLANATIONS,
        ROWS,
        CERTIFICATES,
        COUNTEREXAMPLES,
        _JOURNAL,
        _ANSWERS,
        *RENDERED,
    }
)
OF_A_REVIEW = frozenset({SHEET, FORM, KEY, "review.json"})
OF_A_HARDENING = frozenset({HARDENED, PAGE, "before", "after", "model", "training", "normaliser.json", "normaliser.py"})
ASIDE = ".replaced-"


class Replacement:
    """The folder that ``--force`` makes room in. Made, it is checked; ``begin`` moves the old one aside, ``end`` deletes that.

    A process that is killed in between leaves the old folder whole, under its name or as ``.NAME.replaced-PID`` beside it.
    """

    def __init__(self, folder: str | Path, known: Collection[str], marks: Collection[str]) -> None:
        """``known``: every name that this package writes there; ``marks``: one of these must be there, else it is not ours.

        Raises:
            RunError: there is something that is not ours, or a run that is being written; nothing was touched.
        """
        self.folder, self._aside = Path(folder), None
        self._there = os.path.lexists(self.folder)
        if self._there and not (self.folder.is_dir() and not self.folder.is_symlink() and not any(self.folder.iterdir())):
            _refuse_foreign(self.folder, known, marks)

    _aside: Path | None

    def begin(self) -> None:
        """Move what is there aside; once is enough."""
        if not self._there or self._aside is not None:
            return
        aside = self.folder.with_name(f".{self.folder.name}{ASIDE}{os.getpid()}")
        self.folder.rename(aside)
        self._aside = aside

    def end(self) -> None:
        """The new one has begun: delete the old one."""
        if self._aside is not None:
            shutil.rmtree(self._aside)  # follows no links
            self._aside = None

    def undo(self) -> None:
        """Nothing new came of it: the old one back in its place, if that is free."""
        if self._aside is not None:
            with suppress(OSError):
                self.folder.rmdir()  # an empty one only
            if not os.path.lexists(self.folder):
                self._aside.rename(self.folder)
                self._aside = None


def of_run(folder: str | Path) -> Replacement:
    """In the place of a run; raises ``RunError``."""
    found = Replacement(folder, OF_A_RUN, (MANIFEST,))
    file = found.folder / MANIFEST
    if file.exists():
        read_manifest(found.folder)  # a run.json of something else is no run
        _refuse_written(found.folder)
    return found


def of_review(folder: str | Path) -> Replacement:
    """In the place of a review whose sheet is still empty; raises ``RunError``."""
    found = Replacement(folder, OF_A_REVIEW, (KEY,))
    if _is_filled(found.folder / SHEET):
        raise RunError(f"{found.folder / SHEET} holds answers of a rater, which nothing replaces; name another folder by --out")
    return found


def of_hardening(folder: str | Path) -> Replacement:
    """In the place of what ``robustness harden`` made; raises ``RunError``."""
    found = Replacement(folder, OF_A_HARDENING, (HARDENED, "before"))
    for name in ("before", "after"):
        if (found.folder / name / MANIFEST).exists():
            of_run(found.folder / name)
        elif os.path.lexists(found.folder / name):
            raise RunError(f"{found.folder / name} is not a run, so that {found.folder} is not replaced; name another folder")
    return found


def _refuse_foreign(folder: Path, known: Collection[str], marks: Collection[str]) -> None:
    if folder.is_symlink():
        raise RunError(f"{folder} is a link to {folder.readlink()}; --force replaces no link and nothing behind one")
    if not folder.is_dir():
        raise RunError(f"{folder} is a file; --force replaces folders that robustness wrote")
    names = sorted(path.name.removesuffix(TEMPORARY) for path in folder.iterdir())
    strange = [name for name in names if name not in known]
    if strange or not any(mark in names for mark in marks):
        why = f"it holds {', '.join(strange[:5])}" if strange else f"it has no {' or '.join(marks)}"
        raise RunError(f"{folder} is not what robustness wrote ({why}), so --force does not replace it; name another folder")
    if folder.resolve() == Path.cwd().resolve():
        raise RunError(f"{folder} is the folder that you are in; go elsewhere, or name another folder")


def _refuse_written(folder: Path) -> None:
    """Raise ``RunError`` where another process is writing the run."""
    file = folder / OUTCOMES
    if not file.is_file():
        return
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        lock(descriptor)
    except OSError as problem:
        raise RunError(f"{folder} is being written by another process; wait for it to finish, or stop it") from problem
    finally:
        release(descriptor)


def _is_filled(sheet: Path) -> bool:
    import csv

    if not sheet.is_file():
        return False
    with sheet.open(encoding="utf-8", errors="replace", newline="") as stream:
        return any((row.get("label") or "").strip() or (row.get("note") or "").strip() for row in csv.DictReader(stream))
