"""The client against a hostile server: nothing hangs, nothing is asked in vain, and everything sent is counted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from robustness.errors import RefusedError, RobustnessError, SpentError, VictimError
from robustness.victims.endpoint.cassette import Cassette
from robustness.victims.endpoint.client import Client, ClientOptions, Exchange
from robustness.victims.endpoint.ledger import Caps, Ledger, Usage
from robustness.victims.endpoint.stream import health, jobs
from robustness.victims.endpoint.stream.limits import Pace
from robustness.victims.endpoint.stream.retries import backoff
from robustness.victims.endpoint.transports import transport_factory
from robustness.victims.endpoint.wire import Call, Limits, Reply, WireError

KEY = "sk-live-4f9aQ/x+7Zb=2"
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
QUICK = Limits(total=0.4, connect=0.4, read=5)
Answer = Reply | RobustnessError


def usage(reply: Reply) -> Usage | None:
    try:
        told = reply.json()["usage"]
    except (ValueError, KeyError):
        return None
    return Usage(told["prompt_tokens"], told["completion_tokens"])


def exchange(url: str, ask: str = "", tokens: tuple[int, int] = (10, 10)) -> Exchange:
    return Exchange(Call("POST", url, b"{}", HEADERS), {"method": "POST", "url": url}, *tokens, ask)


class Asker:
    """A client with its books, and many exchanges at once."""

    def __init__(self, transport: str, caps: Caps | None = None, tape: Path | None = None, **options: Any) -> None:
        self.ledger = Ledger(caps)
        self.cassette = Cassette.open(tape)
        how = ClientOptions(**{"limits": QUICK, **options})
        self.client = Client(transport_factory(transport), ledger=self.ledger, cassette=self.cassette, options=how)

    def all(self, exchanges: Sequence[Exchange], read: Callable[[Reply], Usage | None] = usage) -> list[Answer]:
        answers: dict[int, Answer] = {}
        over = threading.Semaphore(0)

        def done(number: int, answer: Answer) -> None:
            answers[number] = answer
            over.release()

        for number, one in enumerate(exchanges):
            self.client.start(one, read, lambda answer, number=number: done(number, answer))  # type: ignore[misc]
        for _ in exchanges:
            assert over.acquire(timeout=10), "an exchange was never answered"
        return [answers[number] for number in range(len(exchanges))]

    def one(self, url: str) -> Answer:
        return self.all([exchange(url)])[0]

    def close(self) -> None:
        self.client.close()
        self.cassette.close()


@pytest.fixture
def transport() -> str:
    """Most of what a client does has nothing to do with it."""
    return "aiohttp"


both = pytest.mark.parametrize("transport", ["aiohttp", "threads"])


@pytest.fixture
def asker(transport: str) -> Iterator[Callable[..., Asker]]:
    made: list[Asker] = []

    def make(**options: Any) -> Asker:
        made.append(Asker(transport, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off a tenth as long, so that the tests are; one test has it as it is."""
    monkeypatch.setattr(health, "backoff", lambda *told: backoff(*told) / 10)


def gaps(server: Any) -> list[float]:
    return [after - before for before, after in zip(server.times, server.times[1:], strict=False)]


@both
def test_the_servers_count_equals_the_ledgers(asker: Any, server: Any, tmp_path: Path) -> None:
    """Through retries of every sort, drops, silences and stale connections: every request is counted, and none twice."""
    paths = ["ok", "status/503/2", "status/500", "throttle/ms/0.05/2", "drop/1", "mid-body/1", "stale", "hang", "filtered"]
    paths += ["malformed-json", "wrong-type", "large/chunked", "redirect"]
    some = asker(retries=3, concurrency=16, tape=tmp_path / "tape.jsonl")
    assert isinstance(some.one(server.url("ok")), Reply)
    answers = some.all([exchange(server.url(path), str(ask)) for ask in range(3) for path in paths])
    assert {answer.status for answer in answers if isinstance(answer, Reply)} == {200, 400}
    assert {getattr(answer, "kind", "") for answer in answers if not isinstance(answer, Reply)} >= {"timeout", "too-large", ""}
    for _ in range(40):  # a request that was given up may lie unread for a moment
        if some.ledger.spent.requests != server.total:
            time.sleep(0.05)
    assert some.ledger.spent.requests == server.total
    assert server.total > len(answers) + 10, "hardly anything was retried"


@pytest.mark.parametrize(("form", "seconds", "least"), [("seconds", 0.4, 0.4), ("ms", 0.4, 0.4), ("date", 2.2, 1.1)])
def test_a_throttle_is_waited_out_in_every_form(asker: Any, server: Any, form: str, seconds: float, least: float) -> None:
    answer = asker().one(server.url(f"throttle/{form}/{seconds}/1"))
    assert isinstance(answer, Reply)
    assert least <= gaps(server)[0] < seconds + 1


def test_what_is_left_slows_the_client_before_it_is_throttled(server: Any) -> None:
    for path, least in [("scarce/requests/300ms", 0.29), ("scarce/tokens/0.3s", 0.29), ("scarce/anthropic/1.5", 0.29)]:
        some = Asker("aiohttp", concurrency=1)
        server.times.clear()
        some.all([exchange(server.url(path), str(ask)) for ask in range(4)])
        waits = gaps(server)
        some.close()
        assert waits[1] >= least, path
        assert waits[0] < 0.29, path


def test_rates_hold(asker: Any, server: Any) -> None:
    asker(rps=25).all([exchange(server.url("ok"), str(ask)) for ask in range(6)])
    assert server.times[-1] - server.times[0] >= 5 / 25 - 0.02
    server.times.clear()
    asker(tpm=12_000).all([exchange(server.url("ok"), f"t{ask}", (7, 3)) for ask in range(6)])
    assert server.times[-1] - server.times[0] >= 5 * 10 / 200 - 0.02, "200 tokens a second"


def test_a_429_makes_it_narrower_and_a_500_does_not(asker: Any, server: Any) -> None:
    some = asker(concurrency=32, retries=9)
    answers = some.all([exchange(server.url("capacity/4"), str(ask)) for ask in range(80)])
    assert all(isinstance(answer, Reply) for answer in answers)
    assert server.total < 80 * 3, "it went on at full width"
    pace = Pace(32)
    for _ in range(3):
        pace.throttled(0.5, sent=1.0, now=2.0)
    assert pace.width == 16, "those that were in flight beside the first 429 say nothing new"
    pace.throttled(0.5, sent=3.0, now=3.1)
    assert pace.width == 8
    assert pace.wait(1, 3.2) == pytest.approx(0.4)
    pace.answered(3.7)
    assert pace.width == 8, "it cools down first"
    for _ in range(600):
        pace.answered(9.0)
    assert pace.width == 32


def test_a_refused_key_ends_everything_at_once(asker: Any, server: Any) -> None:
    some = asker(concurrency=4)
    answers = some.all([exchange(server.url("until/401/5"), str(ask)) for ask in range(200)])
    assert sum(isinstance(answer, Reply) for answer in answers) <= 5
    assert sum(isinstance(answer, RefusedError) for answer in answers) >= 195
    assert server.total <= 5 + 4
    assert isinstance(some.one(server.url("ok")), RefusedError)
    assert server.counts["/ok"] == 0


def test_a_refused_key_gives_up_what_hangs(asker: Any, server: Any) -> None:
    """What is in flight is worthless then, and nobody waits for its limit."""
    started = time.monotonic()
    some = asker(limits=Limits(total=9, connect=5, read=9))
    answers = some.all([exchange(server.url("hang")), exchange(server.url("status/401"))])
    assert {type(answer) for answer in answers} == {RefusedError}
    assert time.monotonic() - started < 6


def test_a_model_that_is_not_there_ends_the_run_and_a_later_404_does_not(asker: Any, server: Any) -> None:
    assert isinstance(asker().one(server.url("status/404")), RefusedError)
    some = asker()
    some.one(server.url("ok"))
    answer = some.one(server.url("status/404"))
    assert isinstance(answer, Reply)
    assert answer.status == 404


@pytest.mark.parametrize(
    ("path", "requests"),
    [
        ("broke/429/insufficient_quota", 1),
        ("broke/429/billing_hard_limit_reached", 1),
        ("broke/402/anything", 1),
        ("throttle/seconds/86400", 1),
    ],
)
def test_an_empty_account_ends_the_run_with_its_first_answer(asker: Any, server: Any, path: str, requests: int) -> None:
    some = asker(concurrency=1)
    started = time.monotonic()
    answers = some.all([exchange(server.url(path), str(ask)) for ask in range(30)])
    assert {type(answer) for answer in answers} == {SpentError}
    assert server.total == requests
    assert time.monotonic() - started < 15


def test_throttling_that_never_ends_ends_the_run(asker: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_LONGEST_PAUSE", 0.5)
    answers = asker(retries=1).all([exchange(server.url("throttle/ms/0.1"), str(ask)) for ask in range(20)])
    assert {type(answer) for answer in answers} == {SpentError}
    assert "throttled everything" in str(answers[0]) or "everything was throttled" in str(answers[0])
    assert server.total < 40


def test_a_pause_that_is_over_as_the_run_ends_leaves_nobody_waiting(
    asker: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the end of its pause and its next attempt, an exchange stands in no line that the end of a run clears."""
    some = asker()

    async def over(*_: object) -> None:
        some.client._end(SpentError("a cap is reached"))

    monkeypatch.setattr(jobs.Pauses, "wait", over)
    answers = some.all([exchange(server.url("throttle/ms/0.1"), str(ask)) for ask in range(3)])
    assert {type(answer) for answer in answers} == {SpentError}


def test_quota_in_a_message_alone_is_a_throttle(asker: Any, server: Any) -> None:
    answer = asker().one(server.url("throttle/none/0/2"))
    assert isinstance(answer, Reply)
    assert server.total == 3


def test_a_dead_url_is_said_within_ten_seconds(asker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # back-off as it is
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    some = asker(concurrency=8, limits=Limits())
    started = time.monotonic()
    answers = some.all([exchange(url, str(ask)) for ask in range(40)])
    assert time.monotonic() - started < 9.5
    assert {type(answer) for answer in answers} == {RefusedError}
    assert "cannot connect" in str(answers[0])
    assert some.ledger.spent.requests == 0, "nothing ever left"


def test_a_black_hole_is_said_within_the_same_time(asker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_DEAD_AFTER", 2.0)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        started = time.monotonic()
        answer = asker(limits=Limits()).one(f"http://127.0.0.1:{full.getsockname()[1]}/v1")
        for sock in waiting:
            sock.close()
    assert isinstance(answer, RefusedError)
    assert time.monotonic() - started < 4


@both
@pytest.mark.parametrize("path", ["hang", "drip/body", "drip/head"])
def test_a_hang_costs_its_limit_twice_and_no_more(asker: Any, server: Any, path: str) -> None:
    some = asker(retries=5)
    some.one(server.url("ok"))
    started = time.monotonic()
    answer = some.one(server.url(path))
    assert isinstance(answer, WireError)
    assert answer.kind == "timeout"
    assert time.monotonic() - started < 4 * QUICK.total
    assert isinstance(some.one(server.url("ok")), Reply), "one that hangs says nothing of the others"


def test_a_server_that_stops_answering_ends_the_run(asker: Any, server: Any) -> None:
    some = asker(concurrency=2, retries=1)
    answers = some.all([exchange(server.url("status/500"), str(ask)) for ask in range(50)])
    assert isinstance(answers[-1], RefusedError)
    assert "in a row" in str(answers[-1])
    assert server.total <= 12


def test_a_filtered_prompt_is_an_answer(asker: Any, server: Any) -> None:
    answer = asker().one(server.url("filtered"))
    assert isinstance(answer, Reply)
    assert answer.status == 400


@pytest.mark.parametrize("status", ["200", "400", "401", "404", "429", "500", "garbage"])
def test_a_key_that_the_server_says_back_goes_nowhere(
    asker: Any, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr(health, "_LONGEST_PAUSE", 0.3)
    tape = tmp_path / "tape.jsonl"
    some = asker(retries=1, tape=tape)
    url = server.url(f"leak/{status}?api_key={'q' * 20}")
    answer = some.all([Exchange(Call("POST", url, b"{}", {**HEADERS, "x-api-key": "other-key-1"}), {"url": "leak"}, 1, 1)])[0]
    some.close()
    shown = f"{answer!s} {answer!r} {tape.read_text()}"
    for secret in (KEY, "q" * 20, "other-key-1"):
        assert secret not in shown
    assert "taken out" in shown or status == "garbage"


@both
def test_a_connection_that_went_stale_is_not_waited_for(asker: Any, server: Any) -> None:
    some = asker(concurrency=1)
    started = time.monotonic()
    answers = some.all([exchange(server.url("stale"), str(ask)) for ask in range(2)])
    assert all(isinstance(answer, Reply) for answer in answers)
    assert time.monotonic() - started < 0.3
    assert server.total == some.ledger.spent.requests == 3
    assert some.ledger.spent.tokens == 2 * 10, "what was never answered is not billed"


def test_what_is_asked_twice_at_once_is_sent_once_and_what_is_known_never(asker: Any, server: Any, tmp_path: Path) -> None:
    some = asker(tape=tmp_path / "tape.jsonl")
    answers = some.all([exchange(server.url("slow/50"))] * 10)
    answers += some.all([exchange(server.url("slow/50"))] * 10)
    assert {answer.status for answer in answers if isinstance(answer, Reply)} == {200}
    assert len(answers) == 20
    assert server.total == 1
    some.all([exchange(server.url("slow/50"), "again")])
    assert server.total == 2


def test_a_cap_on_requests_is_met_exactly(asker: Any, server: Any) -> None:
    some = asker(caps=Caps(max_requests=10), concurrency=32)
    answers = some.all([exchange(server.url("slow/20"), str(ask)) for ask in range(100)])
    assert sum(isinstance(answer, Reply) for answer in answers) == server.total == 10
    assert sum(isinstance(answer, SpentError) for answer in answers) == 90


def test_a_cap_on_tokens_waits_for_what_is_in_flight(asker: Any, server: Any) -> None:
    """Ten tokens are billed of a hundred reserved: with only five reservations under the cap, many more requests fit."""
    some = asker(caps=Caps(max_tokens_total=500), concurrency=32)
    answers = some.all([exchange(server.url("ok"), str(ask), (50, 50)) for ask in range(100)])
    assert sum(isinstance(answer, Reply) for answer in answers) == 41
    assert some.ledger.spent.tokens == 410


def test_a_bill_larger_than_agreed_ends_the_run(asker: Any, server: Any) -> None:
    some = asker(caps=Caps(max_tokens_total=10_000), concurrency=1)
    answers = some.all([exchange(server.url("overbill"), str(ask)) for ask in range(5)])
    assert [type(answer) for answer in answers] == [Reply] + [SpentError] * 4
    assert some.ledger.spent.tokens == 2 * 10**6


def test_an_error_that_is_billed_is_counted(asker: Any, server: Any) -> None:
    some = asker()
    answer = some.one(server.url("billed"))
    assert isinstance(answer, Reply)
    assert (some.ledger.spent.requests, some.ledger.spent.tokens_in, some.ledger.spent.tokens_out) == (1, 7, 2)


def test_a_fault_in_reading_the_bill_leaves_nobody_waiting(asker: Any, server: Any) -> None:
    def broken(_: Reply) -> Usage:
        raise KeyError("usage")

    some = asker()
    answer = some.all([exchange(server.url("ok"))], broken)[0]
    assert isinstance(answer, VictimError)
    assert some.ledger.spent.tokens == 20, "the worst case"


@both
def test_closing_tells_everybody_and_can_be_done_twice(asker: Any, server: Any) -> None:
    some = asker(concurrency=2, limits=Limits())
    told: list[Answer] = []
    for ask in range(5):
        some.client.start(exchange(server.url("hang"), str(ask)), usage, told.append)
    time.sleep(0.2)
    started = time.monotonic()
    some.client.close()
    some.client.close()
    assert time.monotonic() - started < 2
    assert [type(answer) for answer in told] == [VictimError] * 5
    assert some.ledger.spent.requests == server.total == 2
    with pytest.raises(VictimError, match="closed"):
        some.client.ask(exchange(server.url("ok")), usage)


def test_a_forked_child_is_told_and_leaves_the_parent_alone(server: Any) -> None:
    some = Asker("aiohttp")
    assert isinstance(some.one(server.url("ok")), Reply)
    child = os.fork()
    if child == 0:
        try:
            some.client.ask(exchange(server.url("ok"), "child"), usage)
            os._exit(1)
        except VictimError:
            some.client.close()
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert isinstance(some.all([exchange(server.url("ok"), "parent")])[0], Reply)
    some.close()


SCRIPT = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
from robustness.victims.endpoint.cassette import Cassette
from robustness.victims.endpoint.client import Client, Exchange
from robustness.victims.endpoint.ledger import Ledger
from robustness.victims.endpoint.transports import transport_factory
from robustness.victims.endpoint.wire import Call
client = Client(transport_factory(sys.argv[1]), ledger=Ledger(), cassette=Cassette.open(None))
what = [Exchange(Call("POST", sys.argv[2], b"{}"), n, 1, 1) for n in range(4)]
for one in what[1:]:
    client.start(one, lambda reply: None, lambda answer: print("told", flush=True))
print("started", flush=True)
if sys.argv[3] == "wait":
    client.ask(what[0], lambda reply: None)
import time
time.sleep(0.3)
"""


@both
@pytest.mark.parametrize("way", ["leave", "wait"])
def test_an_interpreter_that_ends_waits_for_nothing(transport: str, server: Any, way: str) -> None:
    """At its end, and on Ctrl-C while it waits: at once, without a warning, with requests in flight."""
    command = [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", SCRIPT, transport, server.url("hang"), way]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "started\n"
    if way == "wait":
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
    started = time.monotonic()
    output, errors = running.communicate(timeout=10)
    assert time.monotonic() - started < 15
    assert output.split() == ["told"] * 3, "whoever waits is told"
    assert "Warning" not in errors
    assert "Exception ignored" not in errors
    assert "destroyed" not in errors
    assert way == "leave" or "KeyboardInterrupt" in errors


def test_asking_loads_no_library_before_the_first_request() -> None:
    code = "import sys, robustness.victims.endpoint.client; print([m for m in ('aiohttp', 'tenacity') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
