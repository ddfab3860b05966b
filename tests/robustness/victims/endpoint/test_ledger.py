"""The ledger: worst case before, bill after, and caps that no number of threads can pass."""

from __future__ import annotations

import random
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustness.errors import SpentError, UsageError
from robustness.victims.endpoint.ledger import Caps, Ledger, Spent, Usage
from robustness.victims.endpoint.prices import Prices, read_prices

PRICES = Prices(Decimal("0.15"), Decimal("0.60"), Decimal("0.075"), "USD")


class _Server:
    """Counts what it is sent; the truth that the ledger's bill is held against."""

    def __init__(self, seed: int) -> None:
        self._rng, self._lock = random.Random(seed), threading.Lock()
        self.requests = self.tokens = 0
        self.cost = Decimal(0)
        self.most: tuple[int, int, Decimal] = (0, 0, Decimal(0))

    def answer(self, tokens_in: int, most_out: int) -> Usage | None:
        with self._lock:
            silent = self._rng.random() < 0.1
            out = most_out if silent else self._rng.randint(0, most_out)
            usage = Usage(tokens_in, out, 0 if silent else self._rng.randint(0, tokens_in))
            self.requests += 1
            self.tokens += tokens_in + out
            self.cost += PRICES.cost(tokens_in, out, usage.cached_in)
            self.most = (self.requests, self.tokens, self.cost)
        return None if silent else usage


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    threads=st.integers(1, 16),
    max_requests=st.none() | st.integers(1, 200),
    max_tokens=st.none() | st.integers(1, 9000),
    max_cost=st.none() | st.decimals("0.0000001", "0.003", places=7),
)
def test_no_cap_is_passed_by_one_token_at_any_concurrency(
    seed: int, threads: int, max_requests: int | None, max_tokens: int | None, max_cost: Decimal | None
) -> None:
    caps, server = Caps(max_cost, max_tokens, max_requests), _Server(seed)
    ledger = Ledger(caps, PRICES)

    def work(number: int) -> None:
        rng = random.Random(f"{seed} {number}")
        for _ in range(30):
            tokens_in, most_out = rng.randint(1, 60), rng.randint(1, 40)
            try:
                reservation = ledger.reserve(tokens_in, most_out)
            except SpentError:
                continue  # a smaller one may fit, and this one too when others have cost less than they could
            if rng.random() < 0.05:
                ledger.cancel(reservation)
                continue
            time.sleep(0.0001)  # others go on meanwhile, so that many are under way at once
            ledger.settle(reservation, server.answer(tokens_in, most_out))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    spent = ledger.spent
    assert max_requests is None or server.requests <= max_requests
    assert max_tokens is None or server.tokens <= max_tokens
    assert max_cost is None or server.cost <= max_cost
    assert (spent.requests, spent.tokens) == (server.requests, server.tokens)
    assert spent.cost is not None
    assert spent.cost >= server.cost  # a reply without usage is counted without the discount of a cache


def test_the_last_token_may_be_spent_and_not_one_more() -> None:
    ledger = Ledger(Caps(max_tokens_total=30))
    ledger.settle(ledger.reserve(10, 10), Usage(10, 5))
    held = ledger.reserve(10, 5)
    with pytest.raises(SpentError, match="--max-tokens-total 30 is reached"):
        ledger.reserve(0, 1)
    ledger.settle(held, Usage(10, 5))
    assert ledger.spent.tokens == 30


def test_money_is_exact_to_the_last_digit() -> None:
    prices = Prices(Decimal("0.1"), Decimal("0.2"), Decimal("0.1"), "EUR")
    ledger = Ledger(Caps(max_cost=Decimal("0.0000003")), prices)
    for _ in range(3):  # in floating point three times 0.1 is more than 0.3
        ledger.settle(ledger.reserve(1, 0), Usage(1, 0))
    assert ledger.spent.cost == Decimal("0.0000003")
    with pytest.raises(SpentError, match=r"--max-cost 0\.0000003 EUR"):
        ledger.reserve(1, 0)


def test_a_reply_without_usage_costs_the_worst_case() -> None:
    ledger = Ledger(prices=PRICES)
    assert ledger.settle(ledger.reserve(100, 20), None) == Spent(1, 100, 20, PRICES.worst(100, 20))


def test_tokens_found_in_the_cache_cost_their_own_price() -> None:
    ledger = Ledger(prices=PRICES)
    assert ledger.settle(ledger.reserve(1000, 20), Usage(1000, 10, 400)).cost == Decimal("0.000126")  # 600, 400 and 10 tokens


def test_a_server_that_bills_more_than_it_may_is_counted_as_billed_and_ends_the_run() -> None:
    ledger = Ledger(Caps(max_tokens_total=100))
    ledger.settle(ledger.reserve(10, 10), Usage(10, 500))
    assert (ledger.spent.tokens, ledger.over) == (510, 1)
    with pytest.raises(SpentError):
        ledger.reserve(1, 0)


def test_a_negative_bill_pays_for_nothing() -> None:
    ledger = Ledger(Caps(max_tokens_total=100))
    assert ledger.settle(ledger.reserve(10, 10), Usage(-50, -50, -7)).tokens == 0


def test_what_was_reserved_and_not_used_can_be_spent() -> None:
    ledger = Ledger(Caps(max_tokens_total=100))
    first = ledger.reserve(10, 80)
    with pytest.raises(SpentError):
        ledger.reserve(10, 80)
    ledger.settle(first, Usage(5, 3))
    ledger.reserve(10, 80)


def test_a_request_that_never_left_is_given_back_and_nothing_is_settled_twice() -> None:
    ledger = Ledger(Caps(max_requests=1))
    gone = ledger.reserve(1, 1)
    ledger.cancel(gone)
    assert ledger.spent == Spent()
    kept = ledger.reserve(1, 1)
    ledger.settle(kept, None)
    for again in (gone, kept):
        with pytest.raises(ValueError, match="settled before"):
            ledger.settle(again, None)


def test_what_was_spent_before_counts() -> None:
    ledger = Ledger(Caps(max_requests=10), already=Spent(10, 5, 5))
    with pytest.raises(SpentError):
        ledger.reserve(1, 1)


def test_a_cap_on_money_needs_prices_before_anything_is_sent() -> None:
    with pytest.raises(UsageError, match="--prices FILE"):
        Ledger(Caps(max_cost=Decimal(1)))


@pytest.mark.parametrize(
    "caps", [Caps(max_requests=0), Caps(max_tokens_total=-1), Caps(max_cost=Decimal(0)), Caps(Decimal("NaN"))]
)
def test_caps_are_positive(caps: Caps) -> None:
    with pytest.raises(UsageError, match="expects"):
        Ledger(caps, PRICES)


def test_prices_are_read_by_model_else_the_default(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(
        'currency = "USD"\n[default]\ninput = 1\noutput = 2.50\n'
        '[models."a/b-mini"]\ninput = 0.1\noutput = 0\ncached_input = 0.01\n'
    )
    assert read_prices(file, "a/b-mini") == Prices(Decimal("0.1"), Decimal(0), Decimal("0.01"), "USD")
    assert read_prices(file, "other") == Prices(Decimal(1), Decimal("2.50"), Decimal(1), "USD")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "currency is a word"),
        ("currency = 3", "currency is a word"),
        ('currency = "USD"', "no price of the model 'm'"),
        ('currency = "USD"\nmodel = 3', "did you mean 'models'"),
        ('currency = "USD"\n[default]\ninput = 1', "has no output"),
        ('currency = "USD"\n[default]\ninput = -1\noutput = 1', "from 0 up"),
        ('currency = "USD"\n[default]\ninput = nan\noutput = 1', "from 0 up"),
        ('currency = "USD"\n[default]\ninput = true\noutput = 1', "from 0 up"),
        ('currency = "USD"\n[default]\ninput = 1\noutput = 1\ncached = 1', "did you mean 'cached_input'"),
        ('currency = "USD"\ndefault = 1', "is a table"),
        ("currency = USD", "cannot be read"),
    ],
)
def test_bad_prices_say_what_is_wrong(tmp_path: Path, text: str, match: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=match):
        read_prices(file, "m")
