"""Speed and memory of natural noise on very many short examples, with a victim that costs next to nothing.

    python bench/natural_scale.py [--examples 100000] [--recipe natural:keyboard-typo] [--render]

Prints examples a second (one trial an example, up to six queries each) and the peak memory of this process. ``--render`` also
reads the run back and writes every report, as ``robustness audit`` does.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

SENTENCES = (
    ("a warm and funny film about two brothers number {}", "positive"),
    ("this is a dull and empty mess, scene {} most of all", "negative"),
    ("not bad at all, and take {} is great", "positive"),
    ("it fails as a comedy and bores as a drama {} times", "negative"),
)


def rows(count: int) -> list[tuple[str, str]]:
    """Distinct short sentences with labels."""
    return [(SENTENCES[n % 4][0].format(n), SENTENCES[n % 4][1]) for n in range(count)]


def measure(count: int, recipe: str, render: bool) -> dict[str, Any]:
    """Audit ``count`` examples and account for time and memory."""
    from reports.run.store import RunWriter
    from robustness.auditing import open_data, open_victim
    from robustness.engine.engine import Engine
    from robustness.planning.audit import prepare
    from robustness.settings import Settings

    victim = open_victim("scripted:keyword")
    data = open_data("scripted:keyword", victim, rows(count), limit=None, seed=0)
    prepared = prepare(victim, data, Settings(recipes=(recipe,), encoder="none", batch_tokens=16_384))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        if render:
            started = time.perf_counter()
            prepared.run(out)
            return _row(count, recipe, time.perf_counter() - started, None)
        with RunWriter.create(out, prepared.manifest) as writer:
            started, queries = time.perf_counter(), 0
            for outcome in Engine(prepared.oracles).outcomes(prepared.plan, data.examples, {}):
                writer.append(outcome)
                queries += outcome.queries
            return _row(count, recipe, time.perf_counter() - started, queries)


def _row(count: int, recipe: str, seconds: float, queries: int | None) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rate = {"examples_per_s": round(count / seconds), "peak_gib": round(peak, 3)}
    return {"recipe": recipe, "examples": count, "queries": queries, "seconds": round(seconds, 2), **rate}


def main() -> None:
    """Measure once and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--recipe", default="natural:keyboard-typo")
    parser.add_argument("--render", action="store_true")
    args = parser.parse_args()
    print(json.dumps({"bench": "natural_scale", **measure(args.examples, args.recipe, args.render)}))


if __name__ == "__main__":
    main()
