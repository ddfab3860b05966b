"""What ``run.json`` and an outcome line must look like inside, beyond their kinds; each check raises ``ValueError``."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

COUNTS = (
    *("queries", "forwards", "words_changed", "words_inserted", "words", "proposed", "rejected", "no_ops", "attempted"),
    *("distinct", "indistinguishable", "unconfirmed", "fresh_asked", "fresh_reached"),
    *("undecided", "control_asked", "control_reached"),
)
_MOST = 1 << 53
"""Beyond it a count is no longer exact wherever JSON is read."""


def check_numbers(outcome: Mapping[str, Any]) -> None:
    """Counts that can be counts, and numbers that are finite: ``1e999`` is JSON, and infinite."""
    for key in COUNTS:
        if not 0 <= outcome.get(key, 0) <= _MOST:
            raise ValueError(f"{key} cannot be {_short(outcome[key])}")
    for kind, count in outcome.get("unusable", {}).items():
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST:
            raise ValueError(f"unusable.{kind} cannot be {_short(count)}")
    numbers = [("similarity", outcome.get("similarity"))]
    for key in ("clean", "best"):
        judged = outcome.get(key) or {}
        scores = judged.get("scores")
        numbers += [(f"{key}.{name}", judged.get(name)) for name in ("score", "quality")]
        numbers += [(f"{key}.scores", score) for score in scores] if isinstance(scores, list) else []
    numbers += [(f"meta.{key}", value) for key, value in outcome.get("meta", {}).items()]
    for key, value in numbers:
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f"{key} cannot be {value}")
        if isinstance(value, int) and abs(value) > 1e300:
            raise ValueError(f"{key} cannot be {_short(value)}")


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """A victim with a name and labels, data and versions with texts in their places, numbers that can be counts."""
    victim, data = manifest["victim"], manifest["data"]
    for where, table, key in (("victim", victim, "name"), ("data", data, "source"), ("data", data, "digest")):
        if not isinstance(table.get(key, "" if where == "data" else None), str):
            raise ValueError(f"{where}.{key} cannot be {_short(table.get(key))}")
    for key in ("labels", "fields"):
        names = victim.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"victim.{key} cannot be {_short(names)}")
    if not victim.get("labels") and manifest.get("task", "classification") == "classification":
        raise ValueError("victim.labels cannot be empty")
    for key in ("seed", "examples", "budget"):
        value = manifest[key]
        if isinstance(value, bool) or (value is not None and abs(value) > _MOST) or (key != "seed" and (value or 0) < 0):
            raise ValueError(f"{key} cannot be {_short(value)}")
    seconds = manifest.get("usage", {}).get("wall_seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e12:
        raise ValueError(f"usage.wall_seconds cannot be {_short(seconds)}")
    _check_bill(manifest.get("bill", {}))
    _check_processor(manifest.get("processor", {}))
    for flag in manifest.get("flags", ()):
        if isinstance(flag, dict) and not all(isinstance(flag.get(key, ""), str) for key in ("severity", "message", "detail")):
            raise ValueError(f"a flag cannot be {_short(flag)}")
    if not all(isinstance(version, str) for version in manifest["versions"].values()):
        raise ValueError(f"versions cannot be {_short(manifest['versions'])}")


def _check_processor(processor: Mapping[str, Any]) -> None:
    """Texts and a count: what an error quotes when a run is to go on elsewhere."""
    for key in ("name", "instructions", "kernels"):
        if not isinstance(processor.get(key, ""), str):
            raise ValueError(f"processor.{key} cannot be {_short(processor[key])}")
    if type(processor.get("threads", 1)) is not int:
        raise ValueError(f"processor.threads cannot be {_short(processor['threads'])}")


def _check_bill(bill: Mapping[str, Any]) -> None:
    """Counts, money that is a number, and caps; a bill that cannot be read must not hide that a cap ended the run."""
    counts = ("requests", "tokens_in", "tokens_out")
    for key in (*counts, "dearer") if any(key in bill for key in counts) else ():
        value = bill.get(key, 0 if key == "dearer" else None)
        if type(value) is not int or not 0 <= value <= _MOST:
            raise ValueError(f"bill.{key} cannot be {_short(value)}")
    cost = bill.get("cost", 0.0)
    if isinstance(cost, bool) or not isinstance(cost, (int, float)) or not 0 <= cost < 1e300:
        raise ValueError(f"bill.cost cannot be {_short(cost)}")
    if not isinstance(bill.get("currency", ""), str) or not isinstance(bill.get("spent", False), bool):
        raise ValueError(f"a bill cannot be {_short(bill)}")
    caps = bill.get("caps", {})
    if not isinstance(caps, dict) or not all(isinstance(cap, (str, int)) for cap in caps.values()):
        raise ValueError(f"bill.caps cannot be {_short(caps)}")


def _short(value: Any) -> str:
    if isinstance(value, int) and abs(value) > _MOST:
        return f"a number of {value.bit_length()} bits"
    told = repr(value)
    return told if len(told) <= 80 else f"{told[:80]}…"
