"""A loopback server of chat completions that counts what it is sent and bills tokens; the truth that a ledger is held against."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

GOOD, BAD = ("good", "fine", "great"), ("bad", "dull", "poor")


def named(body: Any) -> str:
    """A body as one text, however it was written."""
    return json.dumps(body, sort_keys=True)


@dataclass
class Billing:
    """Answers each prompt by its good and bad words, always alike; ``fails`` requests get 500 first.

    ``says_back`` stands in each reply; ``refuse_after`` so many requests it knows the key no more.
    ``requests``: how often each body came; ``tokens_in``, ``tokens_out``: what was billed. ``dearer``: billed on top of each.
    """

    delay: float = 0.0
    fails: int = 0
    dearer: int = 0
    silent: bool = False
    says_back: str = ""
    refuse_after: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    tokens_in: int = 0
    tokens_out: int = 0
    most_at_once: int = 0
    port: int = 0

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    @property
    def total(self) -> int:
        return sum(self.requests.values())

    @property
    def spec(self) -> str:
        return f"openai:http://127.0.0.1:{self.port}/v1#tiny"

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._at_once = 0
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)content-length: (\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                status, answer = await self._answer(body)
                self._at_once -= 1
                data = json.dumps(answer).encode()
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
                )
                writer.write(data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, body: bytes) -> tuple[int, Any]:
        asked = json.loads(body)
        self.requests[named(asked)] += 1
        if self.refuse_after and self.total > self.refuse_after:
            return 401, {"error": {"message": "no such key", "code": "invalid_api_key"}}
        if self.fails and self.total > 40:
            self.fails -= 1
            return 500, {"error": {"message": "try again"}}
        await asyncio.sleep(self.delay)
        text = asked["messages"][-1]["content"].lower()
        good, bad = (sum(len(re.findall(rf"\b{word}\b", text)) for word in words) for words in (GOOD, BAD))
        said = "positive" if good >= bad else "negative"
        read, written = len(text.split()) + self.dearer, 1
        self.tokens_in += read
        self.tokens_out += written
        usage = {} if self.silent else {"usage": {"prompt_tokens": read, "completion_tokens": written}}
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return 200, {
            "object": "chat.completion",
            "model": "tiny",
            "system_fingerprint": self.says_back,
            "choices": [choice],
            **usage,
        }
