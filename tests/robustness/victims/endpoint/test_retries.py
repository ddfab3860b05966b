"""What a reply means and how long to wait, without a socket."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from robustness.victims.endpoint.stream.leaks import Cleaner, excerpt, without_secrets
from robustness.victims.endpoint.stream.limits import Pace
from robustness.victims.endpoint.stream.retries import backoff, duration, fate, wait_asked
from robustness.victims.endpoint.wire import Call, Reply


def reply(status: int, **body: Any) -> Reply:
    return Reply(status, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12", 12), ("1.5", 1.5), ("6ms", 0.006), ("1m30s", 90), ("2h", 7200), ("1d2h", 93600), ("6m0s", 360), ("59.2s", 59.2)],
)
def test_durations_in_every_spelling(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "1e99", "1x", "s", "1m junk", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_what_is_no_duration(text: str) -> None:
    assert duration(text) is None


def test_waits_in_seconds_milliseconds_and_dates() -> None:
    now = time.time()
    assert wait_asked({"retry-after": "7"}, now) == 7
    assert wait_asked({"retry-after-ms": "1500", "retry-after": "7"}, now) == 1.5
    assert wait_asked({"retry-after": formatdate(now + 30, usegmt=True)}, now) == pytest.approx(30, abs=1)
    assert wait_asked({"retry-after": formatdate(now - 30, usegmt=True)}, now) == 0
    assert wait_asked({"retry-after": "whenever"}, now) is None
    assert wait_asked({}, now) is None


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (reply(200, error={"code": "insufficient_quota"}), "final"),
        (reply(400, error={"code": "content_filter"}), "final"),
        (reply(422), "final"),
        (reply(408), "again"),
        (reply(409), "again"),
        (reply(500), "again"),
        (reply(529), "again"),
        (reply(501), "final"),
        (reply(429), "throttled"),
        (reply(429, error={"message": "You exceeded your current quota, insufficient_quota"}), "throttled"),
        (reply(429, error={"status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for requests per minute"}), "throttled"),
        (reply(429, error={"type": "insufficient_quota", "code": None}), "spent"),
        (reply(429, error={"code": "credit-balance-exhausted"}), "spent"),
        (reply(429, code="billing_hard_limit_reached"), "spent"),
        (reply(402), "spent"),
        (reply(400, error={"type": "invalid_request_error", "message": "Your credit balance is too low to access"}), "spent"),
        (reply(401), "refused"),
        (reply(403), "refused"),
        (reply(403, error={"metadata": {"flagged_input": "x", "reasons": ["violence"]}}), "final"),
        (reply(404), "refused"),
        (Reply(429, {}, b"<html>slow down</html>"), "throttled"),
        (Reply(429, {}, b"[" * 100_000), "throttled"),
    ],
)
def test_what_a_reply_means(answer: Reply, what: str) -> None:
    assert fate(answer, served=False) == what


def test_a_404_after_answers_ends_the_run_only_where_it_names_the_model() -> None:
    assert fate(reply(404), served=True) == "final"
    assert fate(reply(404, error={"code": "model_not_found"}), served=True) == "refused"


def test_the_jitter_comes_from_seed_and_exchange_alone() -> None:
    assert backoff(3, 0, "a") == backoff(3, 0, "a")
    assert len({backoff(3, seed, key) for seed in range(4) for key in "abcd"}) == 16
    for attempt in range(1, 12):
        assert min(30, 0.5 * 2 ** (attempt - 1)) / 2 <= backoff(attempt, 0, "a") <= min(30, 0.5 * 2 ** (attempt - 1))


def test_what_is_left_is_read_with_what_is_in_flight_taken_off() -> None:
    pace = Pace(8)
    pace.heard({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "1m30s"}, 3, 0, 0.0, 0.0)
    for _ in range(2):
        assert pace.wait(1, 1.0) == 0
        pace.sent(1, 1.0)
    assert pace.wait(1, 1.0) == pytest.approx(59), "a minute is the longest that a header holds it back"
    pace.heard({"x-ratelimit-remaining-tokens": "100", "x-ratelimit-reset-tokens": "6s"}, 0, 40, 100.0, 0.0)
    assert pace.wait(60, 100.0) == 0
    assert pace.wait(61, 100.0) == pytest.approx(6)
    assert pace.wait(61, 106.5) == 0
    clock = 1_790_000_000.0
    pace.heard({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((clock + 9) * 1000))}, 0, 0, 200.0, clock)
    assert pace.wait(1, 200.0) == pytest.approx(9)
    pace.heard({"x-ratelimit-remaining-requests": "nothing", "x-ratelimit-reset-requests": "?"}, 0, 0, 300.0, 0.0)
    assert pace.wait(1, 300.0) == 0


def test_rates_are_kept_and_unused_tokens_given_back() -> None:
    pace = Pace(8, rps=10, tpm=6000)
    pace.sent(50, 0.0)
    assert pace.wait(1, 0.0) == pytest.approx(0.5)
    pace.used_less(45)
    assert pace.wait(1, 0.0) == pytest.approx(0.1), "now only the requests hold it back"


KEY = "sk-live-4f9aQ/x+7Zb=2"


def test_keys_go_out_of_replies_and_everyday_words_stay() -> None:
    call = Call("POST", "https://h/v1?key=querysecret1", b"", {"Authorization": f"Bearer {KEY}", "X-Title": "sentiment"})
    said = Reply(200, {"x": KEY}, f"{KEY} querysecret1 sk-live-4f9aQ%2Fx%2B7Zb%3D2 sentiment Bearer".encode())
    clean = Cleaner().cleaned(said, call)
    assert clean.body == b"[taken out] [taken out] [taken out] sentiment Bearer"
    assert clean.headers == {"x": "[taken out]"}
    assert Cleaner().cleaned(reply(200), call).body == b"{}"
    assert "sentiment" not in without_secrets("a sentiment", call)


def test_an_excerpt_is_searched_before_it_is_cut() -> None:
    call = Call("POST", "http://h/", b"", {"Authorization": f"Bearer {KEY}"})
    text = excerpt(Reply(500, {}, ("x" * 290 + f" {KEY}").encode()), call)
    assert "sk-live" not in text
    assert len(text) <= 300
