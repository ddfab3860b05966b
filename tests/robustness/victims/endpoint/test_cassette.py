"""The cassette: nothing is lost by a kill, no key is in it, and a replay reads what the run read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustness.errors import CassetteError, SpentError, UsageError, VictimError, VictimTimeoutError
from robustness.victims.endpoint.cassette import FILE, Cassette
from robustness.victims.endpoint.exchange import Exchange
from robustness.victims.endpoint.ledger import Caps, Ledger, Spent, Usage
from robustness.victims.endpoint.prices import Prices
from robustness.victims.endpoint.session import open_session
from robustness.victims.endpoint.wire import Call, Reply, WireError

PRICES = Prices(Decimal("0.1"), Decimal("0.2"), Decimal("0.1"), "USD")


def asking(text: str, ask: str = "") -> Exchange:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    canonical = {"method": "POST", "url": "http://host/v1", "body": body}
    call = Call("POST", "http://host/v1", json.dumps(body).encode(), {"Authorization": "Bearer sk-of-the-test-123"})
    return Exchange(call, canonical, 10, 5, ask)


def answering(text: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, text.encode() if isinstance(text, str) else text)


def kept(cassette: Cassette, one: Exchange, reply: Reply) -> Reply:
    return cassette.keep(one.key(), one, reply, 1, Spent(1, 10, 5))


def test_what_was_answered_is_answered_again_by_request_and_name_of_the_asking(tmp_path: Path) -> None:
    with_name = [asking("a"), asking("a", "again#1"), asking("b")]
    cassette = Cassette.open(tmp_path / FILE)
    for number, one in enumerate(with_name):
        assert cassette.recall(one.key()) is None
        kept(cassette, one, answering(f"{number}"))
    cassette.close()
    again = Cassette.open(tmp_path / FILE)
    assert [again.recall(one.key()) for one in with_name] == [answering("0"), answering("1"), answering("2")]
    again.close()


@settings(max_examples=30, deadline=None)
@given(body=st.binary(max_size=60), text=st.text(max_size=20))
def test_any_body_and_any_text_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, body: bytes, text: str) -> None:
    file = tmp_path_factory.mktemp("any") / FILE
    one = asking(text + "\ud83d")
    cassette = Cassette.open(file)
    first = kept(cassette, one, answering(body))
    cassette.close()
    replayed = Cassette.replay(file)
    assert replayed.recall(one.key()) == first == answering(body)
    replayed.close()


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_torn_last_line_is_cut_off_and_asked_again(tmp_path: Path, cut: int) -> None:
    file, first, second = tmp_path / FILE, asking("a"), asking("b")
    cassette = Cassette.open(file)
    kept(cassette, first, answering("1"))
    kept(cassette, second, answering("2"))
    cassette.close()
    file.write_bytes(file.read_bytes()[:-cut])
    again = Cassette.open(file)
    assert (again.recall(first.key()), again.recall(second.key())) == (answering("1"), None)
    kept(again, second, answering("2"))
    again.close()
    assert Cassette.replay(file).recall(second.key()) == answering("2")


@pytest.mark.parametrize("damage", [b"{}\n{\n", b'{"key": 1}\n', b'{"billed": 7, "tokens_in": 1, "tokens_out": 1}\n'])
def test_a_line_that_is_damaged_in_the_middle_is_refused(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / FILE
    cassette = Cassette.open(file)
    kept(cassette, asking("a"), answering("1"))
    cassette.close()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + damage + b"".join(lines[1:]))
    with pytest.raises(UsageError, match="not a line of a cassette"):
        Cassette.open(file)


@pytest.mark.parametrize("content", ["", "hello\n", '{"cassette":2}\n', '{"example_id":"1"}\n'])
def test_what_is_no_cassette_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / FILE
    file.write_text(content)
    with pytest.raises(UsageError, match=r"empty|cassette"):
        Cassette.replay(file)
    with pytest.raises(UsageError, match="cannot be read"):
        Cassette.replay(tmp_path / "nothing.jsonl")


def test_one_process_writes_a_cassette(tmp_path: Path) -> None:
    cassette = Cassette.open(tmp_path / FILE)
    with pytest.raises(UsageError, match="another process"):
        Cassette.open(tmp_path / FILE)
    cassette.close()


def test_no_key_and_no_header_of_a_request_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_API_KEY", "sk-of-the-test-123")
    one = asking("my key is sk-of-the-test-123")
    cassette = Cassette.open(tmp_path / FILE)
    said = '{"error": "bad key sk-of-the-test-123"}'
    reply = kept(cassette, one, answering(said, 400, {"x-request-id": "sk-of-the-test-123", "set-cookie": "id=7"}))
    binary = kept(cassette, asking("b"), answering(b"\xff\xfesk-of-the-test-123"))
    cassette.close()
    written = (tmp_path / FILE).read_text()
    assert "sk-of-the-test" not in written
    assert "set-cookie" not in written
    assert "Authorization" not in written
    assert b"sk-of-the-test" not in reply.body + binary.body


def test_a_replay_reads_what_the_run_read_though_a_secret_was_taken_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_API_KEY", "sk-of-the-test-123")
    one = asking("a")
    cassette = Cassette.open(tmp_path / FILE)
    read = kept(cassette, one, answering("you sent sk-of-the-test-123", 200, {"retry-after": "3", "server": "x"}))
    cassette.close()
    monkeypatch.delenv("TEST_API_KEY")
    assert Cassette.replay(tmp_path / FILE).recall(one.key()) == read
    assert read == answering("you sent [value of TEST_API_KEY]", 200, {"retry-after": "3"})


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_reply_that_says_not_now_is_asked_anew_by_a_resume_and_told_again_by_a_replay(tmp_path: Path, status: int) -> None:
    one = asking("a")
    cassette = Cassette.open(tmp_path / FILE)
    kept(cassette, one, answering("busy", status))
    assert cassette.recall(one.key()) is None
    cassette.close()
    assert Cassette.replay(tmp_path / FILE).recall(one.key()) == answering("busy", status)
    again = Cassette.open(tmp_path / FILE)
    kept(again, one, answering("fine"))
    again.close()
    assert Cassette.replay(tmp_path / FILE).recall(one.key()) == answering("fine")


@pytest.mark.parametrize("error", [WireError("timeout", "slow"), VictimTimeoutError("slow"), VictimError("slow")])
def test_that_nothing_came_is_told_again_by_a_replay_alone(tmp_path: Path, error: VictimError) -> None:
    one = asking("a")
    cassette = Cassette.open(tmp_path / FILE)
    cassette.keep_failure(one.key(), one, error, 6)
    assert cassette.recall(one.key()) is None
    cassette.close()
    told = Cassette.replay(tmp_path / FILE).recall(one.key())
    assert (type(told), str(told)) == (type(error), "slow")


def test_a_replay_of_something_else_says_so(tmp_path: Path) -> None:
    Cassette.open(tmp_path / FILE).close()
    with pytest.raises(CassetteError, match="another victim, other data"):
        Cassette.replay(tmp_path).recall(asking("a").key())


def test_a_replay_of_a_run_that_a_cap_ended_ends_alike(tmp_path: Path) -> None:
    cassette = Cassette.open(tmp_path / FILE)
    cassette.ended("--max-requests 3 is reached")
    cassette.close()
    with pytest.raises(SpentError, match="--max-requests 3"):
        Cassette.replay(tmp_path / FILE).recall(asking("a").key())


def test_requests_under_way_when_the_process_died_count_as_the_most_they_could_cost(tmp_path: Path) -> None:
    cassette = Cassette.open(tmp_path / FILE)
    ledger = Ledger(Caps(), PRICES, journal=cassette)
    ledger.settle(ledger.reserve(10, 5), Usage(8, 2))
    ledger.cancel(ledger.reserve(10, 5))
    ledger.reserve(100, 50)
    cassette.close()  # as far as the file is concerned, the process is dead
    again = Cassette.open(tmp_path / FILE)
    assert again.spent == Spent(2, 108, 52, PRICES.cost(8, 2) + PRICES.worst(100, 50))
    assert again.next_serial == 3
    again.close()


def test_a_session_goes_on_from_what_was_spent_and_caps_hold_over_both(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('currency = "USD"\n[default]\ninput = 0.1\noutput = 0.2\n')
    for number, requests in enumerate((3, 2)):
        session = open_session("m", {"max_requests": 5, "prices": prices}, tmp_path / "run")
        for _ in range(requests):
            session.ledger.settle(session.ledger.reserve(10, 5), Usage(10, 5))
        assert session.bill()["requests"] == (3, 5)[number]
        session.close()
    session = open_session("m", {"max_requests": 5, "prices": prices}, tmp_path / "run")
    with pytest.raises(SpentError):
        session.ledger.reserve(1, 1)
    assert session.bill() == {
        **{"requests": 5, "tokens_in": 50, "tokens_out": 25, "cost": 0.00001, "currency": "USD"},
        **{"caps": {"max_requests": 5}, "spent": False},
    }
    session.close()


def test_one_run_counts_in_one_currency(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    for currency in ("USD", "EUR"):
        prices.write_text(f'currency = "{currency}"\n[default]\ninput = 0.1\noutput = 0.2\n')
        if currency == "USD":
            open_session("m", {"prices": prices}, tmp_path / "run").close()
    with pytest.raises(UsageError, match="counts in USD"):
        open_session("m", {"prices": prices}, tmp_path / "run")


@pytest.mark.parametrize(
    ("spending", "match"),
    [
        ({"max_cost": "1"}, "--prices FILE"),
        ({"max_cost": "one"}, "--max-cost expects an amount"),
        ({"max_requests": 0}, "from 1 up"),
        ({"cassette": "x", "max_requests": 3}, "with --cassette nothing is"),
    ],
)
def test_bad_caps_leave_no_file(tmp_path: Path, spending: dict[str, object], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        open_session("m", spending, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_without_a_folder_nothing_is_remembered_and_secrets_are_still_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_API_KEY", "sk-of-the-test-123")
    cassette = Cassette.open(None)
    assert kept(cassette, asking("a"), answering("sk-of-the-test-123")).body == b"[value of TEST_API_KEY]"
    assert cassette.recall(asking("a").key()) is None


def test_a_disk_that_is_full_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session("m", {}, tmp_path)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(CassetteError, match="No space left"):
        session.ledger.reserve(1, 1)
