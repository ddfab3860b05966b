"""CPU that other clients spend on a request to one loopback stub; called by ``bench/endpoint.py`` with their interpreter.

    PEERS/bin/python bench/endpoint_peers.py openai 127.0.0.1:18080 2000 32

prints CPU microseconds a request, user and system of this process and its children, imports and 64 requests to warm up left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

PROMPT = (
    "Is this movie review positive or negative? Answer with one word.\nReview: " + "a quietly moving film about the sea " * 12
)


def cpu() -> float:
    """Seconds of user and system time so far, finished children included."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


async def paced(ask: Callable[[int], Awaitable[None]], count: int, width: int) -> None:
    """``count`` calls of ``ask(number)``, ``width`` at once."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await ask(number)

    await asyncio.gather(*(worker() for _ in range(width)))


async def openai(address: str, count: int, width: int) -> float:
    """The openai package's asynchronous client."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=f"http://{address}/v1", api_key="none", max_retries=0)

    async def ask(number: int) -> None:
        text = f"{PROMPT} {number}"
        reply = await client.chat.completions.create(model="stub", messages=[{"role": "user", "content": text}], max_tokens=8)
        assert reply.choices[0].message.content

    await paced(ask, 64, width)
    start = cpu()
    await paced(ask, count, width)
    return cpu() - start


async def inspect_ai(address: str, count: int, width: int) -> float:
    """inspect_ai's model alone, without an evaluation around it and without its log."""
    os.environ["OPENAI_API_KEY"] = "none"
    from inspect_ai.model import GenerateConfig, get_model

    config = GenerateConfig(max_tokens=8, max_connections=width)
    model = get_model("openai/stub", base_url=f"http://{address}/v1", config=config, responses_api=False)

    async def ask(number: int) -> None:
        reply = await model.generate(f"{PROMPT} {number}")
        assert reply.completion

    await paced(ask, 64, width)
    start = cpu()
    await paced(ask, count, width)
    return cpu() - start


def promptfoo(program: str, address: str, count: int, width: int) -> float:
    """The whole tool, as it is run: the difference between ``count`` + 50 tests and 50, so that its start is left out."""

    def run(tests: int) -> float:
        body = {
            "prompts": ["{{text}}"],
            "providers": [
                {"id": "openai:chat:stub", "config": {"apiBaseUrl": f"http://{address}/v1", "apiKey": "none", "max_tokens": 8}}
            ],
            "tests": [{"vars": {"text": f"{PROMPT} {number}"}} for number in range(tests)],
        }
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "promptfooconfig.json")
            file.write_text(json.dumps(body), encoding="utf-8")
            quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_CONFIG_DIR": folder}
            start = cpu()
            subprocess.run(
                [
                    program,
                    "eval",
                    "-c",
                    str(file),
                    "-j",
                    str(width),
                    "--no-cache",
                    "--no-write",
                    "--no-table",
                    "--no-progress-bar",
                ],
                env=os.environ | quiet,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            return cpu() - start

    return run(count + 50) - run(50)


def main() -> None:
    """One client by name."""
    name, address, count, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if name == "promptfoo":
        spent = promptfoo(sys.argv[5], address, count, width)
    else:
        spent = asyncio.run({"openai": openai, "inspect_ai": inspect_ai}[name](address, count, width))
    print(json.dumps({"client": name, "requests": count, "in_flight": width, "cpu_us": round(1e6 * spent / count, 1)}))


if __name__ == "__main__":
    main()
