"""Run as a program: outlives the process that started it, however that ended, and then ends what it had started and left.

Ray ends most of its processes with the driver, but its agents linger for a minute after a driver that was killed, and its folder
stays. Every process of a run carries the run's tag in its environment. Standard library only: it starts in no time.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
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
            [sys.executable, "-I", "-S", __file__, tag, str(folder)],
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


def carriers(tag: str) -> list[int]:
    """Processes with this tag in their environment, but for this one; none where the system has no ``/proc``."""
    wanted, found = f"{TAG}={tag}".encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            if int(entry.name) != os.getpid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def _main(tag: str, folder: str) -> None:
    sys.stdin.buffer.read()  # ends when whoever holds the other end does
    deadline = time.monotonic() + _SECONDS
    while (left := carriers(tag)) and time.monotonic() < deadline:
        for one in left:
            with suppress(OSError):
                os.kill(one, signal.SIGKILL)
        time.sleep(_LOOK_S)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
