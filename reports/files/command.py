"""``command.json``: the command that began a run, beside it while something is left to resume.

It holds the arguments as they were typed and the folder they were typed in, paths and all: it is for the machine that runs the
audit, is readable by its owner alone, and is removed when the run is complete. ``run.json`` keeps the command as reports show it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from reports.files.atomic import TEMPORARY
from reports.run import RunError

COMMAND = "command.json"


@dataclass(frozen=True, slots=True)
class Command:
    """``arguments`` of the program, ``folder``: where it was started, ``mark``: what shows who wrote this."""

    arguments: tuple[str, ...]
    folder: str
    mark: str

    def body(self) -> bytes:
        """What the mark is made of."""
        return json.dumps([list(self.arguments), self.folder], ensure_ascii=True).encode("ascii")


def write_command(run: Path, command: Command) -> None:
    """Write it into a run folder, readable by its owner alone."""
    text = json.dumps({"arguments": list(command.arguments), "folder": command.folder, "mark": command.mark}, indent=2) + "\n"
    temporary = run / (COMMAND + TEMPORARY)
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(text)
    temporary.replace(run / COMMAND)


def read_command(run: Path) -> Command | None:
    """The command beside a run, None where there is none; raises ``RunError`` where it cannot be read."""
    try:
        raw = json.loads((run / COMMAND).read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as problem:
        raise RunError(f"{run / COMMAND} cannot be read: {problem}; give the audit's own flags again, with --resume") from None
    arguments = raw.get("arguments") if isinstance(raw, dict) else None
    folder, mark = (raw.get("folder"), raw.get("mark")) if isinstance(raw, dict) else (None, None)
    texts = isinstance(arguments, list) and all(isinstance(one, str) for one in arguments)
    if not isinstance(arguments, list) or not texts or not isinstance(folder, str) or not isinstance(mark, str):
        raise RunError(f"{run / COMMAND} is not a command; give the audit's own flags again, with --resume")
    return Command(tuple(arguments), folder, mark)


def drop_command(run: Path) -> None:
    """Take it away: nothing is left to resume."""
    (run / COMMAND).unlink(missing_ok=True)
