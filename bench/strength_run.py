"""One recipe of ours on one victim within a budget: what ``bench.strength`` runs in a process of its own.

    python bench/strength_run.py RECIPE --victim SPEC --data FILE.tsv [-n 100] [--budget 500] [--labels-only] [--fixed]

Prints one line of JSON. A cascade is named by its suite; its queries are those of all its recipes on an example, added up.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from bench import ours
from bench.strength_victims import opened


def prepared(args: argparse.Namespace) -> Any:
    """The audit, everything loaded."""
    import torch

    from attacks.recipes import resolve
    from robustness.auditing import open_data
    from robustness.planning.audit import prepare
    from robustness.settings import Settings

    torch.set_num_threads(args.threads)
    victim = opened(args.victim, labels_only=args.labels_only)
    rows = [(text, victim.info.labels[label]) for text, label in ours.read_rows(args.data, args.n)]
    data = open_data(args.victim, victim, rows, limit=None, seed=0)
    encoder = args.encoder if any("encoder" in recipe.needs for recipe in resolve(args.recipe)) else "none"
    settings = Settings(recipes=(args.recipe,), budget=args.budget, encoder=encoder, seed=args.seed, **flags(args))
    return prepare(victim, data, settings)


def flags(args: argparse.Namespace) -> dict[str, Any]:
    """Settings beyond the usual ones."""
    return {"adaptive": False} if args.fixed else {}


def row(outcomes: list[Any]) -> dict[str, Any]:
    """Of the attacked examples: how many, those broken with the queries that each took, all queries, how the others ended."""
    spent: dict[str, int] = {}
    fate: dict[str, str] = {}
    for outcome in outcomes:
        spent[outcome.example_id] = spent.get(outcome.example_id, 0) + outcome.queries
        if fate.get(outcome.example_id) != "succeeded":
            fate[outcome.example_id] = outcome.status
    attacked = [example for example, status in fate.items() if status != "skipped"]
    won = [o for o in outcomes if o.status == "succeeded"]
    changed = [o.words_touched / max(1, o.words) for o in won]
    return {
        "attacked": len(attacked),
        "broken": sorted(spent[example] for example in attacked if fate[example] == "succeeded"),
        "queries": sum(spent[example] for example in attacked),
        "errors": sum(fate[example] == "error" for example in attacked),
        "words_changed_pct": round(100 * sum(changed) / len(changed), 1) if changed else None,
        "by": {name: sum(o.recipe == name for o in won) for name in dict.fromkeys(o.recipe for o in outcomes)},
    }


def main() -> None:
    """Attack and print the row."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    parser.add_argument("recipe")
    parser.add_argument("--budget", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--labels-only", action="store_true")
    parser.add_argument("--fixed", action="store_true", help="without what is learned during the run")
    parser.add_argument("--encoder", default="minilm", help="for recipes that need one")
    args = parser.parse_args()
    audit = prepared(args)
    outcomes, seconds = ours.attack(audit)
    print(json.dumps({**row(outcomes), **seconds, "taken": time.strftime("%Y-%m-%d")}))


if __name__ == "__main__":
    main()
