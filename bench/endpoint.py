"""What asking an endpoint costs: processor time a request, from bare sockets up to a whole audit, and beside other clients.

    python bench/endpoint.py [--requests 4000] [--rounds 3] [--peers PEERS/bin/python] [--promptfoo PROGRAM]

Everything asks one loopback stub, a process of its own. Figures are user and system time of the whole client process, all of its
threads, in microseconds a request, imports left out. Sides take turns, and the table gives the least of each, because whatever
else runs on the machine can only add. The audit is a real one of an ``openai:`` victim with a search, confirmation, ledger with
caps, cassette and outcomes on, from the first trial to the last; "with reports" is the difference between two whole audits, one
of half the size. The rate is against a stub that answers after 50 ms, 64 in flight, as a share of a generator that speaks bare
sockets. PEERS is an interpreter with ``openai`` and ``inspect_ai``. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.endpoint_stub import bare, started

PATH = "/v1/chat/completions"
WIDTHS = (32, 64, 256)
WORDS = (
    "moving film about the sea with a warm cast and a slow start that finds its way home while the music of the old town plays "
    "on over every scene and nobody in the story says what they want until the very last light goes out"
).split()
ENDPOINT = "robustness.victims.endpoint.asking.opening"
PARTS = "robustness.victims.endpoint.client, robustness.victims.endpoint.session"


def review(number: int) -> str:
    """About 450 letters; every second one holds the word that the stub goes by."""
    drawn = random.Random(number)
    words = [drawn.choice(WORDS) for _ in range(80)]
    words[drawn.randrange(80)] = "quiet" if number % 2 else "loud"
    return " ".join([f"{number}", *words])


def body(number: int) -> dict[str, Any]:
    said = f"Is this movie review positive or negative? Answer with one word.\nReview: {review(number)}"
    return {"model": "stub", "messages": [{"role": "user", "content": said}], "max_tokens": 8, "temperature": 0.0}


class Spent:
    """Processor and wall seconds between two calls."""

    def start(self) -> None:
        gc.collect()
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def stop(self) -> None:
        self.cpu, self.wall = time.process_time() - self.cpu, time.perf_counter() - self.wall


async def spread(send: Callable[[Any], Awaitable[object]], every: list[Any], width: int) -> None:
    """Keep ``width`` in flight."""
    todo = iter(every)

    async def work() -> None:
        for one in todo:
            await send(one)

    await asyncio.gather(*(work() for _ in range(width)))


def sockets(address: str, count: int, width: int) -> tuple[Spent, int]:
    bodies = [json.dumps(body(n)).encode() for n in range(count)]
    spent = Spent()
    asyncio.run(bare(address, bodies, width, spent.start))
    spent.stop()
    return spent, count


def bare_aiohttp(address: str, count: int, width: int) -> tuple[Spent, int]:
    import aiohttp

    bodies = [json.dumps(body(n)).encode() for n in range(count)]
    headers = {"Authorization": "Bearer none", "Content-Type": "application/json"}
    spent = Spent()

    async def run() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def send(data: bytes) -> None:
                async with session.post(f"http://{address}{PATH}", data=data, headers=headers) as response:
                    await response.read()

            await spread(send, bodies[:1], 1)
            spent.start()
            await spread(send, bodies, width)
            spent.stop()

    asyncio.run(run())
    return spent, count


def transport(name: str) -> Callable[[str, int, int], tuple[Spent, int]]:
    def side(address: str, count: int, width: int) -> tuple[Spent, int]:
        from robustness.victims.endpoint.transports import transport_factory
        from robustness.victims.endpoint.wire import Call, Limits

        headers = {"Authorization": "Bearer none", "Content-Type": "application/json"}
        calls = [Call("POST", f"http://{address}{PATH}", json.dumps(body(n)).encode(), headers) for n in range(count)]
        limits, spent = Limits(), Spent()

        async def run() -> None:
            carrier = transport_factory(name)()
            await carrier.send(calls[0], limits)
            spent.start()
            await spread(lambda call: carrier.send(call, limits), calls, width)
            spent.stop()
            await carrier.close()

        asyncio.run(run())
        return spent, count

    return side


def client(address: str, count: int, width: int) -> tuple[Spent, int]:
    """Ledger with caps, cassette in a file, the bill read, the answer decoded."""
    from robustness.victims.endpoint.client import Client, ClientOptions, Exchange
    from robustness.victims.endpoint.dialects.chat import Chat
    from robustness.victims.endpoint.session import open_session
    from robustness.victims.endpoint.transports import transport_factory
    from robustness.victims.endpoint.wire import Call

    url = f"http://{address}{PATH}"
    dialect, headers = Chat(url, "stub"), {"Authorization": "Bearer none", "Content-Type": "application/json"}
    with tempfile.TemporaryDirectory() as folder:
        session = open_session("stub", {"max_requests": 10**9}, folder)
        options = ClientOptions(concurrency=width)
        asking = Client(transport_factory(), ledger=session.ledger, cassette=session.cassette, options=options)

        def exchange(number: int) -> Exchange:
            asked = body(number)
            raw = json.dumps(asked, ensure_ascii=False).encode()
            return Exchange(Call("POST", url, raw, headers), {"method": "POST", "url": url, "body": asked}, len(raw), 8)

        asking.ask(exchange(count), dialect.usage)
        exchanges, over, left, spent = [exchange(n) for n in range(count)], threading.Event(), count, Spent()

        def done(answer: Any) -> None:
            nonlocal left
            assert answer.json()["choices"][0]["message"]["content"]
            left -= 1
            if not left:
                over.set()

        spent.start()
        for one in exchanges:
            asking.start(one, dialect.usage, done)
        over.wait()
        spent.stop()
        asking.close()
        session.close()
        assert session.ledger.spent.requests == count + 1
    return spent, count


class Watch:
    """Looks at the clock when the first trial begins and when the last one ended."""

    def __init__(self) -> None:
        self.spent = Spent()
        self.trials = 0

    def loading(self, what: str) -> None:
        pass

    def started(self, plan: Any, examples: int, finished: int, oracles: Any) -> None:
        self.oracles, self.trials = oracles, examples * len(plan.recipes)
        self.before = self.asked()
        self.spent.start()

    def ended(self, outcome: Any) -> None:
        self.trials -= 1
        if not self.trials:
            self.spent.stop()
            self.requests = self.asked() - self.before

    def asked(self) -> int:
        return sum(one.usage.forwards for role, one in self.oracles.by_role.items() if role in ("victim", "fresh"))


KEY = "BENCH_API_KEY"
os.environ.setdefault(KEY, "sk-not-a-key-at-all-0123456789")  # what is written and read is searched for it, as in earnest


def audited(address: str, count: int, width: int) -> tuple[Spent, int, Spent, int]:
    """The trials alone, and the whole of it, reports and preflight included; each with its number of requests."""
    import robustness

    rows = [(review(n), ("negative", "positive")[n % 2]) for n in range(count // BUDGET)]
    watch, whole = Watch(), Spent()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(None):
        whole.start()
        run = robustness.audit(
            f"openai:http://{address}#stub",
            rows,
            recipes="pruthi",
            budget=BUDGET,
            labels=("negative", "positive"),
            victim_options={"concurrency": width, "key_env": KEY},
            max_requests=10**9,
            encoder="none",
            language="en",
            in_flight=max(128, 2 * width),
            out=Path(folder, "run"),
            watcher=watch,
        )
        whole.stop()
        assert run.manifest.finished
        bill = run.manifest.bill
    return watch.spent, watch.requests, whole, bill["requests"]


BUDGET = 50
"""Queries a trial; an example that holds uses all of them."""


def audit(address: str, count: int, width: int) -> tuple[Spent, int]:
    spent, requests, _, _ = audited(address, count, width)
    return spent, requests


def with_reports(address: str, count: int, width: int) -> tuple[Spent, int]:
    _, _, small, few = audited(address, count // 2, width)
    _, _, large, many = audited(address, count, width)
    large.cpu -= small.cpu
    return large, many - few


SIDES: dict[str, Callable[[str, int, int], tuple[Spent, int]]] = {
    "bare sockets": sockets,
    "bare aiohttp": bare_aiohttp,
    "transport over aiohttp": transport("aiohttp"),
    "transport over threads": transport("threads"),
    "client, ledger, cassette": client,
    "audit": audit,
    "audit, with reports": with_reports,
}


def peer(python: str, name: str, address: str, count: int, *, program: str = "") -> float:
    """CPU microseconds a request of another client, in its own interpreter, 32 in flight."""
    command = [python, str(Path(__file__).with_name("endpoint_peers.py")), name, address, str(min(count, 600)), "32", program]
    bare_environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=bare_environment)
    found: float = json.loads(done.stdout.splitlines()[-1])["cpu_us"]
    return found


def import_seconds(code: str) -> float:
    """User and system seconds of an interpreter that does nothing else, the least of seven."""
    least = float("inf")
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return least


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def costs(sides: list[str], count: int, rounds: int, peers: dict[str, Callable[[str, int], float]]) -> dict[str, Any]:
    """The least of alternating rounds, microseconds a request, by side and width; peers at the least width alone."""
    stub, address = started()
    found: dict[str, dict[int, list[float]]] = {side: {width: [] for width in WIDTHS} for side in sides}
    others: dict[str, list[float]] = {name: [] for name in peers}
    try:
        for side in sides:
            SIDES[side](address, 500, 32)  # imports
        for _ in range(rounds):
            for width in WIDTHS:
                for side in sides:
                    spent, requests = SIDES[side](address, count, width)
                    found[side][width].append(spent.cpu / requests * 1e6)
            for name, ask in peers.items():
                others[name].append(ask(address, count))
    finally:
        stub.terminate()
    least = {side: {width: round(min(row)) for width, row in widths.items()} for side, widths in found.items()}
    return {"cpu_us": least, "peers_us": {name: round(min(row)) for name, row in others.items()}}


def rates(count: int, rounds: int) -> dict[str, float]:
    """Requests a second of a 50 ms server at 64 in flight, the best of alternating rounds."""
    stub, address = started(0.05)
    best = dict.fromkeys(("bare sockets", "client, ledger, cassette", "audit"), 0.0)
    try:
        for _ in range(rounds):
            for side in best:
                spent, requests = SIDES[side](address, count, 64)
                best[side] = max(best[side], requests / spent.wall)
    finally:
        stub.terminate()
    return {side: round(rate, 1) for side, rate in best.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--requests", type=int, default=4000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", help="names of sides, separated by ';', and no rate")
    arguments.add_argument("--peers", help="an interpreter with openai and inspect_ai")
    arguments.add_argument("--promptfoo", help="the program")
    chosen = arguments.parse_args()
    peers: dict[str, Callable[[str, int], float]] = {}
    if chosen.peers:
        peers |= {name: partial(peer, chosen.peers, name) for name in ("openai", "inspect_ai")}
    if chosen.promptfoo:
        peers["promptfoo"] = partial(peer, sys.executable, "promptfoo", program=chosen.promptfoo)
    sides = chosen.only.split(";") if chosen.only else list(SIDES)
    found = costs(sides, chosen.requests, chosen.rounds, peers)
    least = found["cpu_us"]
    print(f"{'CPU µs a request':28}" + "".join(f"{width:>8}" for width in WIDTHS) + "   in flight")
    for side, row in least.items():
        print(f"{side:28}" + "".join(f"{figure:>8}" for figure in row.values()))
    for name, figure in found["peers_us"].items():
        print(f"{name:28}{figure:>8}")
    if not chosen.only:
        found["rates_50ms_64"] = rates(4 * chosen.requests, chosen.rounds)
        nothing = import_seconds("pass")
        imports = {
            "the endpoint victim": f"import {ENDPOINT}",
            "with client, ledger, cassette": f"import {ENDPOINT}, {PARTS}",
            "aiohttp": "import aiohttp",
        }
        found["import_s"] = {name: round(import_seconds(code) - nothing, 3) for name, code in imports.items()}
        audits, ideal = least["audit"], found["rates_50ms_64"]["bare sockets"]
        found["judged"] = {
            "audit_ms": audits[32] / 1000,
            "growth_32_to_256": round(audits[256] / audits[32], 3),
            "transport_over_bare_aiohttp": round(least["transport over aiohttp"][64] / least["bare aiohttp"][64], 3),
            "rate_share": round(found["rates_50ms_64"]["audit"] / ideal, 3),
            "import_s": found["import_s"]["the endpoint victim"],
            **{f"{name}_over_ours": round(figure / audits[32], 1) for name, figure in found["peers_us"].items()},
        }
        for name, figure in found["judged"].items():
            print(f"{name:28}{figure:>8}")
    found |= {"requests": chosen.requests, "rounds": chosen.rounds, "processor": processor(), "cores": os.cpu_count()}
    print(found["processor"])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
