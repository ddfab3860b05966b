"""Writing and reading run folders: append, resume after a kill, load and verify."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from reports.files.atomic import TEMPORARY, sync_folder, write_atomically
from reports.files.lock import lock, release
from reports.files.secrets import redact_all
from reports.run import Manifest, Outcome, Run, RunError
from reports.run.compact import Book
from reports.run.progress import Ledger
from reports.run.retry import Pair, to_retry, unfinished
from reports.run.seal import RENDERED, drop_seal, refuse_changed, refuse_edited

MANIFEST = "run.json"
OUTCOMES = "outcomes.jsonl"
CASSETTE = "cassette.jsonl"
_OWN = {MANIFEST, OUTCOMES, CASSETTE, MANIFEST + TEMPORARY, OUTCOMES + TEMPORARY}
_TOLD = ("versions", "victim", "data", "policy", "asked", "encoder", "usage", "flags", "resources")
_SAME = ("seed", "profile", "budget", "cascade", "examples", "victim", "data", "recipes", "encoder", "search", "comparability_id")
_DIGITS = ("instructions", "kernels")
"""What of a processor decides the last digits of a model's answers."""


def comparability_id(comparability: Mapping[str, Any]) -> str:
    """The first 16 hex digits of SHA-256 over the mapping's canonical JSON (sorted keys, no spaces)."""
    return hashlib.sha256(_canonical(comparability).encode("ascii")).hexdigest()[:16]


def _canonical(value: Any) -> str:
    """In ASCII, unlike ``exact.canonical``: the ids of all runs that were saved so far are made of it."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


class RunWriter:
    """Appends outcomes to a run folder. A line that ``append`` returned from survives the death of the process."""

    def __init__(self, path: Path, manifest: Manifest, descriptor: int, ledger: Ledger) -> None:
        self.path, self.manifest = path, manifest
        self._open: int | None = descriptor
        self._owner = os.getpid()
        self._ledger = ledger

    @property
    def _descriptor(self) -> int | None:
        """None once it is closed, and in a process forked from the one that writes: its copy was closed with the fork."""
        return self._open if self._owner == os.getpid() else None

    @classmethod
    def create(cls, path: str | Path, manifest: Manifest) -> Self:
        """Start a run in a new or empty folder; raises ``RunError`` for anything else."""
        path, manifest = Path(path), _identified(manifest)
        refuse_occupied(path)
        path.mkdir(parents=True, exist_ok=True)
        descriptor = _open_locked(path / OUTCOMES)
        try:
            refuse_occupied(path)
            write_atomically(path / MANIFEST, manifest.to_json())
        except BaseException:
            release(descriptor)
            raise
        return cls(path, manifest, descriptor, Ledger(manifest.recipe_names))

    @classmethod
    def resume(cls, path: str | Path, manifest: Manifest) -> Self:
        """Continue a run: repair a torn last line, find out what is done. Where no run was started yet, starts one.

        Trials that ended in an error count as not run, in a finished run too: their lines are taken out, in a cascade
        together with the example's later ones, which only an error let happen. A run that a cap on
        spending ended goes on likewise.

        Raises ``RunError`` where the run on disk is another one, naming what differs, where any but the last line is
        damaged, and where a sealed run was edited: the reports at the end of a resume would seal the edit again.
        """
        path, manifest = Path(path), _identified(manifest)
        if not (path / MANIFEST).exists():
            return cls.create(path, manifest)
        then = read_manifest(path)
        _refuse_other_run(path, then, manifest)
        _refuse_other_processor(path, then, manifest)
        refuse_edited(path, RENDERED)  # a run that was killed on its way has no seal, and none to lose
        descriptor = _open_locked(path / OUTCOMES)
        try:
            ledger = _repair(path / OUTCOMES, descriptor, then)
            drop_seal(path)  # it is written anew with the reports
            again = to_retry(ledger.done, then)
            if again or then.bill.get("spent"):
                then = unfinished(then, manifest)
                write_atomically(path / MANIFEST, then.to_json())  # first, because its digest counts the lines that go
                descriptor, ledger = _without(path / OUTCOMES, descriptor, then, again)
        except BaseException:
            release(descriptor)
            raise
        kept = replace(then, versions=_both_versions(then, manifest), policy=_kept_policy(then, manifest))
        return cls(path, kept, descriptor, ledger)

    @property
    def done(self) -> Mapping[tuple[str, str], str]:
        """Status of each ended (example id, recipe)."""
        return self._ledger.done

    def append(self, outcome: Outcome) -> None:
        """Write one outcome; raises ``RunError`` on a pair that already has one."""
        self.append_many((outcome,))

    def append_many(self, outcomes: Iterable[Outcome]) -> None:
        """Write several outcomes with one system call."""
        if self._descriptor is None:
            raise RunError(f"{self.path} is closed; open it again with RunWriter.resume")
        pairs = [(outcome, _without_secrets(outcome).to_json().encode("ascii") + b"\n") for outcome in outcomes]
        try:
            for outcome, line in pairs:
                self._ledger.add(outcome, line)
            _write(self._descriptor, b"".join(line for _, line in pairs))
        except BaseException:
            self.close()  # what is on disk is no longer known; only resume can tell
            raise

    def finish(
        self,
        flags: Iterable[Mapping[str, Any]] = (),
        usage: Mapping[str, Any] | None = None,
        sequential: Mapping[str, Any] | None = None,
        bill: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Put everything on disk, mark the run as finished and close it.

        ``sequential``: where a run stopped, if it did. ``bill``: what was spent on a victim behind an API.
        """
        if self._descriptor is None:
            raise RunError(f"{self.path} is closed; open it again with RunWriter.resume")
        os.fsync(self._descriptor)
        self.manifest = replace(
            self.manifest,
            flags=tuple(redact_all(dict(flag)) for flag in flags),
            usage=dict(usage or {}),
            finished=True,
            outcomes=self._ledger.seal(),
            sequential=dict(sequential or self.manifest.sequential),
            bill=dict(bill or {}),
        )
        write_atomically(self.path / MANIFEST, self.manifest.to_json())
        self.close()
        return self.manifest

    def close(self) -> None:
        """Let go of the folder; an unfinished run can be resumed."""
        if self._descriptor is not None:
            release(self._descriptor)
            self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _identified(manifest: Manifest) -> Manifest:
    """The manifest as it is written: without secrets of the environment, and with its id."""
    clean = {name: redact_all(getattr(manifest, name)) for name in _TOLD}
    return replace(manifest, **clean, comparability_id=comparability_id(manifest.comparability))


def _without_secrets(outcome: Outcome) -> Outcome:
    """Only the error of an outcome can hold what is not of the data; its texts stay exact."""
    return outcome if outcome.error is None else replace(outcome, error=redact_all(outcome.error))


def refuse_occupied(path: Path) -> None:
    """Raise ``RunError`` unless a new run can be written there."""
    if path.is_symlink() and not path.exists():
        raise RunError(f"{path} is a link to {path.readlink()}, which is not there; name a new or empty folder")
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file; a run needs a new or empty folder")
    if (path / MANIFEST).exists():
        raise RunError(f"{path} already holds a run; resume it, name another folder, or add --force to replace it")
    inside = sorted(p.name for p in path.iterdir()) if path.exists() else []
    strange = [name for name in inside if name not in _OWN]
    if strange or ((path / OUTCOMES).exists() and (path / OUTCOMES).stat().st_size):
        raise RunError(f"{path} is not empty and holds no run ({', '.join(inside[:5])}); name a new or empty folder")


def _refuse_other_run(path: Path, then: Manifest, now: Manifest) -> None:
    differing = [key for key in _SAME if _canonical(_content(then, key)) != _canonical(_content(now, key))]
    if "comparability_id" in differing:
        before, after = then.comparability, now.comparability
        keys = [k for k in sorted({*before, *after}) if _canonical(before.get(k)) != _canonical(after.get(k))]
        differing = [key for key in differing if key != "comparability_id" and key not in keys] + keys
    if differing:
        raise RunError(
            f"{path} holds another run: it differs in {', '.join(differing)}; "
            "resume with the settings it was started with, or name another folder"
        )


def _refuse_other_processor(path: Path, then: Manifest, now: Manifest) -> None:
    """Refuse to go on where a model's last digits are others: a near tie could end otherwise than in one piece.

    Runs in which no model ran in the process, and those of older versions, name none.
    """
    before, after = ({key: one.processor.get(key) for key in _DIGITS} for one in (then, now))
    if then.processor and now.processor and before != after:
        began, here = (f"{one['instructions']} with {one['kernels']} kernels" for one in (before, after))
        raise RunError(
            f"{path} was begun on a processor of {began}, and this one has {here}: the last digits of scores differ, and with "
            "them near ties; resume it on such a processor, or begin again in another folder"
        )


def _content(manifest: Manifest, key: str) -> Any:
    """What must be the same: data by their digest and victims by what pins them, whatever folder they are named from."""
    value = getattr(manifest, key)
    if key == "data" or (key == "victim" and value.get("identity")):
        return {part: one for part, one in value.items() if part not in ("source", "report", "name")}
    return value


def _both_versions(then: Manifest, now: Manifest) -> dict[str, str]:
    news = {f"{k} (resumed)": v for k, v in now.versions.items() if then.versions.get(k) != v}
    return {**then.versions, **news}


def _kept_policy(then: Manifest, now: Manifest) -> Mapping[str, Any]:
    """A run's policy is the one that it was started under; it gets one later only where it had none that could fail it."""
    from reports.gate.run_policy import own_policy

    return then.policy if own_policy(then).gate.has_thresholds else now.policy or then.policy


def _open_locked(path: Path, flags: int = 0) -> int:
    """Open for appending under an exclusive lock, which the system drops when the process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | flags, 0o644)
    try:
        lock(descriptor)
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise BlockingIOError("the file was replaced while it was opened")
    except OSError as problem:
        release(descriptor)
        raise RunError(f"{path.parent} is being written by another process; wait for it to finish, or stop it") from problem
    return descriptor


def _repair(path: Path, descriptor: int, manifest: Manifest) -> Ledger:
    """Read what is done, and cut off a torn last line; the trial that it belonged to is run again."""
    ledger, good, torn = Ledger(manifest.recipe_names), 0, ""
    for number, line in _lines(path):
        if torn:
            raise RunError(torn)
        try:
            outcome = _parse(line, manifest)
        except ValueError as problem:
            torn = _bad_line(path, number, problem)
            continue
        _add(ledger, outcome, line, path, number)
        good += len(line)
    _check_seal(path, manifest, ledger)
    os.ftruncate(descriptor, good)
    return ledger


def _without(path: Path, descriptor: int, manifest: Manifest, pairs: Set[Pair]) -> tuple[int, Ledger]:
    """Take the lines of these pairs out: a new file, locked before it stands in the old one's place."""
    ledger = Ledger(manifest.recipe_names)
    temporary = path.with_name(path.name + TEMPORARY)
    new = _open_locked(temporary, os.O_TRUNC)
    try:
        for number, line in _lines(path):
            outcome = _parse(line, manifest)
            if (outcome.example_id, outcome.recipe) not in pairs:
                _add(ledger, outcome, line, path, number)
                _write(new, line)
        os.fsync(new)
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        release(new)
        raise
    release(descriptor)
    return new, ledger


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as stream:
        yield from enumerate(stream, start=1)


def _parse(line: bytes, manifest: Manifest) -> Outcome:
    if not line.endswith(b"\n"):
        raise ValueError("the line is incomplete")
    try:
        return Outcome.from_json(line.decode("ascii"), manifest.victim.get("labels", ()))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _bad_line(path: Path, number: int, problem: Exception) -> str:
    return f"{path}, line {number}: not an outcome ({problem}); if the run was interrupted there, resume it, else run it again"


def _add(ledger: Ledger, outcome: Outcome, line: bytes, path: Path, number: int) -> None:
    try:
        ledger.add(outcome, line)
    except RunError as problem:
        raise RunError(f"{path}, line {number}: {problem}") from None


def _check_seal(path: Path, manifest: Manifest, ledger: Ledger) -> None:
    seal = ledger.seal()
    if not manifest.finished or seal == manifest.outcomes:
        return
    told = manifest.outcomes.get("count")
    what = f"{seal['count']} outcomes, not {told}" if seal["count"] != told else "lines that were edited"
    raise RunError(f"{path} is not as its run left it: it holds {what}; restore the file, or run the audit again")


def read_manifest(path: str | Path) -> Manifest:
    """Read a folder's ``run.json``; raises ``RunError``."""
    path = Path(path)
    if not path.is_dir():
        raise RunError(f"{path} is not a run folder: {'it is a file' if path.exists() else 'there is nothing there'}")
    file = path / MANIFEST
    if not file.exists():
        raise RunError(f"{path} is not a run folder: it has no {MANIFEST}; give the folder that an audit wrote")
    try:
        return Manifest.from_json(file.read_text("utf-8"))
    except (ValueError, TypeError) as problem:
        raise RunError(f"{file} cannot be read: {problem}") from problem


def iter_outcomes(path: str | Path) -> Iterator[Outcome]:
    """Stream a run's outcomes, one in memory at a time; raises ``RunError`` at the first bad line."""
    return _verified(Path(path), read_manifest(path))


LARGE_BYTES = 64 * 2**20
"""From this size of ``outcomes.jsonl`` on, a loaded run keeps its texts on disk: memory must not grow with them."""


def load_run(path: str | Path, large: int = LARGE_BYTES) -> Run:
    """Load a run folder; raises ``RunError`` where it is not a run, or is damaged, shortened or edited.

    ``large``: bytes of outcomes from which on texts are read again when they are asked for (``reports.run.compact``).
    """
    path, manifest = Path(path), read_manifest(path)
    refuse_changed(path, MANIFEST)
    file = path / OUTCOMES
    if not file.exists() or file.stat().st_size < large:
        return Run(path, manifest, tuple(_verified(path, manifest)))
    book = Book(file, manifest.victim.get("labels", ()))
    outcomes: list[Outcome] = []
    at = 0
    for outcome, length in _verified_lines(path, manifest):
        outcomes.append(book.compact(outcome, at))
        at += length
    return Run(path, manifest, tuple(outcomes))


def _verified(path: Path, manifest: Manifest) -> Iterator[Outcome]:
    return (outcome for outcome, _ in _verified_lines(path, manifest))


def _verified_lines(path: Path, manifest: Manifest) -> Iterator[tuple[Outcome, int]]:
    """Each outcome and the bytes of its line."""
    file = path / OUTCOMES
    if not file.exists():
        raise RunError(f"{path} has no {OUTCOMES}; restore the file, or run the audit again")
    ledger = Ledger(manifest.recipe_names)
    for number, line in _lines(file):
        try:
            outcome = _parse(line, manifest)
        except ValueError as problem:
            raise RunError(_bad_line(file, number, problem)) from None
        _add(ledger, outcome, line, file, number)
        yield outcome, len(line)
    _check_seal(file, manifest, ledger)
