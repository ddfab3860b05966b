"""A second run with a warm cache against the first: seconds of attacking, and whether the outcomes are identical.

    python bench/warm_cache.py --victim hf:MODEL --data FILE [--recipes deepwordbug,pwws,textfooler] [-n 20]

Loading the models is left out: it is the same for both. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Run cold and warm in one process."""
    from robustness.auditing import open_data, open_victim
    from robustness.planning.audit import prepare
    from robustness.settings import Settings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--victim", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--recipes", default="deepwordbug,pwws,textfooler")
    parser.add_argument("-n", type=int, default=20)
    args = parser.parse_args()
    victim = open_victim(args.victim)
    data = open_data(args.victim, victim, args.data, limit=args.n, seed=0)
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        outcomes = set()
        for name in ("cold", "warm"):
            settings = Settings(recipes=tuple(args.recipes.split(",")), cache=Path(folder) / "cache")
            prepared = prepare(victim, data, settings)
            started = time.perf_counter()
            lines = sorted(outcome.to_json() for outcome in _outcomes(prepared))
            found.append({"run": name, "seconds": round(time.perf_counter() - started, 3), "trials": len(lines),
                          "forwards": sum(oracle.usage.forwards for _, oracle in prepared.oracles.by_role.items())})  # fmt: skip
            outcomes.add(tuple(lines))
    ratio = round(found[0]["seconds"] / found[1]["seconds"], 1)
    print(json.dumps({"bench": "warm_cache", "rows": found, "ratio": ratio, "identical": len(outcomes) == 1}))


def _outcomes(prepared: Any) -> Any:
    from robustness.engine.engine import Engine

    return Engine(prepared.oracles).outcomes(prepared.plan, prepared.data.examples, {})


if __name__ == "__main__":
    main()
