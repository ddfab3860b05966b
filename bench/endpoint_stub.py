"""A loopback stub that answers chat completions, and the least that a client of it can do: for ``bench/endpoint.py``.

    python bench/endpoint_stub.py 0.05

listens, prints its port, and answers every request after 0.05 s. The answer is ``positive`` where the question holds the word
``quiet`` and ``negative`` elsewhere, so that a search has something to find.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _reply(text: str) -> bytes:
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1790000000,
            "model": "stub",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 118, "completion_tokens": 2, "total_tokens": 120},
        }
    ).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


POSITIVE, NEGATIVE = _reply("positive"), _reply("negative")


class Stub(asyncio.Protocol):
    """Answers at once, or after ``delay`` seconds."""

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
            reply = POSITIVE if b"quiet" in self.came[end : end + 4 + length] else NEGATIVE
            self.came = self.came[end + 4 + length :]
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.transport.write, reply)
            else:
                self.transport.write(reply)


async def _serve(delay: float) -> None:
    Stub.delay = delay
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def started(delay: float = 0.0) -> tuple[subprocess.Popen[str], str]:
    """A stub in a process of its own, and ``HOST:PORT`` of it."""
    stub = subprocess.Popen([sys.executable, Path(__file__), str(delay)], stdout=subprocess.PIPE, text=True)
    assert stub.stdout is not None
    return stub, f"127.0.0.1:{stub.stdout.readline().strip()}"


async def bare(address: str, bodies: list[bytes], width: int, between: Callable[[], None] = lambda: None) -> None:
    """Every body sent over ``width`` connections: bytes out, bytes in, nothing understood. ``between``: called when all stand."""
    host, port = address.split(":")
    request = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\n".encode() + b"content-length: %d\r\n\r\n%b"
    connections = [await asyncio.open_connection(host, int(port)) for _ in range(width)]
    between()
    todo = iter(bodies)

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in todo:
            writer.write(request % (len(body), body))
            said = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(said.rpartition(b"content-length: ")[2]))
        writer.close()

    await asyncio.gather(*(work(*one) for one in connections))


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
