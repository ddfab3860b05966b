"""Null victims × tasks × gates, as Markdown for the documentation: ``python scripts/null_table.py [--all] [TASK …]``.

Each cell of the short table stands for every goal of the task, references of every kind and every threshold of the gate by
itself; ``--all`` prints each of them. Ends with 1 where a null victim passed anything.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from robustness.testing.null_grid import Cell, cells, tasks
from robustness.victims.null import NULLS

KINDS = ("empty", "truncated", "filtered", "refused", "unparsed")
WORDS = {"failed": "fails", "inconclusive": "inconclusive", "refused": "no run", "passed": "PASSES", "measured": "PASSES"}


def reasons(cell: Cell) -> list[str]:
    """Why it does not pass, in a word each: the doubts, or what stood in the place of an answer."""
    why = " ".join(cell.why)
    doubts = sorted(set(re.findall(r"doubts: ([a-z-]+):", why)))
    if doubts:
        return doubts
    if "can be asked of none" in why or "holds no reference" in why:
        return ["not asked"]
    if "status 400" in why:
        return ["status 400"]
    kind = next((kind for kind in KINDS if f"First problem: {kind}" in why), "")
    return [kind or cell.why[0].partition(":")[0] if cell.why else "nothing"]


def short(found: Iterable[Cell]) -> str:
    """Verdicts and reasons of many cells, the most frequent first; goals that cannot be asked are left out."""
    verdicts: dict[str, Counter[str]] = {}
    for cell in found:
        if reasons(cell) != ["not asked"]:
            verdicts.setdefault(WORDS[cell.verdict], Counter()).update(reasons(cell))
    return "; ".join(f"{verdict}: {', '.join(word for word, _ in why.most_common(2))}" for verdict, why in verdicts.items())


def row(*parts: str) -> str:
    """A line of a table."""
    return "| " + " | ".join(part.replace("|", "\\|").replace("\n", " ") for part in parts) + " |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where something passed."""
    parser = argparse.ArgumentParser(description="Null victims × tasks × gates, as Markdown.")
    parser.add_argument("tasks", nargs="*", help="every task where none is named")
    parser.add_argument("--all", action="store_true", help="a line for every goal, kind of references and threshold")
    asked = parser.parse_args(arguments)
    named = asked.tasks or tasks()
    table = {(null, task): of(null, task) for task in named for null in NULLS}
    every = [cell for found in table.values() for cell in found]
    if asked.all:
        print(
            row("null victim", "task", "goal", "references", "gate", "verdict", "why"), "|---|---|---|---|---|---|---|", sep="\n"
        )
        for cell in every:
            print(row(cell.null, cell.task, cell.goal, cell.references, cell.rule, cell.verdict, cell.why[0] if cell.why else ""))
    else:
        print(row("", *(f"`{null}`" for null in NULLS)), row("---", *["---"] * len(NULLS)), sep="\n")
        for task in named:
            print(row(task, *(short(table[null, task]) for null in NULLS)))
    counted = Counter(cell.verdict for cell in every)
    passed = counted["passed"] + counted["measured"]
    said = ", ".join(f"{count} {WORDS[verdict]}" for verdict, count in counted.most_common())
    print(f"\n{len(every)} cells (null victim, task, goal, references, threshold): {said}; {passed} passed.")
    return int(passed > 0)


def of(null: str, task: str) -> list[Cell]:
    """Every cell of a null victim and a task."""
    with tempfile.TemporaryDirectory() as folder:
        return list(cells(null, task, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
