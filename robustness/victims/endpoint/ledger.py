"""What asking an endpoint costs, and the caps that it never passes.

Before a request goes out, the most that it can cost is reserved; after it came back, what the server billed is settled. What is
settled and what is reserved together never pass a cap, so no number of requests in flight can. Every attempt is a request: a
retry is paid for again.

Only a server that bills more for one request than the most that it was allowed to write can bring the bill past a cap. That is
counted as billed, said in the report, and no request follows it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from robustness.errors import SpentError, UsageError
from robustness.victims.endpoint.prices import Prices


class Usage(NamedTuple):  # a few are made for each request, and a tuple is made in a third of a dataclass's time
    """What a server says that it read and wrote for one request; ``cached_in``: how much of the input its cache held."""

    tokens_in: int
    tokens_out: int
    cached_in: int = 0


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that a run may spend, None for no limit: money in the currency of the prices, tokens in and out, requests."""

    max_cost: Decimal | None = None
    max_tokens_total: int | None = None
    max_requests: int | None = None

    def record(self) -> dict[str, Any]:
        """Those that are set, as JSON holds them."""
        given = {
            "max_cost": None if self.max_cost is None else f"{self.max_cost:f}",
            "max_tokens_total": self.max_tokens_total,
            "max_requests": self.max_requests,
        }
        return {name: value for name, value in given.items() if value is not None}


class Spent(NamedTuple):
    """What was spent. ``cost``: None without prices."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal | None = None

    def __add__(self, other: Spent) -> Spent:  # type: ignore[override]  # amounts are added, not strung together
        cost = self.cost if other.cost is None else other.cost if self.cost is None else self.cost + other.cost
        return Spent(self.requests + other.requests, self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out, cost)

    def __sub__(self, other: Spent) -> Spent:
        cost = self.cost if self.cost is None or other.cost is None else self.cost - other.cost
        return Spent(self.requests - other.requests, self.tokens_in - other.tokens_in, self.tokens_out - other.tokens_out, cost)

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.tokens_in + self.tokens_out


class Reservation(NamedTuple):
    """One request that may go out. ``serial``: its number in the ledger; ``worst``: the most that it can cost."""

    serial: int
    worst: Spent


class Journal(Protocol):
    """Is told of every request before it goes out and after it came back, so that a killed process leaves nothing uncounted."""

    def sent(self, serial: int, worst: Spent) -> None:
        """A request is about to go out."""

    def billed(self, serial: int, spent: Spent) -> None:
        """It came back."""

    def unsent(self, serial: int) -> None:
        """It never left."""


class Ledger:
    """Reserves before a request goes out and settles after; thread-safe.

    ``already``: what was spent before this process. ``journal``: where each request is written down, numbered from ``first``.

    Raises:
        UsageError: a cap on money without prices, or a cap that is no positive number.
    """

    def __init__(
        self,
        caps: Caps | None = None,
        prices: Prices | None = None,
        already: Spent | None = None,
        *,
        journal: Journal | None = None,
        first: int = 0,
    ) -> None:
        self.caps, self.prices = caps or Caps(), prices
        if self.caps.max_cost is not None and prices is None:
            raise UsageError("--max-cost needs to know what tokens cost: give --prices FILE (see docs/spending.md)")
        _check(self.caps)
        self._lock = threading.Lock()
        self._settled = already or Spent()
        self._committed = self._settled  # and what is reserved
        self._open: set[int] = set()
        self._next, self._journal = first, journal
        self.over: int = 0

    @property
    def spent(self) -> Spent:
        """What was settled so far, before this process included; requests in flight are not in it."""
        with self._lock:
            return self._with_cost(self._settled)

    def reserve(self, tokens_in: int, tokens_out: int) -> Reservation:
        """Allow one request that costs at most this.

        Raises:
            SpentError: with what is settled and reserved it could pass a cap. It may still fit once requests in flight have cost
                less than they could: nothing more fits when none is in flight.
        """
        if tokens_in < 0 or tokens_out < 0:
            raise ValueError(f"tokens are counted from 0 up, got {tokens_in} and {tokens_out}")
        cost = None if self.prices is None else self.prices.worst(tokens_in, tokens_out)
        worst = Spent(1, tokens_in, tokens_out, cost)
        with self._lock:
            committed = self._committed + worst
            cap = self._passed(committed)
            if cap:
                raise SpentError(self._refusal(cap))
            reservation = Reservation(self._next, worst)
            if self._journal is not None:  # before it counts: what cannot be written down does not go out
                self._journal.sent(reservation.serial, worst)
            self._next += 1
            self._open.add(reservation.serial)
            self._committed = committed
        return reservation

    def settle(self, reservation: Reservation, usage: Usage | None) -> Spent:
        """Count what a request cost, and say it; the most that it could have cost where the server did not say.

        It never raises for an answer that is dearer than it could be: that one is paid. The next request is refused.
        """
        billed = reservation.worst if usage is None else self._bill(usage)
        with self._lock:
            self._close(reservation, billed)
            self._settled += billed
            self.over += usage is not None and _dearer(billed, reservation.worst)
            if self._journal is not None:
                self._journal.billed(reservation.serial, billed)
        return billed

    def cancel(self, reservation: Reservation) -> None:
        """Give back what was reserved for a request that never left."""
        with self._lock:
            self._close(reservation, Spent())
            if self._journal is not None:
                self._journal.unsent(reservation.serial)

    def _close(self, reservation: Reservation, billed: Spent) -> None:
        if reservation.serial not in self._open:
            raise ValueError(f"request {reservation.serial} was settled before, or is of another ledger")
        self._open.remove(reservation.serial)
        self._committed = self._committed - reservation.worst + billed

    def _bill(self, usage: Usage) -> Spent:
        """What a server says, but nothing below zero: a negative count would pay for other requests."""
        tokens_in, tokens_out = max(0, usage.tokens_in), max(0, usage.tokens_out)
        cached = min(max(0, usage.cached_in), tokens_in)
        cost = None if self.prices is None else self.prices.cost(tokens_in, tokens_out, cached)
        return Spent(1, tokens_in, tokens_out, cost)

    def _passed(self, total: Spent) -> str:
        """The flag of the first cap that a total is above."""
        caps = self.caps
        if caps.max_requests is not None and total.requests > caps.max_requests:
            return "--max-requests"
        if caps.max_tokens_total is not None and total.tokens > caps.max_tokens_total:
            return "--max-tokens-total"
        if caps.max_cost is not None and (total.cost or 0) > caps.max_cost:
            return "--max-cost"
        return ""

    def _refusal(self, flag: str) -> str:
        """In words that do not depend on how far the other trials were: they stand in the outcomes."""
        amount = self.caps.record()[flag.removeprefix("--").replace("-", "_")]
        unit = f" {self.prices.currency}" if flag == "--max-cost" and self.prices else ""
        return f"{flag} {amount}{unit} is reached: one more request could pass it; resume the run with a larger cap"

    def _with_cost(self, spent: Spent) -> Spent:
        if self.prices is None or spent.cost is not None:
            return spent
        return Spent(spent.requests, spent.tokens_in, spent.tokens_out, Decimal(0))


def _check(caps: Caps) -> None:
    for flag, value in (("--max-requests", caps.max_requests), ("--max-tokens-total", caps.max_tokens_total)):
        if value is not None and value < 1:
            raise UsageError(f"{flag} expects a whole number from 1 up, got {value}")
    if caps.max_cost is not None and not (caps.max_cost.is_finite() and caps.max_cost > 0):
        raise UsageError(f"--max-cost expects an amount above 0, got {caps.max_cost}")


def _dearer(billed: Spent, worst: Spent) -> bool:
    """Whether a server billed more than the most that a request was reserved for."""
    return billed.tokens_in > worst.tokens_in or billed.tokens_out > worst.tokens_out
