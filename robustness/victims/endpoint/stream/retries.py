"""What a reply means for the client: hand it out, ask again and when, or end the run. Pure functions of a reply and a clock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from robustness.victims.endpoint.wire import Reply

Fate = Literal["final", "again", "throttled", "refused", "spent"]

_NO_MONEY = frozenset(
    "insufficient_quota credit_balance_exhausted billing_hard_limit_reached billing_not_active billing_error "
    "insufficient_credits insufficient_balance insufficient_user_quota credit_balance_too_low exceeded_current_quota_error "
    "arrearage out_of_credits payment_required budget_exceeded".split()
)
_NO_MONEY_TEXT = "credit balance is too low"  # one large API says it in these words alone, as a 400 without a code of its own
_FILTERED = frozenset(
    "content_filter content_policy_violation responsibleaipolicyviolation moderation_blocked moderation".split()
)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|s|m|h|d)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def fate(reply: Reply, served: bool) -> Fate:
    """What becomes of a reply; ``served``: whether this endpoint has answered anything well before.

    A body is read only where the status says that something is wrong. "Quota" in a message proves nothing: some servers word a
    mere throttle so. Billing is believed from codes.
    """
    status = reply.status
    if status < 400:
        return "final"
    if status in (408, 409, 425) or (status >= 500 and status not in (501, 505)):  # these two will not pass by themselves
        return "again"
    codes = set(_codes(reply))
    if status == 402 or (status in (400, 403, 429) and (codes & _NO_MONEY or _says_no_money(reply))):
        return "spent"
    if status == 429:
        return "throttled"
    if status in (401, 403):
        return "final" if codes & _FILTERED else "refused"
    if status in (404, 405) and (not served or codes & {"model_not_found", "not_found_error", "deploymentnotfound"}):
        return "refused"
    return "final"


def _codes(reply: Reply) -> Iterator[str]:
    """What an error body calls itself: code and type, at the top or one level down; lower case, with underscores."""
    try:
        body = reply.json()
    except (ValueError, RecursionError):
        return
    levels: list[Any] = [body, *(body.values() if isinstance(body, dict) else body[:1] if isinstance(body, list) else ())]
    for level in levels:
        if not isinstance(level, dict):
            continue
        inner = level.get("innererror")
        for key in ("code", "type", "status"):
            yield from (_word(part.get(key)) for part in (level, inner) if isinstance(part, dict))
        metadata = level.get("metadata")
        if isinstance(metadata, dict) and ("flagged_input" in metadata or "reasons" in metadata):
            yield "moderation"


def _word(value: Any) -> str:
    return value.lower().replace("-", "_").replace(" ", "_") if isinstance(value, str) else ""


def _says_no_money(reply: Reply) -> bool:
    return reply.status == 400 and len(reply.body) < 2000 and _NO_MONEY_TEXT.encode() in reply.body.lower()


def wait_asked(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the server asks to wait: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date; ``now``: Unix time."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = duration(value)
    if seconds is not None:
        return seconds
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def duration(value: str | None) -> float | None:
    """Seconds of ``12``, ``1.5``, ``6ms``, ``1m30s``, ``2h``; None for anything else."""
    if value is None:
        return None
    text = value.strip()
    number = _number(text)
    if number is not None:
        return number
    parts = _PART.findall(text)
    if not parts or "".join(figure + unit for figure, unit in parts) != text:
        return None
    return sum(float(figure) * _SECONDS[unit] for figure, unit in parts)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else -1.0
    except ValueError:
        return None
    return number if 0 <= number < 1e15 else None


def backoff(attempt: int, seed: int, key: str) -> float:
    """Seconds before trying again after this many attempts: doubling from half a second to thirty, times 0.5 to 1.

    The share is drawn from the seed, the exchange and the attempt, so that a run waits alike however it is ordered.
    """
    drawn = int.from_bytes(hashlib.blake2b(f"{seed}/{key}/{attempt}".encode(), digest_size=4).digest(), "big") / 2**32
    return min(30.0, 0.5 * 2.0 ** min(attempt - 1, 10)) * (0.5 + drawn / 2)
