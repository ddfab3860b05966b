"""The programs that channels run: found, or an error that says how to install them; started without a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from robustness.errors import UsageError, VictimError, VictimTimeoutError, cut
from robustness.isolation.offline import own_child


def find(program: str, packages: str) -> str:
    """Where a program is; raises ``UsageError`` that names the Debian packages that bring it."""
    path = shutil.which(program)
    if path is None:
        raise UsageError(f"{program} is not installed; install it with: apt-get install {packages}")
    return path


def run(command: Sequence[str], *, seconds: float, given: bytes = b"") -> bytes:
    """What a program writes on standard output; none of those run here uses a network.

    Raises:
        VictimError: it ended with another status than 0.
        VictimTimeoutError: it took longer than ``seconds``.
    """
    name = Path(command[0]).name
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}  # tesseract's threads slow one another down on small pictures
    try:
        with own_child():
            done = subprocess.run(command, input=given, capture_output=True, timeout=seconds, check=False, env=environment)
    except subprocess.TimeoutExpired as late:
        raise VictimTimeoutError(f"{name} did not end within {seconds:g} s") from late
    if done.returncode:
        reason = cut(done.stderr.decode(errors="replace").strip(), 200)
        raise VictimError(f"{name} ended with status {done.returncode}: {reason or 'no message'}")
    return done.stdout


def version(command: Sequence[str]) -> str:
    """The first line that says anything of what a program prints of itself."""
    with own_child():
        done = subprocess.run(command, capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    lines = (line.strip() for line in (done.stdout + done.stderr).decode(errors="replace").splitlines())
    return next((line for line in lines if any(c.isdigit() for c in line)), "unknown")


def file_pin(path: str | Path) -> str:
    """The first 16 characters of a file's SHA-256."""
    with Path(path).open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]
