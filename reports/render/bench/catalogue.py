"""The runs of a folder as the workbench lists them: each with what is wrong with it, and no verdict that its seal does not bear.

Runs are found by walking the folder, and asked for by an id that is made of their place in it. So nothing that a browser
sends ever becomes a path, and what lies outside the folder cannot be named.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reports.files import exact
from reports.index import FINISHED, RUNNING, STOPPED, UNREADABLE, Entry, entry_of, run_folders
from reports.run import Manifest, RunError
from reports.run.seal import Verification, verify
from reports.run.store import MANIFEST, read_manifest

TONES = {"passed": "passed", "failed": "failed", "inconclusive": "inconclusive", "measured": "measured"}
"""Verdicts of a gate that is known here, and the tone in which a page says each."""
NOT_FINISHED = "not finished"
OLDEST = 2
"""Schema of ``run.json`` below which a run is called older."""
_MOST_FILES = 10_000

Signature = tuple[tuple[str, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One run of the workbench.

    ``id``: names it in addresses. ``name``: its folder below the one that is viewed. ``seal``: ``verified``, ``edited``,
    ``unsealed``, or empty where there is nothing to seal yet. ``verdict``: that of its reports where the seal bears it, else
    what it is instead. ``problems``: what is wrong with it, in sentences. ``signature``: changes with any of its files.
    ``victim_hash``: what pins the victim, in 12 hex digits; empty where nothing does.
    """

    id: str
    name: str
    entry: Entry
    verdict: str
    tone: str
    seal: str = ""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    victim_id: str = ""
    victim_hash: str = ""
    data: str = ""
    signature: Signature = field(default=(), repr=False)

    @property
    def trusted(self) -> bool:
        """Whether its reports are as they were sealed, so that their numbers may stand."""
        return self.entry.state == FINISHED and self.seal == "verified"

    @property
    def live(self) -> bool:
        """Whether some process is writing it."""
        return self.entry.state == RUNNING

    @property
    def readable(self) -> bool:
        """Whether there is a run to show."""
        return self.entry.state != UNREADABLE


class Catalogue:
    """The runs under one folder. Reading them again costs little: what has not changed is not hashed again."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._known: dict[Path, Listed] = {}

    def runs(self) -> list[Listed]:
        """Every run, the latest first.

        Raises:
            RunError: the folder is gone.
        """
        self.refuse_absent()
        found = [self._listed(folder) for folder in run_folders(self.top)]
        self._known = {listed.entry.folder: listed for listed in found}
        return sorted(found, key=lambda one: (one.entry.created, one.name), reverse=True)

    def refuse_absent(self) -> None:
        """Raise ``RunError`` where there is no folder to look in."""
        if not self.top.is_dir():
            what = "a file" if self.top.exists() else "not there"
            raise RunError(f"{self.top} is {what}; expected a folder with runs, such as runs/")

    def _listed(self, folder: Path) -> Listed:
        """One run; whatever is wrong with it, it is in the list, and the others are too."""
        try:
            name = shown_name(self.top, folder)
            listed = Listed(run_id(self.top, folder), name, Entry(folder, UNREADABLE), "unreadable", "failed")
            signature, strange = _signature(folder)
            known = self._known.get(folder)
            if known is not None and known.signature == signature and not known.live:
                return known
            if strange:
                return replace(listed, problems=(strange,), signature=signature)
            return self._read(replace(listed, signature=signature))
        except (RunError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError) as problem:
            return replace(listed, problems=(self.said(problem),))

    def _read(self, listed: Listed) -> Listed:
        entry = entry_of(listed.entry.folder)
        if entry.state == UNREADABLE:
            return replace(listed, entry=entry, problems=(self.said(entry.problem),))
        manifest = read_manifest(entry.folder)
        listed = replace(
            listed,
            entry=entry,
            victim_id=victim_id(manifest),
            victim_hash=victim_hash(manifest),
            data=str(manifest.data.get("source", "")),
            notes=_age(entry.folder),
        )
        return _judged(listed)

    def said(self, problem: object) -> str:
        """What is wrong, in a sentence that names files from the viewed folder on."""
        text = str(problem) or type(problem).__name__
        return text.replace(f"{self.top}{os.sep}", "") if str(self.top) != "." else text


def _judged(listed: Listed) -> Listed:
    """The verdict that the list may show: that of the reports, if nothing speaks against it."""
    entry = listed.entry
    if entry.state == RUNNING:
        return replace(listed, verdict=NOT_FINISHED, tone="measured")
    checked = verify(entry.folder)
    listed = replace(listed, seal=checked.verdict)
    edited = _edits(checked) if checked.verdict == "edited" else ()
    if entry.state == STOPPED:
        stopped = f"It stopped after {entry.trials:,} trials; robustness resume FOLDER goes on with it."
        return replace(listed, verdict=NOT_FINISHED, tone="inconclusive", problems=(*edited, stopped))
    if edited:
        return replace(listed, verdict="edited", tone="failed", problems=edited)
    if checked.verdict != "verified":
        return replace(listed, verdict="unsealed", tone="inconclusive", problems=(f"{_capital(checked.sentence())}.",))
    return _reported(listed)


def _edits(checked: Verification) -> tuple[str, ...]:
    files = ", ".join(f"{file.name} ({file.state})" for file in checked.odd)
    return (f"It is not as it was sealed: {checked.problem or files}.",)


def _reported(listed: Listed) -> Listed:
    """The verdict of sealed reports; under the run's own policy where they were written under another one."""
    own = _own_verdict(listed.entry.folder)
    verdict = own or listed.entry.verdict
    if verdict not in TONES:
        said = "Its reports hold no verdict that this version knows" if verdict else "It has no reports, or they hold no verdict"
        return replace(listed, verdict="no verdict", tone="inconclusive", problems=(f"{said}; robustness report writes them.",))
    notes = listed.notes
    if own and own != listed.entry.verdict:
        notes = (*notes, f"Its reports were written under another policy, by which it is {listed.entry.verdict or 'not judged'}.")
    return replace(listed, verdict=verdict, tone=TONES[verdict], notes=notes)


def _own_verdict(folder: Path) -> str:
    gate = json.loads((folder / "summary.json").read_text("utf-8")).get("gate") if (folder / "summary.json").exists() else None
    own = gate.get("own") if isinstance(gate, dict) else None
    return str(own.get("verdict", "")) if isinstance(own, dict) else ""


def _age(folder: Path) -> tuple[str, ...]:
    """What to know of a run that an earlier format holds."""
    schema = exact.loads((folder / MANIFEST).read_text("utf-8")).get("schema")
    return (f"It is of an older format (schema {schema}) and is read as one of today.",) if schema != OLDEST else ()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def run_id(top: Path, folder: Path) -> str:
    """The id of a run: readable, and the same as long as it lies at the same place below the folder."""
    place = os.fsencode(_place(top, folder))
    return f"{_slug(shown_name(top, folder))}-{hashlib.sha256(place).hexdigest()[:10]}"


def _place(top: Path, folder: Path) -> str:
    return folder.relative_to(top).as_posix() if folder != top else "."


def shown_name(top: Path, folder: Path) -> str:
    """A run's folder as pages name it: from the viewed folder on, never from the root."""
    return _place(top, folder) if folder != top else (Path(os.path.abspath(top)).name or "run")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:40].strip("-") or "run"


def victim_id(manifest: Manifest) -> str:
    """The id of a victim over its versions: its name and its task."""
    name = str(manifest.victim.get("name", ""))
    told = json.dumps([name, manifest.task]).encode("ascii")
    return f"{_slug(name)}-{hashlib.sha256(told).hexdigest()[:10]}"


def victim_hash(manifest: Manifest) -> str:
    """What pins a victim (weights, config, model behind an address …) in 12 hex digits; empty where nothing does."""
    identity: Mapping[str, Any] = manifest.victim.get("identity") or {}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode("ascii")).hexdigest()[:12] if identity else ""


def _signature(folder: Path) -> tuple[Signature, str]:
    """What changes with any file of a run; and what lies in it that no run has, which is a reason not to open it at all.

    A link may lead out of the folder, and a pipe would be waited for without end.
    """
    found: list[tuple[str, int, int, int, int]] = []
    for path, status in _inside(folder):
        name = path.relative_to(folder).as_posix()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            kind = "a link" if stat.S_ISLNK(status.st_mode) else "no plain file"
            return tuple(found), f"It is not opened: {name} is {kind}, and a run holds plain files only."
        if len(found) > _MOST_FILES:
            return tuple(found), f"It is not opened: it holds more than {_MOST_FILES:,} files."
        found.append((name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    return tuple(found), ""


def _inside(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for name in sorted(os.listdir(folder)):
        path = folder / name
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue  # a temporary file of a run that is being written
        yield path, status
        if stat.S_ISDIR(status.st_mode):
            yield from _inside(path)
