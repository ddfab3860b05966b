"""What a run spent on a victim behind an API, in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.run import Manifest

_CAPS = {"max_cost": "", "max_tokens_total": " tokens", "max_requests": " requests"}


def bill(manifest: Manifest) -> str:
    """The bill of a run, as ``bill_line``."""
    return bill_line(manifest.bill)


def bill_line(spent: Mapping[str, Any]) -> str:
    """``1,204 requests, 140,210 tokens in, 3,612 out, 0.0232 USD; at most 0.05 USD``; empty where nothing was counted."""
    if "requests" not in spent:
        return ""
    said = f"{spent['requests']:,} requests, {spent['tokens_in']:,} tokens in, {spent['tokens_out']:,} out"
    currency = f" {spent.get('currency', '')}".rstrip()
    if "cost" in spent:
        said += f", {money(spent['cost'])}{currency}"
    caps = [f"{_amount(cap)}{unit or currency}" for name, unit in _CAPS.items() if (cap := spent.get("caps", {}).get(name))]
    if caps:
        said += f"; at most {', '.join(caps)}"
    if spent.get("dearer"):
        said += f"; the server billed {spent['dearer']:,} requests at more than the most that they could cost"
    return said


def money(amount: float) -> str:
    """An amount with as many digits as it takes to say something: ``12.30``, ``0.0232``."""
    return f"{amount:,.2f}" if amount >= 1 or not amount else f"{amount:.2g}" if amount < 0.0001 else f"{amount:.4f}"


def _amount(cap: Any) -> str:
    return f"{cap:,}" if isinstance(cap, int) else str(cap)
