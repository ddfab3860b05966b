"""What happened to the rows of a data set: read, dropped and why, kept with a remark, left out by a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EXAMPLES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """A number of rows that share a property, with the numbers of the first few."""

    reason: str
    count: int
    rows: tuple[int, ...]


@dataclass(slots=True)
class Findings:
    """Collects rows by reason while they are read."""

    rows: dict[str, list[int]] = field(default_factory=dict)

    def add(self, reason: str, row: int) -> None:
        """Note one row."""
        self.rows.setdefault(reason, []).append(row)

    def frozen(self) -> tuple[Finding, ...]:
        """What was collected, in order of first appearance."""
        return tuple(Finding(r, len(rows), tuple(rows[:EXAMPLES_SHOWN])) for r, rows in self.rows.items())


@dataclass(frozen=True, slots=True)
class DataReport:
    """Counts of one reading. ``rows`` read = ``usable`` + dropped; ``kept`` is what remains after ``limit``.

    ``unit`` says what row numbers count: ``line`` of the file (its header is line 1), ``row`` or ``item`` (the first is 1).
    ``remarks`` are rows that were kept although something about them is unusual.
    """

    source: str
    rows: int
    usable: int
    kept: int
    by_label: tuple[tuple[str, int], ...]
    dropped: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    limit: int | None = None
    unit: str = "row"

    def messages(self) -> list[str]:
        """Every fact as one line of text, the totals first."""
        shares = ", ".join(f"{label} {n}" for label, n in self.by_label)
        sampled = self.kept < self.usable
        kept = f"{self.kept} sampled by the limit of {self.limit}" if sampled else f"all {self.kept} kept"
        of = f" ({shares})" if shares else ""
        lines = [f"{self.source}: {_count(self.rows, 'row')} read, {self.usable} usable, {kept}{of}", *self.notes]
        remarks = [f"kept {_count(f.count, 'row')} all the same: {f.reason} ({self._where(f)})" for f in self.remarks]
        return [*lines, *self.losses(), *remarks]

    def losses(self) -> list[str]:
        """One line for each reason for which rows were dropped; empty when every row is usable."""
        return [f"dropped {_count(f.count, 'row')}: {f.reason} ({self._where(f)})" for f in self.dropped]

    def _where(self, finding: Finding) -> str:
        more = ", …" if finding.count > len(finding.rows) else ""
        return f"{self.unit}{'s' if finding.count > 1 else ''} {', '.join(map(str, finding.rows))}{more}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form for the run's manifest."""

        def plain(findings: tuple[Finding, ...]) -> list[Mapping[str, Any]]:
            return [{"reason": f.reason, "count": f.count, self.unit + "s": list(f.rows)} for f in findings]

        return {
            "rows": self.rows,
            "usable": self.usable,
            "kept": self.kept,
            "by_label": dict(self.by_label),
            "dropped": plain(self.dropped),
            "remarks": plain(self.remarks),
            "notes": list(self.notes),
            "limit": self.limit,
        }


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
