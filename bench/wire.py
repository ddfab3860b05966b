"""What a request costs the client, from bare aiohttp up to the client with ledger and cassette; one loopback stub for all.

    python bench/wire.py --requests 2000 --rounds 3

CPU time of the whole client process, threads included, in microseconds a request; the stub is another process. Rounds alternate
between the sides and the table gives the least of each: whatever else runs on the machine can only add. The rate is against a
stub that answers after 50 ms, at 64 in flight, as a share of a generator that speaks bare sockets and does nothing else; the best
of each. The last line is JSON, with the medians as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from robustness.victims.endpoint.cassette import Cassette
from robustness.victims.endpoint.client import Client, ClientOptions, Exchange
from robustness.victims.endpoint.ledger import Caps, Ledger, Usage
from robustness.victims.endpoint.transports import transport_factory
from robustness.victims.endpoint.wire import Call, Limits, Reply, Transport

TEXT = "The film is a warm and funny story about two brothers who cannot stand each other and a dog that can stand both. " * 4
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "stub",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "positive"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 118, "completion_tokens": 2, "total_tokens": 120},
}
HEADERS = {"Authorization": "Bearer sk-not-a-key-at-all", "Content-Type": "application/json"}
WIDTHS = (32, 64, 256)


class Stub(asyncio.Protocol):
    """Answers every request with the same bytes, after a delay."""

    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.came = b""

    def data_received(self, data: bytes) -> None:
        self.came += data
        while (end := self.came.find(b"\r\n\r\n")) >= 0:
            head = self.came[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n")[0]) if at >= 0 else 0
            if len(self.came) < end + 4 + length:
                return
            self.came = self.came[end + 4 + length :]
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.transport.write, REPLY)
            else:
                self.transport.write(REPLY)


_BODY = json.dumps(ANSWER).encode()
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_BODY) + _BODY


async def serve(delay: float) -> None:
    Stub.delay = delay
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def body(number: int) -> dict[str, Any]:
    return {"model": "stub", "messages": [{"role": "user", "content": f"{number} {TEXT}"}], "temperature": 0, "max_tokens": 8}


def calls(url: str, count: int) -> list[Call]:
    return [Call("POST", url, json.dumps(body(n)).encode(), HEADERS) for n in range(count)]


async def spread(send: Callable[[Call], Awaitable[object]], every: list[Call], width: int) -> None:
    """Keep ``width`` in flight."""
    todo = iter(every)

    async def work() -> None:
        for call in todo:
            await send(call)

    await asyncio.gather(*(work() for _ in range(width)))


def timed(run: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """CPU and wall seconds."""

    async def measure() -> tuple[float, float]:
        cpu, wall = time.process_time(), time.perf_counter()
        await run()
        return time.process_time() - cpu, time.perf_counter() - wall

    return asyncio.run(measure())


def sockets(url: str, every: list[Call], width: int) -> tuple[float, float]:
    """The least that can be done: bytes out, bytes in, nothing understood."""
    port = int(url.split(":")[2].split("/")[0])
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in HEADERS.items())

    async def run() -> None:
        todo = iter(every)

        async def work() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for call in todo:
                writer.write(head.encode() + b"content-length: %d\r\n\r\n" % len(call.body) + call.body)
                await reader.readexactly(len(REPLY))
            writer.close()

        await asyncio.gather(*(work() for _ in range(width)))

    return timed(run)


def bare_aiohttp(url: str, every: list[Call], width: int) -> tuple[float, float]:
    import aiohttp

    async def run() -> tuple[float, float]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def send(call: Call) -> None:
                async with session.post(call.url, data=call.body, headers=call.headers) as response:
                    await response.read()

            return await measured(send, every, width)

    return asyncio.run(run())


async def measured(send: Callable[[Call], Awaitable[object]], every: list[Call], width: int) -> tuple[float, float]:
    """CPU and wall seconds, once the connections are open."""
    await spread(send, every[:width], width)
    cpu, wall = time.process_time(), time.perf_counter()
    await spread(send, every, width)
    return time.process_time() - cpu, time.perf_counter() - wall


def over(name: str) -> Callable[[str, list[Call], int], tuple[float, float]]:
    def side(url: str, every: list[Call], width: int) -> tuple[float, float]:
        limits = Limits()

        async def run() -> tuple[float, float]:
            transport: Transport = transport_factory(name)()
            took = await measured(lambda call: transport.send(call, limits), every, width)
            await transport.close()
            return took

        return asyncio.run(run())

    return side


def usage(reply: Reply) -> Usage:
    told = reply.json()["usage"]
    return Usage(told["prompt_tokens"], told["completion_tokens"])


def client(url: str, every: list[Call], width: int) -> tuple[float, float]:
    """Everything on: ledger with caps, cassette in a file, the bill read, the answer decoded by who asked."""
    with tempfile.TemporaryDirectory() as folder:
        tape = Cassette.open(Path(folder) / "cassette.jsonl")
        ledger = Ledger(Caps(max_tokens_total=10**9), journal=tape)
        asking = Client(transport_factory("aiohttp"), ledger=ledger, cassette=tape, options=ClientOptions(concurrency=width))
        over, warm = threading.Event(), threading.Semaphore(0)
        left = len(every)
        asking.ask(Exchange(every[0], {"warm": "up"}, 1, 1), usage)
        for number in range(width):  # opens the connections
            asking.start(Exchange(every[0], {"warm": number}, 1, 1), usage, lambda answer: warm.release())
        for _ in range(width):
            warm.acquire()

        def done(answer: Any) -> None:
            nonlocal left
            assert answer.json()["choices"][0]["message"]["content"] == "positive"
            left -= 1
            if not left:
                over.set()

        cpu, wall = time.process_time(), time.perf_counter()
        for number, call in enumerate(every):
            canonical = {"method": "POST", "url": url, "body": body(number)}
            asking.start(Exchange(call, canonical, 200, 8), usage, done)
        over.wait()
        took = time.process_time() - cpu, time.perf_counter() - wall
        asking.close()
        tape.close()
        assert ledger.spent.requests == len(every) + width + 1
        return took


SIDES: dict[str, Callable[[str, list[Call], int], tuple[float, float]]] = {
    "bare sockets": sockets,
    "bare aiohttp": bare_aiohttp,
    "our transport (aiohttp)": over("aiohttp"),
    "our transport (threads)": over("threads"),
    "client, ledger, cassette": client,
}


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def started(delay: float) -> tuple[subprocess.Popen[str], str]:
    stub = subprocess.Popen([sys.executable, __file__, "--serve", str(delay)], stdout=subprocess.PIPE, text=True)
    assert stub.stdout is not None
    return stub, f"http://127.0.0.1:{stub.stdout.readline().strip()}/v1/chat/completions"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--serve", type=float)
    chosen = arguments.parse_args()
    if chosen.serve is not None:
        asyncio.run(serve(chosen.serve))
        return
    stub, url = started(0)
    bare_aiohttp(url, calls(url, 10), 1)  # imported before anything is measured
    every = calls(url, chosen.requests)
    cpu: dict[str, dict[int, list[float]]] = {side: {width: [] for width in WIDTHS} for side in SIDES}
    for _ in range(chosen.rounds):
        for width in WIDTHS:
            for side, run in SIDES.items():
                cpu[side][width].append(run(url, every, width)[0] / len(every) * 1e6)
    stub.terminate()
    stub, url = started(0.05)
    every = calls(url, chosen.requests)
    rates: dict[str, list[float]] = {"bare sockets": [], "client, ledger, cassette": []}
    for _ in range(chosen.rounds):
        for side, several in rates.items():
            several.append(len(every) / SIDES[side](url, every, 64)[1])
    stub.terminate()
    least = {side: {width: round(min(figures)) for width, figures in row.items()} for side, row in cpu.items()}
    medians = {side: {width: round(statistics.median(figures)) for width, figures in row.items()} for side, row in cpu.items()}
    print(f"{'CPU µs a request':28}" + "".join(f"{width:>7}" for width in WIDTHS) + "   in flight")
    for side, row in least.items():
        print(f"{side:28}" + "".join(f"{figure:>7}" for figure in row.values()))
    rate = {side: round(max(several)) for side, several in rates.items()}
    everything = least["client, ledger, cassette"]
    found = {
        "cpu_us": least,
        "cpu_us_median": medians,
        "transport_over_bare": round(least["our transport (aiohttp)"][64] / least["bare aiohttp"][64], 3),
        "growth_32_to_256": round(everything[256] / everything[32], 3),
        "rate_50ms_64": rate,
        "rate_share": round(rate["client, ledger, cassette"] / rate["bare sockets"], 3),
        "requests": chosen.requests,
        "rounds": chosen.rounds,
        "processor": processor(),
        "cores": os.cpu_count(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
