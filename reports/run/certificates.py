"""``certificates.jsonl``: what was certified of each example, in one block for each certificate.

A block is a line of settings, which tells what it speaks of, and a line for each example. Schema 1 held one block, of a
distribution of rewrites; it is read as what it would be today.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as _field
from pathlib import Path
from typing import Any

from reports.files import exact
from reports.files.atomic import write_atomically
from reports.run import Run, RunError

CERTIFICATES = "certificates.jsonl"
COUNTEREXAMPLES = "counterexamples.jsonl"
SCHEMA = 2
EXHAUSTIVE, REWRITES, SMOOTHED, ERASED = "exhaustive", "rewrites", "smoothed", "erased"
KINDS = (EXHAUSTIVE, REWRITES, SMOOTHED, ERASED)
CERTIFIED, BROKEN, UNCERTIFIED, SKIPPED, UNTOUCHED, HARMLESS = (
    *("certified", "broken", "uncertified", "skipped", "untouched", "harmless"),
)
STATES = (CERTIFIED, BROKEN, UNCERTIFIED, SKIPPED, UNTOUCHED, HARMLESS)
_NEEDED = ("certificate_id", "name", "kind", "victim", "task", "goal", "field", "varies", "data", "count", "digest", "finished")
_NEEDED_BY = {
    EXHAUSTIVE: ("space", "all_texts"),
    REWRITES: ("rewrites", "tau", "confidence", "method", "samples"),
    SMOOTHED: ("smoothing", "confidence", "samples", "radius"),
    ERASED: ("mode", "words", "harmless"),
}
_OLD_STATES = {"holds": CERTIFIED, "exceeds": BROKEN, "open": UNCERTIFIED, "wrong": SKIPPED, "error": UNCERTIFIED}


@dataclass(frozen=True, slots=True)
class Certificate:
    """One example.

    ``state``: ``certified``; ``broken`` (a counterexample, or a failure rate shown to be above what is tolerated);
    ``uncertified`` (neither: ``why`` says what is missing); ``skipped`` (wrong on the clean text); ``untouched`` (no text that
    the victim can tell from the original was asked, so nothing was tested); ``harmless`` (a guard's: nothing to defend).

    ``size``: edits, samples or erasures that the statement is about. ``asked``: texts that were put to the victim for it, of a
    distribution with repetitions. ``failures``: of those, the ones whose answer reaches the goal; of samples also those whose
    answer is none, ``unusable`` of them. ``distinct``: different ones that the victim can tell from the original and from each
    other; ``unchanged``: those that it cannot tell from the original. ``bound``: of rewrites, the failure rate is at most this;
    of a smoothed victim, the chance of a right answer is at least this. ``radius``: words that may change, of a smoothed victim.
    ``kinds``: asked and failures of each kind of edit. ``worst``: a text that failed, and ``technique``, what made it.
    ``attacked``: recipes of the run that broke the example by a text which the statement is about. ``group``: of the run's
    groups, where it has them.
    """

    example_id: str
    state: str
    size: int = 0
    asked: int = 0
    failures: int = 0
    unusable: int = 0
    distinct: int = 0
    unchanged: int = 0
    bound: float | None = None
    radius: int | None = None
    kinds: Mapping[str, tuple[int, int]] = _field(default_factory=dict)
    worst: str | None = None
    technique: str = ""
    attacked: tuple[str, ...] = ()
    why: str = ""
    error: bool = False
    group: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """One line of ``certificates.jsonl``."""
        line = {name: getattr(self, name) for name in self.__slots__}
        return {**line, "kinds": {kind: list(counts) for kind, counts in self.kinds.items()}, "attacked": list(self.attacked)}


@dataclass(frozen=True, slots=True)
class Certificates:
    """One certificate of all examples, and the settings that it was made under."""

    settings: Mapping[str, Any]
    found: tuple[Certificate, ...]

    @property
    def name(self) -> str:
        """What policies and reports call it: ``char-1``, ``rewrites``, ``smooth:mask``, ``erase:suffix``."""
        return str(self.settings["name"])

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""
        return str(self.settings["kind"])

    @property
    def finished(self) -> bool:
        """Whether every example came to an end; a cap or an error of the victim leaves some that did not."""
        return bool(self.settings["finished"])


def line_of(row: Mapping[str, Any]) -> str:
    """A row as it stands in the file, ASCII only."""
    return json.dumps(exact.spelled(dict(row)), ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n"


def block(settings: Mapping[str, Any], found: Sequence[Certificate]) -> Certificates:
    """A block with its settings completed by how many lines it has, their digest, and whether all examples came to an end."""
    own = {"count": len(found), "digest": _digest(found), "finished": not any(one.error for one in found)}
    return Certificates({**settings, **own}, tuple(found))


def _digest(found: Iterable[Certificate]) -> str:
    return hashlib.sha256("".join(line_of(one.to_dict()) for one in found).encode("ascii")).hexdigest()


def write_certificates(path: Path, blocks: Iterable[Certificates]) -> None:
    """Write the file in one step, blocks by name; the same certificates are the same bytes."""
    ordered = sorted(blocks, key=lambda one: one.name)
    rows = [row for one in ordered for row in ({"schema": SCHEMA, **one.settings}, *(c.to_dict() for c in one.found))]
    write_atomically(path, "".join(map(line_of, rows)))


def read_certificates(path: Path) -> tuple[Certificates, ...]:
    """Read it back; raises ``RunError`` naming the line that is not what it should be, or the block that lost some."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise RunError(f"{path} cannot be read ({problem}); run `robustness certify` again") from None
    blocks: list[tuple[dict[str, Any], list[Certificate]]] = []
    for number, line in enumerate(lines or [""], start=1):
        try:
            raw = exact.loads(line)
            if not isinstance(raw, dict):
                raise ValueError("expected a JSON object")
            if "schema" in raw:
                blocks.append((_settings(raw), []))
            elif not blocks:
                raise ValueError("the first line must hold settings")
            else:
                blocks[-1][1].append(_certificate(raw))
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise RunError(f"{path}, line {number}: not a certificate ({problem}); run `robustness certify` again") from None
    return tuple(_whole(path, settings, found) for settings, found in blocks)


def certificates_of(run: Run) -> tuple[Certificates, ...]:
    """The certificates in a run's folder, none where there is no file; raises ``RunError`` where it is damaged."""
    path = run.path / CERTIFICATES
    return read_certificates(path) if path.is_file() else ()


def _whole(path: Path, settings: dict[str, Any], found: list[Certificate]) -> Certificates:
    if settings.pop("schema") == 1:
        return block(settings, found)
    if settings["count"] != len(found) or settings["digest"] != _digest(found):
        raise RunError(
            f"{path}: the certificate {settings['name']} is not as it was written: it holds {len(found)} lines, "
            f"{settings['count']} were written; restore the file, or run `robustness certify` again"
        )
    return Certificates(settings, tuple(found))


def _settings(raw: dict[str, Any]) -> dict[str, Any]:
    if raw["schema"] == 1:
        raw = {"name": REWRITES, "kind": REWRITES, "count": 0, "digest": "", "finished": True, "data": "", **raw}
    elif raw["schema"] != SCHEMA:
        raise ValueError(f"schema {raw['schema']!r} is not known")
    missing = [name for name in (*_NEEDED, *_NEEDED_BY.get(raw.get("kind", ""), ("a known kind",))) if name not in raw]
    if missing:
        raise ValueError(f"missing {', '.join(missing)}")
    for name in ("tau", "confidence"):
        value = raw.get(name, 0.5)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
            raise ValueError(f"{name} cannot be {value!r}")
    return raw


def _certificate(raw: dict[str, Any]) -> Certificate:
    if "samples" in raw:  # schema 1
        state, samples = raw.pop("state"), raw.pop("samples")
        raw = {**raw, "state": _OLD_STATES.get(state, state), "size": samples, "asked": samples, "radius": None, "attacked": []}
        raw |= {"why": raw.pop("error"), "error": state == "error"}
    if set(raw) != {f.name for f in fields(Certificate)}:
        raise ValueError("other keys than expected")
    counts = [raw[name] for name in ("asked", "failures", "unusable", "distinct", "unchanged")]
    if raw["state"] not in STATES or not isinstance(raw["example_id"], str):
        raise ValueError(f"state cannot be {raw['state']!r}")
    if not all(type(count) is int and 0 <= count <= raw["asked"] for count in counts) or type(raw["size"]) is not int:
        raise ValueError(f"counts cannot be {counts}")
    kinds = {str(kind): (int(pair[0]), int(pair[1])) for kind, pair in raw["kinds"].items()}
    return Certificate(**{**raw, "kinds": kinds, "attacked": tuple(map(str, raw["attacked"]))})
