"""What cannot be spread over workers, said before anything is loaded."""

from __future__ import annotations

import re
import socket
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from robustness.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from robustness.settings import Settings

_PARTS = re.compile(r"[,>;+]|round-trip:")
"""What parts the specs of several models, one of which may be behind an API."""
CONNECT_S = 10.0
_HERE = ("127.0.0.1", "localhost", "[::1]")


def check_workers(settings: Settings, victim: Any) -> None:
    """Raise ``UsageError`` for a run that workers cannot share, ``MissingExtraError`` where Ray is not installed."""
    if settings.workers is None and settings.ray is None:
        return
    flag = "--workers" if settings.ray is None else "--ray"
    _refuse_paid(flag, settings, victim)
    if settings.universal is not None:
        raise UsageError(f"{flag} shares examples among processes, and --universal asks about panels of them; leave {flag} out")
    if settings.ray is not None and settings.cache is not None:
        raise UsageError("--cache is a file of one machine, which processes on others cannot share; leave it out with --ray")
    if settings.ray is not None and settings.offline and settings.ray.rpartition(":")[0].rpartition("/")[2] not in _HERE:
        raise UsageError(f"--offline forbids the network, and --ray {settings.ray} may be reached over it; leave one of them out")
    if not isinstance(victim, str):
        _refuse_nameless(flag, victim)
    if find_spec("ray") is None:
        raise MissingExtraError("ray", "ray")
    if settings.ray is not None and settings.ray != "auto":
        _refuse_silent(settings.ray)


def _refuse_silent(address: str) -> None:
    """Somebody must answer at an address now: Ray itself tries for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(
            f"--ray {address}: nobody answers there ({error}); expected HOST:PORT as `ray start --head` prints it, or auto"
        ) from error


def _refuse_paid(flag: str, settings: Settings, victim: Any) -> None:
    """Caps and cassette are kept by one process: several would each spend up to the cap."""
    from robustness.helpers.registry import helpers
    from robustness.victims import is_endpoint

    named = {role: getattr(settings, role.replace("-", "_"), None) for role in (helper.role for helper in helpers())}
    for role, spec in {"victim": victim, **named, **settings.helpers}.items():
        if any(is_endpoint(part.strip()) for part in _PARTS.split(spec if isinstance(spec, str) else "")):
            raise UsageError(
                f"{flag} cannot be used with the {role} {spec}: what is paid for is asked by one process, so that no cap is "
                "passed and every answer stands in one record; leave it out and raise --concurrency"
            )


def _refuse_nameless(flag: str, victim: Any) -> None:
    """A worker loads the victim by name, in its own process."""
    module, name = getattr(victim, "__module__", None), getattr(victim, "__qualname__", None)
    found: Any = sys.modules.get(str(module))
    for part in str(name).split("."):
        found = getattr(found, part, None)
    if found is None or found is not victim or module == "__main__":
        raise UsageError(
            f"{flag} opens the victim in other processes, which cannot import this {type(victim).__name__}; name it as "
            "'python:module:name', or give a function at the top level of a module other than the script that is run"
        )
