"""``certificates.jsonl``: what samples of a distribution showed of each example, under the settings in its first line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from dataclasses import field as _field
from pathlib import Path
from typing import Any

from reports.files import exact
from reports.run import RunError

CERTIFICATES = "certificates.jsonl"
SCHEMA = 1
HOLDS, EXCEEDS, OPEN, WRONG, UNTOUCHED, ERROR = "holds", "exceeds", "open", "wrong", "untouched", "error"
STATES = (HOLDS, EXCEEDS, OPEN, WRONG, UNTOUCHED, ERROR)
_NEEDED = ("certificate_id", "victim", "task", "goal", "field", "rewrites", "tau", "confidence", "method", "samples", "varies")


@dataclass(frozen=True, slots=True)
class Certificate:
    """One example.

    ``state``: ``holds`` (its failure rate is shown to be at most tau), ``exceeds`` (shown to be above), ``open`` (neither),
    ``wrong`` (wrong on the clean text), ``untouched`` (hardly a rewrite changed it) or ``error``.

    ``samples`` and ``failures``: rewrites drawn, and those whose answer reaches the goal or is none, ``unusable`` of them the
    latter. ``distinct``: different texts among them; ``unchanged``: samples equal to the original. ``bound``: the failure rate
    is at most this, with the confidence of the settings. ``kinds``: samples and failures of each kind of rewrite. ``worst``: a
    rewrite that failed, and ``technique``, what made it. ``group``: of the run's groups, where it has them.
    """

    example_id: str
    state: str
    samples: int = 0
    failures: int = 0
    unusable: int = 0
    distinct: int = 0
    unchanged: int = 0
    bound: float | None = None
    kinds: Mapping[str, tuple[int, int]] = _field(default_factory=dict)
    worst: str | None = None
    technique: str = ""
    error: str = ""
    group: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """One line of ``certificates.jsonl``."""
        line = {name: getattr(self, name) for name in self.__slots__}
        return {**line, "kinds": {kind: list(counts) for kind, counts in self.kinds.items()}}


@dataclass(frozen=True, slots=True)
class Certificates:
    """All of them, and the settings that they were made under."""

    settings: Mapping[str, Any]
    found: tuple[Certificate, ...]


def write_certificates(path: Path, certificates: Certificates) -> None:
    """Write the file, ASCII only; the same certificates are the same bytes."""
    rows: list[Mapping[str, Any]] = [{"schema": SCHEMA, **certificates.settings}, *(one.to_dict() for one in certificates.found)]
    spelled = [json.dumps(exact.spelled(dict(r)), ensure_ascii=True, separators=(",", ":"), allow_nan=False) for r in rows]
    path.write_text("".join(f"{line}\n" for line in spelled), encoding="ascii", newline="\n")


def read_certificates(path: Path) -> Certificates:
    """Read it back; raises ``RunError`` naming the line that is not what it should be."""
    lines = path.read_text("utf-8").splitlines()
    try:
        settings = exact.loads(lines[0] if lines else "")
        if not isinstance(settings, dict) or settings.pop("schema") != SCHEMA:
            raise ValueError("another schema")
        _check_settings(settings)
    except (ValueError, KeyError) as problem:
        raise _bad(path, 1, problem) from None
    found = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            found.append(_certificate(exact.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise _bad(path, number, problem) from None
    return Certificates(settings, tuple(found))


def _bad(path: Path, number: int, problem: Exception) -> RunError:
    return RunError(f"{path}, line {number}: not a certificate ({problem}); run `robustness certify` again")


def _check_settings(settings: Mapping[str, Any]) -> None:
    missing = [name for name in _NEEDED if name not in settings]
    if missing:
        raise ValueError(f"missing {', '.join(missing)}")
    for name in ("tau", "confidence"):
        value = settings[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
            raise ValueError(f"{name} cannot be {value!r}")


def _certificate(raw: Any) -> Certificate:
    if not isinstance(raw, dict) or set(raw) != {f.name for f in fields(Certificate)}:
        raise ValueError("other keys than expected")
    counts = [raw[name] for name in ("samples", "failures", "unusable", "distinct", "unchanged")]
    if raw["state"] not in STATES or not isinstance(raw["example_id"], str):
        raise ValueError(f"state cannot be {raw['state']!r}")
    if not all(type(count) is int and 0 <= count <= raw["samples"] for count in counts):
        raise ValueError(f"counts cannot be {counts}")
    kinds = {str(kind): (int(pair[0]), int(pair[1])) for kind, pair in raw["kinds"].items()}
    return Certificate(**{**raw, "kinds": kinds})
