"""The command that began a run: recorded while something is left to resume, so that ``robustness resume RUN`` needs no flags.

The record lies with this user's account on this machine, not in the run folder: it holds paths as they were typed, which reports
do not show, and a folder that somebody else wrote cannot bring a command along, which could name any code.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.run import Manifest


@dataclass(slots=True)
class Begun:
    """What this process was asked to do and how far it came: what is said at an interrupt depends on it.

    One changing record, because the thread that answers Ctrl-C reads it too. ``typed``: the program's arguments; ``run``: the
    folder of the run that is being written; ``name``: the same as it was typed, where the process went elsewhere; ``again``: how
    a command other than an audit goes on.
    """

    typed: tuple[str, ...] = ()
    run: Path | None = None
    name: str = ""
    again: str = ""

    def interrupted(self) -> str:
        """What is said when it was interrupted: what is kept, and the very command that goes on."""
        kept = "interrupted; what was finished is saved"
        name = shlex.quote(self.name or str(self.run))
        if self.run is not None and recorded(self.run) is not None:
            return f"{kept}. To go on: robustness resume {name}"
        if self.run is not None:
            return f"{kept}: run the same command with --out {name} --resume"
        if self.again:
            return f"{kept}: {self.again}"
        return "interrupted; no run was begun, nothing is lost" if self.typed[:1] == ("audit",) else "interrupted"


BEGUN: ContextVar[Begun] = ContextVar("begun")
NOT_KEPT = ("--out", "--resume", "--force", "--quiet", "-q", "--json", "--open")
"""Where a run lies and how it is told of: not part of what it is."""


@dataclass(frozen=True, slots=True)
class Command:
    """``arguments`` of the program, and the ``folder`` that they were typed in."""

    arguments: tuple[str, ...]
    folder: str


def recorder(parameters: Iterable[Any], last_failed: Path | None = None, victim: object = None) -> Callable[[Path], None]:
    """What an audit calls when its folder is there: it records the command that was typed; ``parameters``: the command's.

    ``last_failed``: the run that ``--lf`` meant, which may be another one by the time that this is resumed. ``victim``: its spec.
    """
    begun = under_way()
    typed = begun.typed
    kept = without(typed[1:], NOT_KEPT if last_failed is None else (*NOT_KEPT, "--lf", "--lf-from"), parameters)
    kept += [] if last_failed is None else ["--lf-from", str(last_failed)]

    def record(run: Path) -> None:
        begun.run = begun.run or run
        _mark(run, _whole(victim))
        if typed[:1] == ("audit",) and "--resume" not in typed:
            _write(_place(run), Command(("audit", *kept), os.getcwd()))

    return record


def under_way() -> Begun:
    """What this process is about; a record of nothing where no program was started, as under Python."""
    return BEGUN.get(Begun())


def resuming(chosen: Mapping[str, Any]) -> None:
    """Note the run that an audit goes on with: an interrupt while its models load then names it."""
    out, begun = chosen.get("out"), under_way()
    if chosen.get("resume") and out and (Path(out) / "run.json").is_file():
        begun.run = begun.run or Path(out)


def recorded(run: Path) -> Command | None:
    """The command that began a run, as far as this account recorded it."""
    try:
        raw = json.loads(_place(run).read_text("ascii"))
        return Command(tuple(map(str, raw["arguments"])), str(raw["folder"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def made_here(run: Path, manifest: Manifest) -> bool:
    """Whether this account made this run, by an audit here, and the victim that it names is the one that was named then.

    Of such a run the victim may be opened again unasked, code and endpoints included: it was this account that chose it. A folder
    that somebody else wrote, at the same place too, names what they chose.
    """
    return _made(run, manifest) is not None


def whole_spec(run: Path, manifest: Manifest) -> str | None:
    """The victim's spec with the whole paths in it, of a run made here; None where ``run.json`` has the spec as it was given.

    ``run.json`` shows only the last name of a path outside the working folder, and ``hf:NAME`` could be a model on the hub.
    """
    spec = (_made(run, manifest) or {}).get("spec")
    return spec if isinstance(spec, str) else None


def _made(run: Path, manifest: Manifest) -> dict[str, Any] | None:
    """What was kept of a run that this account made with this victim."""
    try:
        kept = json.loads(_place(run, "made").read_text("ascii"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and kept.get("victim") == _named(manifest) else None


def _whole(victim: object) -> str | None:
    """The spec with whole paths, where reports show it otherwise than it was given."""
    from reports.files.paths import shown

    if not isinstance(victim, str) or shown(victim) == victim:
        return None
    return ":".join(_absolute(part) for part in victim.split(":"))


def _absolute(part: str) -> str:
    path, mark, rest = part.partition("#")
    return f"{os.path.abspath(path)}{mark}{rest}" if "/" in path and os.path.exists(path) else part


def _mark(run: Path, spec: str | None) -> None:
    from reports.run import RunError
    from reports.run.store import read_manifest

    with suppress(RunError):
        _write_json(_place(run, "made"), {"victim": _named(read_manifest(run)), "spec": spec})


def _named(manifest: Manifest) -> str:
    """A digest over what opens the victim."""
    said = json.dumps(
        [manifest.victim.get("name"), manifest.victim.get("identity"), manifest.asked.get("opening")], sort_keys=True
    )
    return sha256(said.encode("ascii")).hexdigest()


def forget(run: Path) -> None:
    """Nothing of this run is left to resume."""
    with suppress(OSError):
        _place(run).unlink(missing_ok=True)


def without(arguments: Sequence[str], names: Sequence[str], parameters: Iterable[Any]) -> list[str]:
    """The arguments less some options, each with its value if it takes one; ``parameters``: those of the command."""
    alone = {name for one in parameters for name in (*one.opts, *one.secondary_opts) if getattr(one, "is_flag", False)}
    left: list[str] = []
    skip = False
    for argument in arguments:
        name, joined, _ = argument.partition("=")
        if skip:
            skip = False
        elif name in names:
            skip = not joined and name not in alone
        else:
            left.append(argument)
    return left


def _place(run: Path, kind: str = "runs") -> Path:
    """Where the record of a run lies: by its folder, wherever the program is started."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(base) / "robustness" / kind / f"{sha256(os.fsencode(run.resolve())).hexdigest()[:32]}.json"


def _write(place: Path, command: Command) -> None:
    _write_json(place, {"arguments": list(command.arguments), "folder": command.folder})


def _write_json(place: Path, record: Mapping[str, Any]) -> None:
    """Write a record, readable by this account alone; an account that can keep nothing resumes by the audit's own flags."""
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = place.with_name(f"{place.name}-{os.getpid()}")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as stream:
            json.dump(record, stream)
        temporary.replace(place)
