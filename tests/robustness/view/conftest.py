"""A folder of real runs, and a real server over it."""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from robustness.cli import main
from robustness.view.server import Workbench

VICTIM = """
import time
labels = ("negative", "positive")
def ask(texts):
    return [[0.1, 0.9] if "great" in text else [0.9, 0.1] for text in texts]
ask.labels = labels
def slow(texts):
    time.sleep(0.02 * len(texts))
    return ask(texts)
slow.labels = labels
"""
TEXTS = ("a great film", "a dull film", "what a great and moving story", "a dull and boring plot")
AUDIT = ["audit", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none", "-q"]


@pytest.fixture(scope="session")
def audit_command() -> list[str]:
    """``audit`` of the inputs that ``write_inputs`` writes, but for victim and folder."""
    return AUDIT


@pytest.fixture(scope="session", name="write_inputs")
def _inputs() -> Callable[[Path, int], None]:
    """``write_inputs(folder, rows)``."""
    return write_inputs


def write_inputs(folder: Path, rows: int = 12) -> None:
    """A victim and its data."""
    lines = [f"{TEXTS[at % 4]} number {at},{'positive' if 'great' in TEXTS[at % 4] else 'negative'}" for at in range(rows)]
    (folder / "data.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    (folder / "victims.py").write_text(VICTIM)


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One audited run, never written to by a test."""
    folder = tmp_path_factory.mktemp("audited")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        write_inputs(folder)
        assert main([*AUDIT, "--victim", "python:victims.py:ask", "--min-robust-accuracy", "1%", "--out", "run"]) in (0, 1, 3)
    return folder / "run"


@pytest.fixture
def runs(audited: Path, tmp_path: Path) -> Path:
    """A folder with that run in it, under a name with a space and letters beyond ASCII."""
    shutil.copytree(audited, tmp_path / "runs" / "nächtlich 1")
    return tmp_path / "runs"


@dataclass
class Caller:
    """Somebody who asks a server, with or without its cookie."""

    workbench: Workbench
    cookie: str = ""
    seen: list[int] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers of one answer; ``headers`` with underscores for hyphens."""
        host, _, port = self.workbench.guard.authority.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        connection.putrequest(method, path, skip_host="Host" in sent)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read().decode("utf-8")
        connection.close()
        self.seen.append(answer.status)
        return answer.status, body, {name.lower(): value for name, value in answer.getheaders()}

    def enter(self) -> dict[str, str]:
        """Spend the token and keep the cookie; gives the headers of the answer."""
        status, _, headers = self.ask(f"/?token={self.workbench.guard.token}")
        assert status == 200
        self.cookie = headers["set-cookie"].partition(";")[0]
        return headers


Serve = Callable[[Path], Caller]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """``serve(folder)``: a server over it on a free port, running until the test ends."""
    running: list[tuple[Workbench, Thread]] = []

    def start(folder: Path) -> Caller:
        workbench = Workbench(folder, 0)
        thread = Thread(target=workbench.serve, daemon=True)
        thread.start()
        running.append((workbench, thread))
        caller = Caller(workbench)
        assert caller.ask("/")[0] == 403  # it has been loaded
        return caller

    yield start
    for workbench, thread in running:
        workbench.stop()
        thread.join(10)
        assert not thread.is_alive()
