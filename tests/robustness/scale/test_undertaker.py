"""A driver that is killed leaves no process and no folder behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from robustness.scale.undertaker import TAG

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks for processes in /proc")
DRIVER = """
import os, subprocess, sys, time
from pathlib import Path
from robustness.scale.undertaker import undertaker

tag, folder, ends = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
with undertaker(tag, folder):
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
    one = subprocess.Popen(sleeping, env={**os.environ, "NAME": tag}, start_new_session=True)
    two = subprocess.Popen(sleeping, stdout=(folder / "log").open("w"), env={"PATH": os.environ["PATH"]}, start_new_session=True)
    other = subprocess.Popen(sleeping, start_new_session=True)
    print(one.pid, two.pid, other.pid, flush=True)
    time.sleep(600 if ends == "killed" else 0)
""".replace("NAME", TAG)


@pytest.mark.parametrize("ends", ["killed", "well"])
def test_what_carries_the_tag_or_uses_the_folder_ends_with_the_driver(tmp_path: Path, ends: str) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, f"tag-of-{tmp_path.name}", str(folder), ends], stdout=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdout is not None
        tagged, using, other = map(int, driver.stdout.readline().split())
        if ends == "killed":
            driver.kill()
        driver.wait()
    deadline = time.monotonic() + 60
    while (folder.exists() or alive(tagged) or alive(using)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (alive(tagged), alive(using), folder.exists()) == (False, False, False)
    assert alive(other), "it has nothing to do with the run"
    os.kill(other, 9)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and whom nobody has asked about is a zombie, and does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
