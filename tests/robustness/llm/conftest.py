"""``transformers serve``, another server of the API, with SmolLM2; and reviews, half of each label."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustness.demo import demo_examples

NEEDS = ("fastapi", "uvicorn")
SERVE = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; main()"
START_S = 600.0


@pytest.fixture(scope="session")
def served(smollm2: Path) -> Iterator[str]:
    """``URL#MODEL`` of a server of SmolLM2; skipped where a package is missing."""
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: run `make test-llm`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = [sys.executable, "-c", SERVE, "serve", str(smollm2), "--host", "127.0.0.1", "--port", port, "--device", "cpu"]
    server = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    try:
        _wait(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}#{smollm2}"
    finally:
        server.kill()
        server.wait()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while True:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < until, "the server did not start"
        time.sleep(0.5)


@pytest.fixture(scope="session")
def reviews() -> list[tuple[str, str]]:
    """Twenty short ones, as data: half of each label, in turn."""
    short = [(text, label) for _, text, label in demo_examples() if len(text) < 70]
    good, bad = ([one for one in short if one[1] == label][:10] for label in ("positive", "negative"))
    return [one for pair in zip(good, bad, strict=True) for one in pair]
