"""Simulated audits with known true rates: do intervals, gate, comparison and sequential audits err as seldom as they say?

    python bench/simulate_gate.py [--audits 2000] [--seed 0]

No victim and no attack: outcomes are drawn, then judged by the code that judges real runs. Prints tables and one JSON line; takes
a few minutes. What is behind each number is in docs/statistics.md.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import bdtrc

from reports.compare.changes import corrected
from reports.compare.compare import decide
from reports.gate.gate import decide as hold
from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.gate.verdicts import RuleResult
from reports.measures import intervals, paired, sequential
from reports.measures.clusters import design_of
from reports.measures.family import family_wise
from reports.measures.power import deciding_distance, decision_power, pairs_to_pass, visible_drop
from reports.run import Judged, Manifest, Outcome, Run

Rows = list[dict[str, Any]]
tango = cache(paired.tango)


@cache
def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % score interval, which is narrower and errs more on one side: what the exact one is measured against."""
    z2, rate = intervals.z_of(0.95) ** 2, k / n
    half = math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n)))
    return max(0.0, (rate + z2 / (2 * n) - half) / (1 + z2 / n)), min(1.0, (rate + z2 / (2 * n) + half) / (1 + z2 / n))


INTERVALS = {"exact": intervals.exact, "wilson": wilson}

EXAMPLES = 1000
THRESHOLD = 0.3


def coverage(rng: np.random.Generator, audits: int) -> Rows:
    """How often an interval holds the true value; each audit has a true rate of its own, drawn evenly."""
    rows = []
    for n in (50, 100, 200, 500, 1000):
        rates = rng.uniform(0.02, 0.98, audits * 5)
        seen = rng.binomial(n, rates)
        held = {name: _share_inside(ends, seen, n, rates) for name, ends in INTERVALS.items()}
        rows.append({"n": n, **held, "paired": _paired_coverage(rng, n, audits)})
    return rows


def _share_inside(ends: Any, seen: Any, n: int, rates: Any) -> float:
    inside = [ends(int(k), n)[0] <= p <= ends(int(k), n)[1] for k, p in zip(seen, rates, strict=True)]
    return float(np.mean(inside))


def _paired_coverage(rng: np.random.Generator, n: int, audits: int) -> float:
    """Broken and fixed shares drawn evenly from 0 to 15 %: the change of two runs a release apart."""
    broken, fixed = rng.uniform(0, 0.15, audits), rng.uniform(0, 0.15, audits)
    held = 0
    for b, f in zip(broken, fixed, strict=True):
        down, up, _ = rng.multinomial(n, [b, f, 1 - b - f])
        low, high = tango(int(down), int(up), n)
        held += low <= f - b <= high
    return held / audits


def errors() -> Rows:
    """The worst one-sided error of a gate over thresholds of 1 to 99 %, the true rate exactly at each: computed, not simulated.

    The table has the worst of both errors; ``curve`` has, for each n, those of every threshold.
    """
    rows = []
    for n in (1, 2, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000):
        curves = {name: [_errors(ends, n, percent / 100) for percent in range(1, 100)] for name, ends in INTERVALS.items()}
        row: dict[str, Any] = {"n": n}
        for name, curve in curves.items():
            row[f"{name}: false pass"] = max(green for green, _ in curve)
            row[f"{name}: false fail"] = max(red for _, red in curve)
        row["wilson at 98 %"], row["exact at 98 %"] = max(curves["wilson"][97]), max(curves["exact"][97])
        rows.append(row)
    return rows


def _errors(ends: Any, n: int, threshold: float) -> tuple[float, float]:
    """The chance to pass and to fail a victim exactly at the threshold, the ends deciding as they do in the gate."""
    intervals = [ends(k, n) for k in range(n + 1)]
    chances = [math.exp(_log_chance(k, n, threshold)) for k in range(n + 1)]
    green = math.fsum(c for c, (low, _) in zip(chances, intervals, strict=True) if low >= threshold)
    red = math.fsum(c for c, (_, high) in zip(chances, intervals, strict=True) if high < threshold)
    return green, red


def _log_chance(k: int, n: int, p: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(p) + (n - k) * math.log1p(-p)


def price() -> Rows:
    """What the exact interval costs: how far above a threshold a victim must be to pass four times in five, in points."""
    rows = []
    for n in (50, 100, 200, 300, 500, 1000, 2000, 5000):
        row: dict[str, Any] = {"n": n}
        for threshold in (0.3, 0.9):
            for name, ends in INTERVALS.items():
                row[f"{name}, above {threshold:.0%}"] = _points(_distance(ends, n, threshold))
        rows.append(row)
    return rows


def _distance(ends: Any, n: int, threshold: float) -> float | None:
    first = next((k for k in range(n + 1) if ends(k, n)[0] >= threshold), None)
    if first is None:
        return None
    few, many = threshold, 1.0
    for _ in range(30):
        rate = (few + many) / 2
        passed = float(bdtrc(first - 1, n, rate)) if first else 1.0
        few, many = (few, rate) if passed >= 0.8 else (rate, many)
    return many - threshold


def _outcomes(example: str, recipe: str) -> dict[str, Outcome]:
    def one(status: str) -> Outcome:
        clean = Judged("neg" if status == "skipped" else "pos")
        return Outcome(example, recipe, status, "pos", "text", {"text": "a"}, clean=clean, attempted=3, distinct=3)

    return {status: one(status) for status in ("failed", "succeeded", "skipped")}


class Runs:
    """Real ``Run`` values from arrays of statuses, outcomes made once and shared."""

    def __init__(self, examples: int, recipes: Sequence[str]) -> None:
        self.examples, self.recipes = examples, recipes
        self._made = [[_outcomes(f"e{i}", name) for i in range(examples)] for name in recipes]

    def manifest(self, **changes: Any) -> Manifest:
        """The manifest of such a run."""
        values: dict[str, Any] = {"created": "", "versions": {}, "seed": 0, "profile": "strict", "budget": 100, "cascade": False}
        named = tuple({"name": name} for name in self.recipes)
        return Manifest(**values, examples=self.examples, victim={}, data={}, recipes=named, finished=True, **changes)

    def run(self, right: Any, broken: Any) -> Run:
        """``right``: (examples,) clean answers; ``broken``: (recipes, examples)."""
        names = np.where(~right, "skipped", np.where(broken, "succeeded", "failed"))
        return Run(
            Path(),
            self.manifest(),
            tuple(
                made[name]
                for row, given in zip(self._made, names.tolist(), strict=True)
                for made, name in zip(row, given, strict=True)
            ),
        )


def gate(rng: np.random.Generator, audits: int, n: int = 200) -> Rows:
    """The whole gate on runs whose true rate lies exactly at, or a little beyond, the threshold."""
    runs, rows = Runs(n, ["attack"]), []
    policy = parse_policy({"gate": {"min_robust_accuracy": 0.3}}, "simulation")
    for true in (0.3, 0.35, 0.4, 0.25, 0.2):
        found = {"passed": 0, "failed": 0, "inconclusive": 0}
        for _ in range(audits):
            right = rng.random(n) < 0.8
            broken = rng.random((1, n)) >= true / 0.8
            found[evaluate(runs.run(right, broken), policy).verdict] += 1
        rows.append({"n": n, "threshold": 0.3, "true": true, **{k: v / audits for k, v in found.items()},
                     "computed": decision_power(n, true, 0.3) if true != 0.3 else None})  # fmt: skip
    return rows


def several(rng: np.random.Generator, audits: int, n: int = 100) -> Rows:
    """Many rules, each true rate exactly at its threshold: what they cost at 95 % each, and what ``family_wise`` repairs."""
    rows = []
    for rules in (1, 4, 10, 20):
        seen = rng.binomial(n, THRESHOLD, (audits, rules))
        found = {name: sum(_any_failed(row, n, together) for row in seen) for name, together in _WAYS}
        rows.append({"n": n, "rules": rules, **{name: count / audits for name, count in found.items()}})
    return rows


_WAYS = (("failed, each by itself", False), ("failed, family-wise", True))


def _any_failed(counts: Any, n: int, together: bool) -> bool:
    rules = [_rule(int(k), n) for k in counts]
    return any(rule.verdict == "fail" for rule in (family_wise(rules, 0.95) if together else rules))


@cache
def _rule(k: int, n: int) -> RuleResult:
    return hold("min_robust_accuracy", "run", THRESHOLD, intervals.proportion(k, n))


def clusters(rng: np.random.Generator, audits: int, threshold: float = 0.9) -> Rows:
    """Examples in groups, the true rate exactly at the threshold: how often the gate errs with and without ``--group``.

    Each group has a rate of its own from a beta distribution, so that two of its examples correlate by ``icc``.
    """
    rows = []
    for groups, size, icc in CLUSTERED:
        for true in (0.5, threshold, 0.98):
            row: dict[str, Any] = {"groups": groups, "of": size, "icc": icc, "true": true}
            seen = _grouped(rng, audits, groups, size, icc, true)
            for name, told in (("alone", False), ("--group", True)):
                ends = [_ends(row_, size, told) for row_ in seen]
                row[f"{name}: false pass"] = float(np.mean([low > true for low, _ in ends]))
                row[f"{name}: false fail"] = float(np.mean([high < true for _, high in ends]))
                row[f"{name}: width"] = float(np.mean([high - low for low, high in ends]))
            rows.append(row)
    return rows


CLUSTERED = (
    *((20, 10, 0.0), (20, 10, 0.1), (20, 10, 0.3), (40, 5, 0.1), (40, 5, 0.3)),
    *((5, 10, 0.3), (10, 10, 0.3), (100, 10, 0.3), (10, 40, 0.3)),
)


def _grouped(rng: np.random.Generator, audits: int, groups: int, size: int, icc: float, true: float) -> Any:
    """How many of each group's examples held, per audit."""
    if not icc:
        return rng.binomial(size, true, (audits, groups))
    spread = 1 / icc - 1
    return rng.binomial(size, rng.beta(true * spread, (1 - true) * spread, (audits, groups)))


def _ends(held: Any, size: int, told: bool) -> tuple[float, float]:
    counts = tuple(sorted(map(int, held)))
    return _grouped_ends(counts, size) if told else intervals.exact(sum(counts), size * len(counts))


@cache
def _grouped_ends(counts: tuple[int, ...], size: int) -> tuple[float, float]:
    values = ((str(group), float(at < count)) for group, count in enumerate(counts) for at in range(size))
    found = intervals.proportion(sum(counts), size * len(counts), 0.95, design_of(values))
    return found.low, found.high


MARGIN = 0.02
CASES = (
    ("nothing changed, churn 2 %", 0.02, 0.02),
    ("nothing changed, churn 5 %", 0.05, 0.05),
    ("1 point worse, churn 0", 0.01, 0.0),
    ("1 point worse, churn 5 %", 0.06, 0.05),
    ("2 points worse, the margin", 0.04, 0.02),
    ("5 points worse", 0.08, 0.03),
    ("5 points better", 0.03, 0.08),
)


def comparison(rng: np.random.Generator, audits: int, n: int = EXAMPLES, recipes: int = 4) -> Rows:
    """Verdicts of compare with a margin of 2 points. Only robust accuracy moves; five more questions stand beside it, independent
    and unmoved, which is the worst case for crying wolf.
    """
    rows: Rows = []
    titles = [("robust accuracy", ""), ("clean accuracy", ""), *(("recipe", f"r{i}") for i in range(recipes))]
    for name, broken, fixed in CASES:
        still = (broken + fixed) / 2 if broken != fixed else broken
        shares = [(broken, fixed), *[(still, still)] * (recipes + 1)]
        draws = [rng.multinomial(n, [b, f, 1 - b - f], size=audits) for b, f in shares]
        found = Counter(_verdict(titles, [draw[audit] for draw in draws]) for audit in range(audits))
        verdicts = ("regressed", "improved", "no evidence", "inconclusive")
        rows.append({"n": n, "case": name, **{v: found[v] / audits for v in verdicts}})
    return rows


def _verdict(titles: Sequence[tuple[str, str]], draws: Sequence[Any]) -> str:
    tables = [(*title, paired.Pairs(int(rest), int(b), int(f), 0)) for title, (b, f, rest) in zip(titles, draws, strict=True)]
    return decide(corrected(tables, MARGIN), MARGIN, 0.95)[0]


def watched(rng: np.random.Generator, audits: int, most: int = EXAMPLES) -> Rows:
    """Sequential audits of at most 1,000 examples, looked at as an audit looks, against a gate that wants 30 %."""
    rows = []
    for true in (0.3, 0.32, 0.35, 0.4, 0.6, 0.28, 0.25, 0.2, 0.05):
        ends = [_until_decided(rng.random(most) < true) for _ in range(audits)]
        verdicts = Counter(verdict for verdict, _ in ends)
        shares = {name: verdicts[name] / audits for name in ("pass", "fail", "inconclusive")}
        drawn = float(np.mean([n for _, n in ends]))
        rows.append({"true": true, "wanted": THRESHOLD, **shares, "drawn": round(drawn), "of": most})
    return rows


def _until_decided(held: Any) -> tuple[str, int]:
    """The verdict, and after how many examples."""
    drawn, verdict = 0, "inconclusive"
    while verdict == "inconclusive" and drawn < len(held):
        drawn = min(len(held), sequential.next_look(drawn))
        verdict = _look(int(held[:drawn].sum()), drawn)
    return verdict, drawn


@cache
def _look(held: int, drawn: int) -> str:
    low, high = sequential.anytime(held, drawn)
    observed = intervals.Proportion(held, drawn, held / drawn, low, high, 0.95, intervals.ANYTIME)
    return hold("min_robust_accuracy", "run", THRESHOLD, observed).verdict


def peeking(rng: np.random.Generator, audits: int, most: int = EXAMPLES) -> Rows:
    """How often the true rate is outside the interval at some look: why stopping early needs another than the exact one."""
    rates = rng.uniform(0.05, 0.95, audits)
    lost = {"exact": 0, "anytime": 0}
    for true in rates:
        held, drawn, out = np.cumsum(rng.random(most) < true), 0, {"exact": False, "anytime": False}
        while drawn < most:
            drawn = min(most, sequential.next_look(drawn))
            k = int(held[drawn - 1])
            low, high = intervals.exact(k, drawn)
            out["exact"] |= not low <= true <= high
            out["anytime"] |= sequential.log_evidence(k, drawn, true) >= np.log(20)
        lost = {name: lost[name] + out[name] for name in lost}
    return [{"looks at up to": most, **{name: count / audits for name, count in lost.items()}}]


def power() -> Rows:
    """What so many examples can show, computed, not simulated."""
    rows = []
    for n in (50, 100, 200, 300, 500, 1000, 2000, 5000):
        drops = {f"drop seen, churn {churn:.0%}": _points(visible_drop(n, churn)) for churn in (0.0, 0.02, 0.05, 0.1)}
        rows.append({"n": n, **drops, "passes if above 30 % by": _points(deciding_distance(n, THRESHOLD))})
    return rows


def margins() -> Rows:
    """Examples that it takes to exclude a regression larger than the margin when nothing changed, four times in five."""
    return [
        {"margin": f"{100 * margin:g} points", **{f"churn {c:.0%}": pairs_to_pass(margin, c) for c in (0.0, 0.02, 0.05, 0.1)}}
        for margin in (0.01, 0.02, 0.03, 0.05)
    ]


def _points(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def show(title: str, rows: Rows) -> None:
    """Print a table."""
    print(f"\n{title}")
    digits = 1 if "power" in title else 3
    cells = [list(rows[0]), *([_cell(v, digits) for v in row.values()] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(cells[0]))]
    for line in cells:
        print(
            "  ".join(cell.ljust(w) if at == 0 else cell.rjust(w) for at, (cell, w) in enumerate(zip(line, widths, strict=True)))
        )


def _cell(value: Any, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run every simulation and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=2000, help="simulated audits per row")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    found = {
        "coverage of 95 % intervals, true rates drawn evenly": coverage(rng, args.audits),
        "worst error over thresholds of 1 to 99 %, computed": errors(),
        "what the exact interval costs: points above the threshold to pass four times in five, power": price(),
        "gate wants robust accuracy 30 %: verdicts": gate(rng, args.audits),
        "gates of several independent rules, each true rate at its threshold": several(rng, args.audits),
        "examples in groups: errors at the true rate, each taken for itself and with --group": clusters(rng, args.audits),
        "compare, margin 2 points: verdicts": comparison(rng, args.audits),
        "share of audits that lose the true rate at some look": peeking(rng, args.audits),
        "sequential audits, gate wants 30 %: verdicts and examples drawn": watched(rng, args.audits),
        "power: points at which four of five audits see it": power(),
        "examples needed to exclude a regression when nothing changed": margins(),
    }
    for title, rows in found.items():
        show(title, rows)
    print(json.dumps({"bench": "simulate_gate", "audits": args.audits, "seed": args.seed, **found}, default=float))


if __name__ == "__main__":
    main()
