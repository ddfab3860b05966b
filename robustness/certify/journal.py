"""What was certified so far, in a file beside the one that it becomes: a process killed at any moment loses nothing that ended.

The first line holds the settings, and each other line one example, as they end. The finished file is written from it in the
order of the examples, so that it is the same to the byte however often the work was interrupted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from reports.files import exact
from reports.files.lock import lock, release
from reports.run import Outcome
from reports.run.certificates import _certificate as certificate_of
from reports.run.certificates import line_of
from robustness.certify.frame import Found
from robustness.errors import UsageError

SUFFIX = ".part"


class Journal:
    """An append-only file of examples that ended. ``Journal.open`` makes one."""

    def __init__(self, path: Path, descriptor: int, done: dict[str, Found]) -> None:
        self.path, self.done = path, done
        self._descriptor = descriptor

    @classmethod
    def open(cls, target: Path, settings: Mapping[str, Any]) -> Self:
        """The journal of a certificate that becomes ``target``, continued where it was begun; a torn last line is cut off.

        Raises:
            UsageError: another certificate was begun there, another process is at it, or the file is damaged.
        """
        path = target.with_name(target.name + SUFFIX)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            lock(descriptor)
        except OSError:
            os.close(descriptor)
            raise UsageError(f"{path} is being written by another process; wait for it to finish, or stop it") from None
        try:
            done, good = _read(path, settings)
            os.ftruncate(descriptor, good)
            journal = cls(path, descriptor, done)
            if not good:
                journal._append(line_of({"settings": settings}))
        except BaseException:
            release(descriptor)
            raise
        return journal

    def add(self, found: Found) -> None:
        """Write down an example that ended; one that ended in an error is tried again when the work is continued."""
        if found.certificate.error:
            return
        case = None if found.case is None else found.case.to_json()
        self._append(line_of({"certificate": found.certificate.to_dict(), "case": case}))

    def _append(self, line: str) -> None:
        rest = memoryview(line.encode("ascii"))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self, *, finished: bool) -> None:
        """Let go of the file; one that is finished is not needed any more."""
        if finished:
            self.path.unlink(missing_ok=True)
        release(self._descriptor)


def _read(path: Path, settings: Mapping[str, Any]) -> tuple[dict[str, Found], int]:
    """Examples that ended, by id, and how many bytes are whole lines."""
    done: dict[str, Found] = {}
    good = 0
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
        if not line.endswith(b"\n"):
            break
        try:
            row = exact.loads(line.decode("ascii"))
            if number == 1:
                _refuse_other(path, row["settings"], settings)
            else:
                case = None if row["case"] is None else Outcome.from_json(row["case"])
                found = Found(certificate_of(row["certificate"]), case)
                done[found.certificate.example_id] = found
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise UsageError(f"{path}, line {number} is damaged ({problem}); delete the file to begin again") from None
        good += len(line)
    return done, good


def _refuse_other(path: Path, then: Any, now: Mapping[str, Any]) -> None:
    known = json.loads(line_of(now))
    if then != known:
        differing = [key for key in sorted({*then, *known}) if then.get(key) != known.get(key)]
        raise UsageError(
            f"{path} holds a certificate that was begun and not finished, {then.get('name', '?')}, and it differs in "
            f"{', '.join(differing)}; finish it with the same command, or delete the file"
        )
