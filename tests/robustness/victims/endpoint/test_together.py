"""Lines of a cassette go to disk many at once, and still before anything that they stand for: a request, or an answer's use."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robustness.errors import CassetteError
from robustness.victims.endpoint.cassette import FILE, Cassette
from robustness.victims.endpoint.client import Client, ClientOptions, Exchange
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.session import Session, open_session
from robustness.victims.endpoint.transports import transport_factory
from robustness.victims.endpoint.wire import Call, Limits, Reply, Transport

HEADERS = {"content-type": "application/json"}
COUNT, WIDTH = 200, 32


def exchange(url: str, number: int) -> Exchange:
    return Exchange(Call("POST", url, b"{}", HEADERS), {"url": url, "number": number}, 10, 10)


class Looking:
    """A transport that looks at the cassette before it sends."""

    def __init__(self, inner: Transport, look: Callable[[int], None]) -> None:
        self._inner, self._look, self._sent = inner, look, 0

    async def send(self, call: Call, limits: Limits, *, fresh: bool = False) -> Reply:
        self._sent += 1
        self._look(self._sent)
        return await self._inner.send(call, limits, fresh=fresh)

    async def close(self) -> None:
        await self._inner.close()


def everything(session: Session, url: str, look: Callable[[int], None], told: Callable[[str, Any], None]) -> None:
    """Ask ``COUNT`` exchanges; ``told`` gets the key of each with its answer, in the client's thread."""
    options = ClientOptions(concurrency=WIDTH)
    client = Client(
        lambda: Looking(transport_factory("aiohttp")(), look), ledger=session.ledger, cassette=session.cassette, options=options
    )
    over: queue.SimpleQueue[None] = queue.SimpleQueue()

    def done(one: Exchange, answer: Any) -> None:
        try:
            told(one.key(), answer)
        finally:
            over.put(None)

    try:
        for number in range(COUNT):
            one = exchange(url, number)
            client.start(one, lambda _: Usage(5, 1), lambda answer, one=one: done(one, answer))  # type: ignore[misc]
        for _ in range(COUNT):
            over.get(timeout=10)
    finally:
        client.close()


def test_a_reservation_is_on_disk_before_its_request_leaves_and_a_reply_before_it_is_used(server: Any, tmp_path: Path) -> None:
    file = tmp_path / FILE
    wrong: list[str] = []
    written: list[int] = []
    session = open_session("m", {}, tmp_path)
    write = os.write

    def look(sent: int) -> None:
        if file.read_text().count('{"sent":') < sent:
            wrong.append(f"request {sent} left before its line")

    def told(key: str, answer: Any) -> None:
        if not isinstance(answer, Reply) or key not in file.read_text():
            wrong.append(f"{answer} was told before its line")

    def counting(descriptor: int, data: Any) -> int:
        written.append(len(data))
        return write(descriptor, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("robustness.victims.endpoint.cassette.os.write", counting)
        everything(session, server.url("ok"), look, told)
    session.close()
    assert wrong == []
    assert len(written) < COUNT  # one write for several lines, or none of this would be worth its while


def test_a_disk_that_is_full_on_the_way_leaves_nobody_waiting_and_a_file_that_can_be_continued(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session("m", {}, tmp_path)
    write, left = os.write, 20_000
    answers: dict[str, Any] = {}

    def filling(descriptor: int, data: Any) -> int:
        nonlocal left
        if left <= 0:
            raise OSError(28, "No space left on device")
        part = bytes(data)[:left]  # the last one is torn
        left -= len(part)
        return write(descriptor, part)

    monkeypatch.setattr("robustness.victims.endpoint.cassette.os.write", filling)
    everything(session, server.url("ok"), lambda _: None, answers.__setitem__)
    session.close()
    monkeypatch.undo()
    refused = [one for one in answers.values() if isinstance(one, CassetteError)]
    assert len(answers) == COUNT
    assert len(refused) >= COUNT // 2
    assert all("No space left" in str(one) for one in refused)
    again = Cassette.open(tmp_path / FILE)
    for key, answer in answers.items():  # what was told is known; of what was not, some may have reached the disk
        assert again.recall(key) == answer or isinstance(answer, CassetteError)
    assert again.spent.requests >= len(server.times)
    again.close()


def test_what_another_thread_writes_down_does_not_wait_for_what_is_held(tmp_path: Path) -> None:
    cassette = Cassette.open(tmp_path / FILE)
    with cassette.together():
        teller = threading.Thread(target=cassette.ended, args=("a cap is reached",))
        teller.start()
        teller.join()
        assert "a cap is reached" in (tmp_path / FILE).read_text()
    cassette.close()


def test_opening_an_endpoint_imports_nothing_heavy() -> None:
    code = (
        "import sys, robustness.victims.endpoint.asking.opening; print([m for m in ('numpy', 'aiohttp', 'tenacity', 'asyncio', "
        "'ssl', 'email', 'http', 'pandas', 'jinja2', 'torch', 'tomllib', 'urllib.request') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
