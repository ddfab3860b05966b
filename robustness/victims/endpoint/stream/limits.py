"""How fast the client may go: a width that adapts, the rates that the user set, and what the server says is left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from robustness.victims.endpoint.stream.retries import duration

_LONGEST_WAIT = 60.0
"""Seconds that remaining/reset headers may hold the client back: a daily allowance is told by a 429 of its own."""
_COOL_DOWN = 1.0
"""Seconds after a throttle's pause in which the width does not grow."""
_REMAINING = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
)
_REMAINING_TOKENS = (
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
)


class Pace:
    """Says when the next request may go out; used from one thread. Times are seconds of one monotonic clock, given by the caller.

    The width follows additive increase, multiplicative decrease: a 429 halves it, answers widen it again up to ``concurrency``
    after a cool-down. A failing server is no reason to go slower than its own back-off.
    """

    def __init__(self, concurrency: int, rps: float | None = None, tpm: float | None = None) -> None:
        self._most = max(1, concurrency)
        self._width = float(self._most)
        self._seconds_a_request = 1 / rps if rps else 0.0
        self._seconds_a_token = 60 / tpm if tpm else 0.0
        self._next_request = 0.0
        self._next_token = 0.0
        self._not_before = 0.0
        self._narrowed = 0.0
        self._cool_until = 0.0
        self._throttles = 0
        self._left: dict[str, tuple[float, float]] = {}  # what is left of "requests" and "tokens", and until when that holds

    @property
    def width(self) -> int:
        """How many requests may be in flight."""
        return int(self._width)

    def wait(self, tokens: int, now: float) -> float:
        """Seconds until a request of this many tokens (worst case) may go out; 0 for now."""
        until = max(self._not_before, self._next_request, self._next_token)
        for kind, need in (("requests", 1), ("tokens", tokens)) if self._left else ():
            left, holds_until = self._left.get(kind, (float("inf"), 0.0))
            if left < need and holds_until > now:
                until = max(until, holds_until)
        return max(0.0, until - now)

    def sent(self, tokens: int, now: float) -> None:
        """A request of this many tokens (worst case) goes out."""
        if self._seconds_a_request:
            self._next_request = max(self._next_request, now) + self._seconds_a_request
        if self._seconds_a_token:
            self._next_token = max(self._next_token, now) + tokens * self._seconds_a_token
        if self._left:
            for kind, used in (("requests", 1), ("tokens", tokens)):
                if kind in self._left:
                    left, until = self._left[kind]
                    self._left[kind] = (left - used, until)

    def used_less(self, tokens: int) -> None:
        """So many tokens of the worst case were not needed."""
        self._next_token -= tokens * self._seconds_a_token

    def answered(self, now: float) -> None:
        """An answer came, good or bad, that was no throttle."""
        self._throttles = 0
        if self._width < self._most and now >= self._cool_until:
            self._width = min(float(self._most), self._width + 1 / self._width)

    def throttled(self, wait: float | None, sent: float, now: float) -> None:
        """A 429 came, which asks to wait this long, to a request that was sent then.

        One that was sent before the width was last halved says nothing new. After a pause it stays narrow for a while.
        """
        pause = wait or 0.0
        if sent >= self._narrowed:
            self._narrowed = now
            self._width = max(1.0, self._width / 2)
            self._throttles += 1
            if wait is None:
                pause = min(30.0, 0.25 * 2.0 ** min(self._throttles, 10))
            self._cool_until = now + pause + _COOL_DOWN
        self._not_before = max(self._not_before, now + pause)

    def heard(self, headers: Mapping[str, str], in_flight: int, tokens_in_flight: int, now: float, clock: float) -> None:
        """Read what the server says is left; ``clock`` is Unix time, for resets that are given as a date.

        The server may not have seen yet what is in flight, so that is taken off: at worst the client is early in slowing down.
        """
        for kind, names, flying in (("requests", _REMAINING, in_flight), ("tokens", _REMAINING_TOKENS, tokens_in_flight)):
            for remaining, reset in names:
                if remaining in headers:
                    self._note(kind, headers[remaining], headers.get(reset), flying, now, clock)
                    break

    def _note(self, kind: str, remaining: str, reset: str | None, flying: int, now: float, clock: float) -> None:
        try:
            left = float(remaining)
        except ValueError:
            return
        seconds = _until(reset, clock)
        if seconds is None:
            self._left.pop(kind, None)
        else:
            self._left[kind] = (left - flying, now + min(_LONGEST_WAIT, seconds))


def _until(reset: str | None, clock: float) -> float | None:
    """Seconds until a reset that is given as a duration, as Unix time or as an RFC 3339 date."""
    if reset is None:
        return None
    seconds = duration(reset)
    if seconds is not None:
        at = seconds / 1000 if seconds > 1e11 else seconds
        return max(0.0, at - clock) if at > 1e8 else at
    try:
        return max(0.0, datetime.fromisoformat(reset).timestamp() - clock)
    except ValueError:
        return None
