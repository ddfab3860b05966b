"""The command that began a run: recorded while it runs, so that ``robustness resume RUN`` needs no flag again.

A run folder may come from somebody else, and a command can name code. So each record carries a mark made with a key that only
this user's account on this machine has; one without it is shown, and not carried out.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.files.command import Command

TYPED: ContextVar[tuple[str, ...]] = ContextVar("typed", default=())
"""The arguments of the program, as they were typed."""
UNDER_WAY: ContextVar[Path | None] = ContextVar("under_way", default=None)
"""The folder of the run that is being written."""
NOT_KEPT = ("--out", "--resume", "--quiet", "-q", "--json")
"""Where a run lies and how it is told of: not part of what it is."""


def recorder(parameters: Iterable[Any]) -> Callable[[Path], None]:
    """What an audit calls when its folder is there: it records the command that was typed; ``parameters``: the command's."""
    typed = TYPED.get()
    kept = without(typed[1:], NOT_KEPT, parameters)

    def record(folder: Path) -> None:
        from reports.files.command import Command, write_command

        UNDER_WAY.set(folder)
        if typed[:1] != ("audit",) or "--resume" in typed:
            return
        key = _key(create=True)
        unmarked = Command(("audit", *kept), os.getcwd(), "")
        write_command(folder, Command(unmarked.arguments, unmarked.folder, "" if key is None else _mark(unmarked, key)))

    return record


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


def ours(command: Command) -> bool:
    """Whether this user wrote the record, on this machine."""
    key = _key(create=False)
    return key is not None and hmac.compare_digest(_mark(command, key), command.mark)


def _mark(command: Command, key: bytes) -> str:
    return hmac.new(key, command.body(), "sha256").hexdigest()


def _key(*, create: bool) -> bytes | None:
    """A secret of this account on this machine; None where there is none, or none can be kept."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    path = Path(base) / "robustness" / "key"
    try:
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.parent.chmod(0o700)
            fresh = path.with_name(f"key-{os.getpid()}")
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
                stream.write(secrets.token_bytes(32))
            try:
                os.link(fresh, path)  # of two audits that begin at once, one wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        found = path.read_bytes()
    except OSError:
        return None
    return found if len(found) == 32 else None
