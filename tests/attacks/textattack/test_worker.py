"""Call-style code in a thread: one side runs at a time, its random numbers are its own, and it ends with its trial."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest

from attacks.search import Search, Trial
from attacks.textattack_bridge.dice import Dice
from attacks.textattack_bridge.isolation import DownloadError, no_network
from attacks.textattack_bridge.rewire import rewired
from attacks.textattack_bridge.worker import Ask, Worker


def question(name: str) -> Any:
    def asked(trial: Trial) -> Search[str]:
        yield from ()
        return name

    asked.__name__ = name
    return asked


@contextmanager
def plainly() -> Iterator[None]:
    yield


def ended(worker: Worker) -> bool:
    return not worker._thread.is_alive()


def test_requests_come_out_one_by_one_and_answers_go_in() -> None:
    heard = []

    def work(ask: Ask) -> None:
        heard.append(ask(question("first")))
        heard.append(ask(question("second")))

    worker = Worker(work, plainly)
    first = worker.step()
    assert first is not None
    assert first.__name__ == "first"
    assert heard == []
    second = worker.step("one")
    assert second is not None
    assert (second.__name__, heard) == ("second", ["one"])
    assert worker.step("two") is None
    assert heard == ["one", "two"]
    worker.close()
    assert ended(worker)


def test_what_the_work_raises_comes_out_of_the_step() -> None:
    def work(ask: Ask) -> None:
        ask(question("first"))
        raise KeyError("a component broke")

    worker = Worker(work, plainly)
    worker.step()
    with pytest.raises(KeyError, match="a component broke"):
        worker.step("answer")
    assert ended(worker)


def test_work_that_exits_is_an_error_and_leaves_nobody_waiting() -> None:
    def work(ask: Ask) -> None:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match="SystemExit"):
        Worker(work, plainly).step()


def test_closing_ends_work_that_waits_even_if_it_catches_every_exception() -> None:
    tidied = []

    def work(ask: Ask) -> None:
        try:
            while True:
                with suppress(Exception):
                    ask(question("again"))
        finally:
            tidied.append(True)

    worker = Worker(work, plainly)
    worker.step()
    worker.step("answer")
    worker.close()
    assert ended(worker)
    assert tidied == [True]


def test_closing_before_the_start_is_nothing() -> None:
    before = threading.active_count()
    Worker(lambda ask: None, plainly).close()
    assert threading.active_count() == before


def test_steps_run_inside_what_is_put_around_them() -> None:
    inside: list[str] = []

    @contextmanager
    def around() -> Iterator[None]:
        inside.append("in")
        yield
        inside.append("out")

    worker = Worker(lambda ask: inside.append(str(ask(question("first")))), around)
    worker.step()
    assert inside == ["in", "out"]
    worker.step("answer")
    assert inside == ["in", "out", "in", "answer", "out"]


def rolls() -> tuple[float, float, float]:
    import torch

    return random.random(), float(np.random.rand()), float(torch.rand(1))


def test_each_trial_draws_its_own_numbers_however_they_interleave() -> None:
    torch = pytest.importorskip("torch")
    alone = []
    dice = Dice(7, torch)
    for _ in range(3):
        with dice.rolling():
            alone.append(rolls())
    mixed, one, other = [], Dice(7, torch), Dice(8, torch)
    for _ in range(3):
        with other.rolling():
            different = rolls()
        random.random()
        np.random.rand()
        with one.rolling():
            mixed.append(rolls())
    assert mixed == alone
    assert different not in alone


def test_rolling_leaves_the_generators_as_they_were() -> None:
    torch = pytest.importorskip("torch")
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    expected = rolls()
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    with suppress(ZeroDivisionError), Dice(7, torch).rolling():
        rolls()
        raise ZeroDivisionError
    assert rolls() == expected


def test_no_component_reaches_the_network() -> None:
    with no_network(), pytest.raises(DownloadError):
        socket.create_connection(("example.org", 443), timeout=1)
    with no_network(), socket.socket() as open_, pytest.raises(DownloadError):
        open_.connect(("127.0.0.1", 9))
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_rewiring_changes_one_function_and_nothing_else() -> None:
    def shown(value: int, *, more: int = 1) -> str:
        return str(len([value] * more))

    new = rewired(shown, len=lambda _: 99, str=lambda n: f"<{n}>")
    assert (new(1), new(1, more=5), shown(1, more=5)) == ("<99>", "<99>", "5")
    with pytest.raises(TypeError, match="plain function"):
        rewired(len)
