"""Time outside the victim, per query: the whole cost of searching, constraints, batching and writing.

    python bench/overhead.py [--recipes deepwordbug,pwws] [-n 200]

The victim is the shipped keyword counter; its own time is measured by the oracle and taken off. Prints a table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any


def measure(recipe: str, rows: list[tuple[str, str]]) -> dict[str, Any]:
    """Audit the keyword victim once, rendering left out, and account for the time."""
    from reports.run.store import RunWriter
    from robustness.auditing import open_data, open_victim
    from robustness.engine.engine import Engine
    from robustness.planning.audit import prepare
    from robustness.settings import Settings

    victim = open_victim("scripted:keyword")
    data = open_data("scripted:keyword", victim, rows, limit=None, seed=0)
    prepared = prepare(victim, data, Settings(recipes=(recipe,), encoder="none"))
    queries = trials = 0
    with tempfile.TemporaryDirectory() as folder, RunWriter.create(Path(folder) / "run", prepared.manifest) as writer:
        cpu, wall = time.process_time(), time.perf_counter()
        for outcome in Engine(prepared.oracles).outcomes(prepared.plan, data.examples, {}):
            writer.append(outcome)
            queries += outcome.queries
            trials += 1
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    inside = prepared.oracles.victim.usage.seconds
    outside = (cpu - inside) / max(1, queries) * 1e6
    return {"recipe": recipe, "trials": trials, "queries": queries, "wall_s": round(wall, 3), "victim_s": round(inside, 3),
            "us_per_query": round(outside, 1)}  # fmt: skip


def main() -> None:
    """Measure each recipe on demo sentences."""
    from robustness.victims.demo import demo_examples

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", default="deepwordbug,pruthi,pwws,natural:keyboard-typo")
    parser.add_argument("-n", type=int, default=200)
    args = parser.parse_args()
    rows = [(text, label) for _, text, label in demo_examples()][: args.n]
    measure("deepwordbug", rows[:5])  # warm up imports and lexicons
    found = [measure(recipe, rows) for recipe in args.recipes.split(",")]
    print(f"{'recipe':28} {'trials':>7} {'queries':>8} {'wall s':>8} {'victim s':>9} {'µs/query outside':>17}")
    for row in found:
        numbers = f"{row['trials']:7} {row['queries']:8} {row['wall_s']:8} {row['victim_s']:9} {row['us_per_query']:17}"
        print(f"{row['recipe']:28} {numbers}")
    print(json.dumps({"bench": "overhead", "rows": found}))


if __name__ == "__main__":
    main()
