"""Accuracy against cumulative queries: every recipe of ours, the ``standard`` cascade, and TextAttack's recipes.

    python -m bench.strength [--victims demo,guard,NAME=SPEC@FILE.tsv] [-n 100] [--budget 500] [--budgets 50,100,500]
        [--recipes deepwordbug,pwws,…] [--labels-only] [--theirs deepwordbug,… --textattack-python VENV/bin/python]
        [--rows FILE] [--picture FILE.svg]

Each recipe runs once within each of ``--budgets``, in a process of its own: a search that is told its budget plans for it, so
that a long run cut short is not what a short run gives. Queries are cumulative: those of all recipes of a cascade on an example.
TextAttack's recipes know no budget; one run of theirs serves for all. ``--rows FILE`` keeps every run, and those that it holds
are not run again. Prints a table for each victim, how ``standard`` stands beside the best single recipe, and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.strength_picture import draw
from bench.strength_victims import Subject, subject

HERE = Path(__file__).resolve().parent
OURS = (
    *("deepwordbug", "textbugger", "textfooler", "pwws", "pruthi", "checklist", "bad-characters", "framing"),
    *("paraphrase-rules", "input-reduction"),
)
CASCADES = ("standard", "standard-fixed")
"""The cascade as it ships, and without what it learns during a run."""
THEIRS = ("deepwordbug", "pwws", "textfooler", "textbugger")
AT = (50, 100, 500)
Row = dict[str, Any]


def main() -> None:
    """Run what is missing, print tables and the line of JSON, draw the picture."""
    args = arguments()
    rows = Rows(args.rows)
    with tempfile.TemporaryDirectory() as temporary:
        subjects = [subject(name, Path(temporary)) for name in args.victims.split(",")]
        found = {one.name: measured(one, rows, args) for one in subjects}
    reach = {}
    for name, runs in found.items():
        print(table(name, runs))
        reach[name] = reached(runs)
        print(said(reach[name]))
    print(json.dumps({"bench": "strength", "n": args.n, "labels_only": args.labels_only, "reach": reach}), flush=True)
    if args.picture is not None:
        draw(found, args.picture, labels_only=args.labels_only)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--victims", default="demo,guard", help="demo, guard, or NAME=SPEC@FILE.tsv (columns label and text)")
    parser.add_argument("--recipes", default=",".join((*OURS, *CASCADES)))
    parser.add_argument("--theirs", default="", help=f"recipes that TextAttack runs itself, such as {','.join(THEIRS)}")
    parser.add_argument("--textattack-python", help="a Python that has TextAttack")
    parser.add_argument("-n", type=int, default=100, help="texts of each victim's file, its first ones")
    parser.add_argument("--budget", type=int, help="one budget in place of --budgets")
    parser.add_argument("--budgets", default=",".join(map(str, AT)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--labels-only", action="store_true", help="the victims give their best label and no scores")
    parser.add_argument("--resource", action="append", default=[], help="NAME=VALUE, for recipes of TextAttack")
    parser.add_argument("--rows", type=Path, help="file that runs are added to; those of the same settings are not run again")
    parser.add_argument("--picture", type=Path, help="SVG or PNG to draw the curves into")
    args = parser.parse_args()
    if args.theirs and not args.textattack_python:
        parser.error("--theirs needs --textattack-python, a Python that has TextAttack")
    args.budgets = [args.budget] if args.budget else [int(part) for part in args.budgets.split(",")]
    return args


class Rows:
    """Runs that were made before, by their settings; kept in a file where one is named."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path is not None and path.exists() else []
        self.held: list[Row] = [json.loads(line) for line in lines]

    def get(self, settings: Row) -> Row | None:
        """The run of these settings, if there was one."""
        return next((row for row in self.held if all(row.get(key) == value for key, value in settings.items())), None)

    def add(self, row: Row) -> None:
        """Keep a run."""
        self.held.append(row)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")


def measured(victim: Subject, rows: Rows, args: argparse.Namespace) -> list[Row]:
    """One run for each recipe and budget; one that cannot run says why and is left out."""
    sides = [("ours", recipe, budget) for recipe in args.recipes.split(",") if recipe for budget in args.budgets]
    sides += [("theirs", recipe, max(args.budgets)) for recipe in args.theirs.split(",") if recipe]
    found = []
    for side, recipe, budget in sides:
        settings = {
            **{"victim": victim.name, "side": side, "recipe": recipe, "budget": budget, "n": args.n, "seed": args.seed},
            **{"labels_only": args.labels_only, "threads": args.threads},
        }
        row = rows.get(settings)
        if row is None:
            try:
                row = {**settings, **run(command(victim, side, recipe, budget, args))}
            except RuntimeError as error:
                print(f"{side} {recipe} on {victim.name} gave no row: {error}", file=sys.stderr)
                continue
            rows.add(row)
            print(line(row), file=sys.stderr, flush=True)
        found.append(row)
    return found


def command(victim: Subject, side: str, recipe: str, budget: int, args: argparse.Namespace) -> list[str]:
    """What runs one recipe."""
    shared = ["--victim", victim.spec, "--data", str(victim.data), "-n", str(args.n), "--threads", str(args.threads)]
    shared += ["--labels-only"] if args.labels_only else []
    shared += [part for pair in args.resource for part in ("--resource", pair)]
    if side == "theirs":
        return [
            args.textattack_python,
            str(HERE / "theirs.py"),
            recipe,
            *shared,
            "--pad",
            "dynamic",
            "--query-budget",
            str(budget),
        ]
    fixed = recipe.endswith("-fixed")
    name = recipe.removesuffix("-fixed")
    own = ["--budget", str(budget), "--seed", str(args.seed), *(["--fixed"] if fixed else [])]
    return [sys.executable, str(HERE / "strength_run.py"), name, *shared, *own]


def run(words: list[str]) -> Row:
    """The last line that a process prints, as JSON; raises ``RuntimeError`` where it fails."""
    paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stderr[-1500:]}")
    found: Row = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def within(row: Row, queries: int) -> float | None:
    """Share of the attacked examples broken within so many queries."""
    return sum(q <= queries for q in row["broken"]) / row["attacked"] if row["attacked"] else None


def at(runs: list[Row], side: str, recipe: str, queries: int) -> Row | None:
    """The run that says what a recipe reaches within so many queries: the one with that budget, or TextAttack's only one."""
    mine = [row for row in runs if (row["side"], row["recipe"]) == (side, recipe)]
    if side == "theirs":
        return mine[0] if mine else None
    return next((row for row in mine if row["budget"] == queries), None)


def line(row: Row) -> str:
    """A run in a line."""
    shares = ", ".join(f"{queries}: {_percent(within(row, queries))}" for queries in AT if queries <= row["budget"])
    return f"{row['victim']} {row['side']} {row['recipe']} ({row['budget']}): {shares}; {row['cpu_s']} s of CPU"


def table(victim: str, runs: list[Row]) -> str:
    """Share broken within each budget by a run with that budget, and what the largest cost."""
    budgets = sorted({row["budget"] for row in runs})
    heads = [
        "recipe",
        *(f"broken ≤ {b}" for b in budgets),
        "queries a success",
        "failures a CPU s",
        "words changed %",
        "attacked",
    ]
    lines = [f"\n{victim}", " | ".join(heads)]
    for side, recipe in dict.fromkeys((row["side"], row["recipe"]) for row in runs):
        cells = []
        for budget in budgets:
            row = at(runs, side, recipe, budget)
            cells.append(_percent(None if row is None else within(row, budget)))
        last = at(runs, side, recipe, budgets[-1])
        if last is not None:
            won = len(last["broken"])
            each = f"{last['queries'] / won:.1f}" if won else "–"
            cells += [each, f"{won / max(1e-9, last['cpu_s']):.2f}", str(last.get("words_changed_pct")), str(last["attacked"])]
        lines.append(" | ".join([recipe if side == "ours" else f"TextAttack {recipe}", *cells]))
    return "\n".join(lines)


def reached(runs: list[Row]) -> dict[str, Any]:
    """``standard`` beside the best single recipe at each budget, and failures a CPU second beside TextAttack's."""
    found: dict[str, Any] = {}
    singles = {(row["side"], row["recipe"]) for row in runs if row["recipe"] not in CASCADES}
    for queries in sorted({row["budget"] for row in runs}):
        whole = at(runs, "ours", "standard", queries)
        rivals = {(side, name): row for side, name in singles if (row := at(runs, side, name, queries)) is not None}
        if whole is None or not rivals:
            continue
        best = max(sorted(rivals), key=lambda key: within(rivals[key], queries) or 0.0)
        found[str(queries)] = {
            "standard": within(whole, queries),
            "best": within(rivals[best], queries),
            "recipe": best[1] if best[0] == "ours" else f"TextAttack {best[1]}",
            "queries_per_success": round(whole["queries"] / len(whole["broken"]), 1) if whole["broken"] else None,
        }
    found["failures_per_cpu_s"] = _speeds(runs)
    return found


def _speeds(runs: list[Row]) -> dict[str, float | None]:
    """Failures found a CPU second: ``standard`` within the largest budget, and the best of TextAttack's recipes."""
    rates = {(r["side"], r["recipe"], r["budget"]): len(r["broken"]) / max(1e-9, r["cpu_s"]) for r in runs}
    most = max(row["budget"] for row in runs)
    theirs = [rate for (side, _, _), rate in rates.items() if side == "theirs"]
    own = rates.get(("ours", "standard", most))
    best = max(theirs, default=None)
    return {"standard": own, "theirs": best, "ratio": own / best if own is not None and best else None}


def said(reach: dict[str, Any]) -> str:
    """The same in words."""
    lines = []
    for queries in (key for key in reach if key.isdigit()):
        one = reach[queries]
        lines.append(
            f"within {queries} queries: standard {_percent(one['standard'])}, best single recipe {_percent(one['best'])} "
            f"({one['recipe']}); {one['queries_per_success']} queries a success"
        )
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


if __name__ == "__main__":
    main()
