"""Run as a program: outlives the process that started it, however that ended, and then ends what it had started and left.

Ray ends most of its processes with the driver, but its agents linger for a minute after a driver that was killed, and its folder
stays. A process of a run is known by the run's tag in its environment, which all inherit, or by an open file in the run's folder:
Ray's own change their title, and with it what the system shows of their environment. Standard library only: it starts in no time.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TAG = "ROBUSTNESS_RAY_RUN"
"""The environment variable that holds a run's tag."""
_SECONDS = 10.0
_LOOK_S = 0.2


@contextmanager
def undertaker(tag: str, folder: Path) -> Iterator[None]:
    """One for the processes that carry ``tag`` and for ``folder``; it acts at the end of the context, or of this process."""
    from robustness.isolation.offline import own_child

    with own_child():
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, tag, str(folder), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt from the keyboard is for the run, not for what cleans up after it
        )
    assert process.stdin is not None
    try:
        yield
    finally:
        process.stdin.close()
        process.wait()


def belonging(tag: str, folder: str, spared: Collection[int]) -> list[int]:
    """Processes of a run, but for those that are spared; none where the system has no ``/proc``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            if int(entry.name) not in spared and (_carries(entry, tag) or _uses(entry, folder)):
                found.append(int(entry.name))
    return found


def _carries(process: Path, tag: str) -> bool:
    return f"{TAG}={tag}".encode() in (process / "environ").read_bytes().split(b"\0")


def _uses(process: Path, folder: str) -> bool:
    for link in (process / "fd").iterdir():
        with suppress(OSError):
            if os.readlink(link).startswith(f"{folder}{os.sep}"):
                return True
    return False


def _main(tag: str, folder: str, driver: int) -> None:
    sys.stdin.buffer.read()  # ends when whoever holds the other end does
    deadline = time.monotonic() + _SECONDS
    while (left := belonging(tag, folder, (os.getpid(), driver))) and time.monotonic() < deadline:
        for one in left:
            with suppress(OSError):
                os.kill(one, signal.SIGKILL)
        time.sleep(_LOOK_S)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
