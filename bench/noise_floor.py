"""Is a robust victim that flips called broken, and is a broken one still found? Trials of our own engine on scripted victims.

    python bench/noise_floor.py [--examples 1000] [--seed 0]

No weights: ``scripted:flipping:RATE`` answers wrongly at a rate whatever it is asked, ``scripted:breakable:BREACH,RATE`` does so
more often on texts that hold one word, and the search asks one new text after the other until it has won. Prints three tables
and one JSON line; takes some three minutes. What is behind each number is in docs/statistics.md.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import BudgetExhaustedError, Candidate, Citation, Recipe, Search, Trial
from reports.measures.intervals import proportion
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.converse import over_victim
from robustness.engine.engine import Engine, Oracles
from robustness.engine.trial import Plan
from robustness.tasks.registry import task_named
from robustness.tasks.task import space_of
from robustness.victims import load_victim
from robustness.victims.base import Victim

RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
UNSURE = (0.3, 0.4, 0.45)
"""Rates at which a clean text is right only sometimes."""
QUERIES = (50, 500)
BREACHES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
CONFIRM = 5
SHARES = ("search_alone", "majority_alone", "confirmed", "open")


@dataclass(frozen=True, slots=True)
class OneAfterTheOther:
    """Asks ``queries`` new texts singly; ``breaking``: the one among them that breaks a breakable victim, None for none."""

    queries: int
    breaking: int | None = None

    def search(self, trial: Trial) -> Search[None]:
        """Stop at the first success that counts."""
        for number in range(self.queries):
            word = "break" if number == self.breaking else "plain"
            yield from trial.attempt([Candidate(f"{trial.text} {word} {number}")])
            if trial.won:
                return
        raise BudgetExhaustedError


def outcomes(victim: Victim, attack: OneAfterTheOther, examples: int, seed: int, confirm: int) -> list[Outcome]:
    """One trial on each of so many examples, those left out that the victim got wrong on the clean text."""
    task, space = task_named("classification"), space_of(victim)
    recipe = Recipe("one-after-the-other", attack, Citation("", ""), "word", "labels", "none")
    plan = Plan((recipe,), task, task.goal("", space), space, seed=seed, confirm=confirm)
    rows = [Example(f"e{number:05d}", (f"a film number {number}",), 1, {}) for number in range(examples)]
    oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=20_000))
    ended = list(Engine(oracles, in_flight=256).outcomes(plan, rows, {}))
    return [one for one in ended if one.status != "skipped"]


def share(ended: Sequence[Outcome], *statuses: str) -> dict[str, Any]:
    """The share of trials that ended so, with its 95 % interval."""
    rate = proportion(sum(one.status in statuses for one in ended), len(ended))
    return {"rate": rate.rate, "low": rate.low, "high": rate.high, "n": rate.n}


def asks(ended: Sequence[Outcome]) -> float:
    """Fresh answers to a success that fresh answers refuted, mean: what confirming costs where nothing is broken."""
    return sum(one.unconfirmed for one in ended) / max(1, len(ended))


def robust(rate: float, queries: int, examples: int, seed: int) -> dict[str, Any]:
    """A victim that no text breaks: how often the search alone, the majority alone and the whole rule call an example broken.

    A trial without control would have ended at the first success that most fresh answers bear out: those that ended confirmed,
    and those in which the original kept one from being confirmed.
    """
    alone = outcomes(flipping(rate, seed), OneAfterTheOther(queries), examples, seed, 0)
    whole = outcomes(flipping(rate, seed + 1), OneAfterTheOther(queries), examples, seed, CONFIRM)
    return {
        "rate": rate,
        "queries": queries,
        "search_alone": share(alone, "succeeded"),
        "majority_alone": share(whole, "succeeded", "undecided"),
        "confirmed": share(whole, "succeeded"),
        "open": share(whole, "undecided"),
        "found_each": asks(whole),
    }


def flipping(rate: float, seed: int) -> Victim:
    """The robust victim."""
    return load_victim(f"scripted:flipping:{rate},{seed}")


def power(breach: float, rate: float, examples: int, seed: int, confirm: int) -> dict[str, Any]:
    """A victim that one text of twenty breaks at a rate: is the example confirmed broken, once the search came upon that text?"""
    victim = load_victim(f"scripted:breakable:{breach},{rate},{seed}")
    ended = outcomes(victim, OneAfterTheOther(20, breaking=10), examples, seed, confirm)
    won = [one for one in ended if one.status == "succeeded" and " break " in (one.perturbed or "")]
    met = [one for one in ended if one in won or one.queries > 11]
    kept = proportion(len(won), len(met))
    covered = [one for one in won if _covers(one, breach)]
    return {
        "breach": breach,
        "rate": rate,
        "confirm": confirm,
        "confirmed": kept.rate,
        "low": kept.low,
        "high": kept.high,
        "of_found": breach and min(1.0, (kept.rate or 0.0) / breach),
        "statuses": dict(Counter(one.status for one in ended)),
        "interval_covers": len(covered) / len(won) if won else None,
    }


def _covers(one: Outcome, breach: float) -> bool:
    found = proportion(one.fresh_reached, one.fresh_asked)
    return found.low <= breach <= found.high


def percent(value: float | None) -> str:
    """``1.5 %``."""
    return "–" if value is None else f"{100 * value:.1f} %"


def main() -> None:
    """Run the simulations and print them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    scale = {50: given.examples, 500: max(1, given.examples // 5)}
    steady = [robust(rate, queries, scale[queries], given.seed) for queries in QUERIES for rate in RATES]
    unsure = [robust(rate, 50, given.examples, given.seed) for rate in UNSURE]
    kept = [power(breach, rate, given.examples, given.seed, CONFIRM) for rate in (0.0, 0.02, 0.1) for breach in BREACHES]
    more = [power(breach, 0.1, given.examples, given.seed, 10) for breach in BREACHES]
    print("| flip rate | queries | successes found a trial | broken, search alone | most fresh answers | confirmed | left open |")
    print("|---|---|---|---|---|---|---|")
    for row in (*steady, *unsure):
        cells = (percent(row["rate"]), str(row["queries"]), f"{row['found_each']:.2f}")
        print("| " + " | ".join((*cells, *(percent(row[k]["rate"]) for k in SHARES))) + " |")
    print("\n| breach probability | flip rate | fresh asks | found and confirmed | of those found | interval holds it |")
    print("|---|---|---|---|---|---|")
    for row in (*kept, *more):
        cells = (percent(row["breach"]), percent(row["rate"]), str(row["confirm"]))
        shares = (percent(row["confirmed"]), percent(row["of_found"]), percent(row["interval_covers"]))
        print("| " + " | ".join((*cells, *shares)) + " |")
    print(json.dumps({"noise_floor": steady, "unsure": unsure, "power": [*kept, *more], "seed": given.seed}))


if __name__ == "__main__":
    main()
