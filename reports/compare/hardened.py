"""What hardening a victim changed: the audit before and after, the old failures put to the hardened victim, and the cost.

The audit after is adaptive: every search asks the hardened victim, its normaliser included. An example holds afterwards only if
it survives that search and the texts that broke the victim before: a defence that merely hides from one search gains nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reports.compare.changes import ROBUST, Change
from reports.compare.compare import Comparison
from reports.files.atomic import write_atomically
from reports.measures.slices import LABEL
from reports.render.inert import code
from reports.render.numbers import percent, signed_interval
from reports.run import FAIR_TRY, Run

CLEAN = "clean accuracy"
HEAD = ("measure", "before", "after", "change (95 % interval)", "fixed", "broken", "p")
UNDONE = (
    "in {} trials after hardening the victim read every text that was tried exactly as the original, so they hold by "
    "construction and count so here; `robustness compare` counts them as untested"
)
FILE, PAGE = "harden.json", "harden.md"


def undone(run: Run) -> tuple[Run, int]:
    """The run with those trials held in which the defence turned every text back into the original, and how many they are.

    An audit calls them untested, because a text that a victim cannot tell from the original says nothing of its robustness; of a
    defence that is made to take such texts back it says all. Fewer tries than are fair, or one text that read otherwise, and the
    trial stays untested.
    """
    void = [o.status == "untested" and not o.distinct and o.indistinguishable == o.attempted >= FAIR_TRY for o in run.outcomes]
    # as fair tries, too: soundness would say of them that nothing was tried
    held = (
        replace(o, status="failed", distinct=o.attempted, indistinguishable=0) if gone else o
        for o, gone in zip(run.outcomes, void, strict=True)
    )
    outcomes = tuple(held)
    return replace(run, outcomes=outcomes), sum(void)


@dataclass(frozen=True, slots=True)
class Hardened:
    """The outcome of hardening.

    ``comparison``: after against before, the old failures counted in. ``adaptive``: recipes that were added for the audit after
    and asked of both. ``trained_on``: recipes that the defence was made against. ``cost``: what was spent, a name and a
    number each. ``how``: settings. ``files``: what can be used now, and what for. ``notes``: what a reader must know.
    """

    method: str
    comparison: Comparison
    trained_on: tuple[str, ...]
    adaptive: tuple[str, ...]
    how: Mapping[str, Any]
    cost: Mapping[str, float]
    files: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def clean(self) -> Change | None:
        """The change of clean accuracy."""
        return next((c for c in self.comparison.measures if c.kind == CLEAN), None)

    @property
    def labels(self) -> tuple[Change, ...]:
        """The change of robust accuracy on the examples of each label."""
        return tuple(change for change in self.comparison.slices if change.name.startswith(f"{LABEL}="))

    def regained(self, change: Change) -> float | None:
        """The share of what an attack took from the victim before that it cannot take any more; None where it took nothing."""
        clean = self.clean
        if clean is None or clean.pairs.base_rate is None or change.pairs.base_rate is None or change.change is None:
            return None
        lost = clean.pairs.base_rate - change.pairs.base_rate
        return change.change / lost if lost > 0 else None

    @property
    def exit_code(self) -> int:
        """That of the comparison: 1 where clean or robust accuracy is shown to be worse."""
        return self.comparison.exit_code

    def rows(self) -> list[tuple[str, ...]]:
        """One line a measure: clean accuracy, robust accuracy over all recipes, then each recipe, and on each label.

        The labels, because a victim that reads all that it does not know as one label is robust on that label alone.
        """
        order = sorted(self.comparison.measures, key=lambda c: (c.kind != CLEAN, c.kind != ROBUST))
        return [self._row(change) for change in (*order, *self.labels)]

    def _row(self, change: Change) -> tuple[str, ...]:
        pairs = change.pairs
        said = signed_interval(change.change, change.low, change.high)
        counts = (str(pairs.fixed), str(pairs.broken), f"{change.p_holm:.2g}")
        title = change.title if change.name not in self.adaptive else f"{change.title} (adaptive)"
        title = f"{ROBUST}, {change.name}" if change.kind == "slice" else title
        return (title, percent(pairs.base_rate), percent(pairs.candidate_rate), said, *counts)

    def sentences(self) -> Iterator[str]:
        """What the table does not say."""
        facing = self.comparison.facing
        for change in self.comparison.measures:
            share = self.regained(change)
            if share is not None and change.kind != CLEAN and change.name not in self.adaptive:
                back = f"{percent(share)} of the accuracy that it had lost before is back"
                yield f"{change.title}: {back if share >= 0 else 'nothing is back, and more is lost than before'}"
        if facing is not None:
            yield facing.sentence()
        yield "; ".join(f"{name} {_number(value)}" for name, value in self.cost.items())
        yield from self.notes
        yield from self.comparison.notes[facing is not None :]

    def to_dict(self) -> dict[str, Any]:
        """The content of ``harden.json``."""
        changes = [{**c.to_dict(), "regained": self.regained(c)} for c in self.comparison.measures]
        return {
            "schema": 1,
            "method": self.method,
            "trained_on": list(self.trained_on),
            "adaptive": list(self.adaptive),
            "how": dict(self.how),
            "cost": dict(self.cost),
            "files": dict(self.files),
            "notes": list(self.notes),
            "measures": changes,
            "labels": [c.to_dict() for c in self.labels],
            "verdict": self.comparison.verdict,
            "reasons": list(self.comparison.told(texts=False)),
            "exit_code": self.exit_code,
            "replayed": self.comparison.facing.to_dict() if self.comparison.facing else None,
            "before": self.comparison.base.to_dict(),
            "after": self.comparison.candidate.to_dict(),
        }

    def markdown(self) -> str:
        """The content of ``harden.md``."""
        names = [str(side.manifest.victim.get("name")) for side in (self.comparison.base, self.comparison.candidate)]
        lines = [
            f"# Hardened by {self.method}",
            "",
            f"{code(names[0])} before, {code(names[1])} after; {self.comparison.pairs} examples judged in both audits.",
            "",
            *_table(HEAD, self.rows()),
            "",
            *(f"- {_inert(line)}" for line in self.sentences()),
            "",
            f"Verdict of the comparison: **{self.comparison.verdict}**. {_inert(' '.join(self.comparison.told(texts=False)))}",
            "",
            *(f"- {code(name)}: {what}" for name, what in self.files.items()),
        ]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Write ``harden.json`` and ``harden.md``."""
        write_atomically(folder / FILE, json.dumps(self.to_dict(), indent=2, allow_nan=False, default=str) + "\n")
        (folder / PAGE).write_text(self.markdown(), "utf-8")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _inert(line: str) -> str:
    """A sentence of ours, which may name a file or a column of the user's."""
    return line.replace("<", "&lt;").replace("`", "'").replace("[", "(").replace("]", ")")
