"""Chooses the order and the limits of the ``standard`` cascade by measurement, on victims that it is never judged on.

    python -m bench.tune_cascade [--victims words,characters,bayes,prompts,frozen] [-n 120] [--rows FILE]
    python -m bench.tune_cascade --labels-only [-n 120]
    python -m bench.tune_cascade --start [-n 120]

Every recipe runs alone on every tuning victim (``bench.tuning_victims``) with several budgets. From that the cascade is put
together: the sequence of recipes, each with a limit, that breaks the largest share within 10, 20, 50, 100, 200 and 500 queries
on average, victims counted alike; a stage that adds less than ``WORTH`` to that average is left out. Prints the measurements,
the stages, and one line of JSON.

``--labels-only`` hides the scores: the limits of a cascade that has nothing to climb on.

``--start`` prints in place of that what changes gained, which is where the recipe ``learned`` begins
(``attacks/strategies/learning/start_priors.py``).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench import tuning_victims
from bench.strength_victims import Row, without_scores

VICTIMS = ("words", "characters", "bayes", "prompts", "frozen")
RECIPES = ("learned", "deepwordbug", "pwws", "pruthi", "bad-characters", "checklist", "paraphrase-rules")
BUDGETS = (100, 250, 500)
WHOLE = 500
WORTH = 0.001
"""What a stage must add to the average share."""
POINTS = (10, 20, 50, 100, 200, 500)
WIDTH = 30
Ends = dict[str, tuple[int, bool]]
"""By example: the queries of a trial, the clean text not counted, and whether it broke the example."""


def main() -> None:
    """Measure, choose, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--victims", default=",".join(VICTIMS))
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("-n", type=int, default=120)
    parser.add_argument("--rows", type=Path, help="file that trials are added to; those that it holds are not run again")
    parser.add_argument("--labels-only", action="store_true", help="the victims give their best label and no scores")
    parser.add_argument("--start", action="store_true", help="print what changes gained, in place of the cascade")
    args = parser.parse_args()
    if args.start:
        print(json.dumps(start(args), indent=2))
        return
    trials = {name: measured(name, args) for name in args.victims.split(",")}
    print("recipe, budget: " + ", ".join(trials))
    for recipe, budget in next(iter(trials.values())):
        shares = (
            sum(won for _, won in runs[recipe, budget].values()) / max(1, len(runs[recipe, budget])) for runs in trials.values()
        )
        print(f"{recipe}, {budget}: " + ", ".join(f"{100 * share:.1f} %" for share in shares))
    stages = chosen(trials)
    for stage in stages:
        print(stage)
    print(json.dumps({"bench": "tune_cascade", "n": args.n, "victims": list(trials), "stages": stages}))


def measured(victim: str, args: argparse.Namespace) -> dict[tuple[str, int], Ends]:
    """The trials of every recipe alone with every budget; a search that does not plan for its budget runs once, and is cut."""
    from attacks.recipes import build

    held = _held(args.rows, victim, args)
    found: dict[tuple[str, int], Ends] = {}
    for recipe in args.recipes.split(","):
        for budget in BUDGETS:
            run = budget if args.labels_only or build(recipe).plans else WHOLE
            if (recipe, run) not in held:
                outcomes = attack(victim, recipe, run, args.n, labels_only=args.labels_only)
                ends = {o.example_id: (o.queries - 1, o.status == "succeeded") for o in outcomes if o.status != "skipped"}
                held[recipe, run] = ends
                settings = {"victim": victim, "n": args.n, "labels_only": args.labels_only}
                _keep(args.rows, {**settings, "recipe": recipe, "budget": run, "ends": ends})
                won = sum(won for _, won in ends.values())
                print(f"{victim} {recipe} {run}: {won} of {len(ends)}", file=sys.stderr, flush=True)
            found[recipe, budget] = {e: (min(q, budget - 1), won and q < budget) for e, (q, won) in held[recipe, run].items()}
    return found


def attack(victim: str, recipe: str, budget: int, n: int, *, labels_only: bool = False) -> list[Any]:
    """Every outcome of one recipe on one victim."""
    import torch

    from robustness.auditing import open_data, open_victim
    from robustness.engine.engine import Engine
    from robustness.planning.audit import prepare
    from robustness.settings import Settings

    torch.set_num_threads(1)
    if victim not in _OPEN:
        _OPEN[victim] = open_victim(getattr(tuning_victims, victim)())
    subject = without_scores(_OPEN[victim]) if labels_only else _OPEN[victim]
    rows: list[Row] = tuning_victims.prompt_rows(fitted=False) if victim == "prompts" else tuning_victims.film_rows(fitted=False)
    names = ("safe", "injection") if victim == "prompts" else tuning_victims.LABELS
    data = open_data(victim, subject, [(text, names[label]) for text, label in rows[:n]], limit=None, seed=0)
    audit = prepare(subject, data, Settings(recipes=(recipe,), budget=budget, encoder="none"))
    return list(Engine(audit.oracles).outcomes(audit.plan, audit.data.examples, {}))


_OPEN: dict[str, Any] = {}


Stages = tuple[tuple[str, int], ...]
"""Recipes with their limits, in order."""


def chosen(trials: dict[str, dict[tuple[str, int], Ends]]) -> list[dict[str, Any]]:
    """The stages with the largest ``area``, by a beam over sequences; one that adds less than ``WORTH`` is left out."""
    options = list(next(iter(trials.values())))
    best: Stages = ()
    beam: list[Stages] = [()]
    while beam:
        longer = [(*one, key) for one in beam for key in options if key[0] not in {name for name, _ in one}]
        beam = sorted(longer, key=lambda one: (-area(trials, one), one))[:WIDTH]
        if not beam or area(trials, beam[0]) < area(trials, best) + WORTH:
            break
        best = beam[0]
    return [
        {"recipe": recipe, "limit": limit, "area": round(area(trials, best[: n + 1]), 4), **reached(trials, best[: n + 1])}
        for n, (recipe, limit) in enumerate(best)
    ]


def area(trials: dict[str, dict[tuple[str, int], Ends]], stages: Stages) -> float:
    """The share of attacked examples broken within each of ``POINTS``, averaged over these and over victims."""
    shares = reached(trials, stages)
    return sum(shares.values()) / len(shares)


def reached(trials: dict[str, dict[tuple[str, int], Ends]], stages: Stages) -> dict[str, float]:
    """The share broken within each of ``POINTS`` queries of these stages, mean over victims."""
    totals = dict.fromkeys(POINTS, 0.0)
    for runs in trials.values():
        costs = _costs(runs, stages)
        for point in POINTS:
            totals[point] += sum(cost <= point for cost in costs) / max(1, len(next(iter(runs.values())))) / len(trials)
    return {str(point): round(share, 4) for point, share in totals.items()}


def _costs(runs: dict[tuple[str, int], Ends], stages: Stages) -> list[int]:
    """The queries of all stages on each example that they break, the clean text counted once."""
    costs = []
    for example in next(iter(runs.values())):
        spent = 1
        for key in stages:
            asked, won = runs[key][example]
            spent += asked
            if won:
                costs.append(spent)
                break
    return costs


def start(args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Mean gain by kind of word, and of techniques as multiples of the mean; victims counted alike."""
    from attacks.search.priors import Priors
    from robustness.engine.learning import evidence_of

    every = [Priors.of(map(evidence_of, attack(victim, "learned", WHOLE, args.n))) for victim in args.victims.split(",")]
    means = [_means(one.kinds) | {"": _means(one.kinds, pooled=True)[""]} for one in every]
    ratios = [{name: mean / one[""] for name, mean in _means(p.techniques).items()} for p, one in zip(every, means, strict=True)]
    return {"kinds": _averaged(means), "techniques": _averaged(ratios)}


def _means(sums: dict[str, tuple[int, float]], *, pooled: bool = False) -> dict[str, float]:
    if pooled:
        return {"": sum(total for _, total in sums.values()) / max(1, sum(count for count, _ in sums.values()))}
    return {name: total / count for name, (count, total) in sums.items() if count >= 10}


def _averaged(tables: list[dict[str, float]]) -> dict[str, float]:
    names = sorted({name for table in tables for name in table})
    found = {name: [table[name] for table in tables if name in table] for name in names}
    return {name: round(sum(values) / len(values), 3) for name, values in found.items()}


def _held(path: Path | None, victim: str, args: argparse.Namespace) -> dict[tuple[str, int], Ends]:
    if path is None or not path.exists():
        return {}
    wanted = (victim, args.n, args.labels_only)
    every = map(json.loads, path.read_text("utf-8").splitlines())
    rows = [row for row in every if (row["victim"], row["n"], row.get("labels_only", False)) == wanted]
    return {(row["recipe"], row["budget"]): {e: (int(q), bool(won)) for e, (q, won) in row["ends"].items()} for row in rows}


def _keep(path: Path | None, row: dict[str, Any]) -> None:
    if path is not None:
        with path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
