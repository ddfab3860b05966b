"""Golden runs: outcome lines of every recipe on a victim without weights, and of three on the demo, by digest.

A change that is meant to leave behaviour alone leaves these digests alone::

    python scripts/golden.py --write     # after a change of behaviour that is meant
    python scripts/golden.py --check
    python scripts/golden.py --demo --out DIR    # the demo's lines differ between processors: compare on one machine
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

from attacks.recipes import build, names
from robustness import audit
from robustness.errors import UsageError

DIGESTS = Path(__file__).resolve().parent.parent / "tests" / "golden" / "outcomes.json"
INSTALLED = ("natural:ocr-real", "natural:speech-real")
"""Recipes whose texts depend on the programs that are installed."""
ROWS = [
    ("The acting is wonderful and the story moves along nicely.", "positive"),
    ("A dull, lazy film that wastes 2 good actors in New York.", "negative"),
    ("I love the honest, warm tone of this picture.", "positive"),
    ("It isn't funny, and the jokes are stale.", "negative"),
    ("Although it is slow, the ending is brilliant and smart.", "positive"),
    ("Bad lighting, terrible sound; a mess from start to finish.", "negative"),
    ("An enjoyable evening for John Smith and his 3 children.", "positive"),
    ("The plot lacks sense and the pace is tedious.", "negative"),
    ("Fresh!", "positive"),
    ("boring", "positive"),
    ("What a charming, clever, delightful comedy it turned out to be when we saw it on 12 May 2019.", "positive"),
    ("The weak script fails its strong cast, which is sad.", "negative"),
]


def lines(victim: str, recipe: str, budget: int, limit: int | None = None) -> bytes | None:
    """The outcome lines of one run, in the order of example ids; None where the recipe cannot run on this victim."""
    rows = None if victim == "demo" else [{"id": str(i), "text": t, "label": y} for i, (t, y) in enumerate(ROWS)]
    with tempfile.TemporaryDirectory() as folder:
        try:
            audit(
                victim,
                rows,
                recipes=recipe,
                out=Path(folder) / "run",
                limit=limit,
                seed=7,
                budget=budget,
                encoder="none",
                offline=True,
            )
        except UsageError:
            return None
        return b"".join(sorted((Path(folder) / "run" / "outcomes.jsonl").read_bytes().splitlines(keepends=True)))


def digests() -> dict[str, str]:
    """SHA-256 of the lines of each recipe that runs on ``scripted:keyword``."""
    fit = [name for name in names() if name not in INSTALLED and build(name).tasks in ((), ("classification",))]
    found = ((name, lines("scripted:keyword", name, 60)) for name in fit)
    return {name: hashlib.sha256(text).hexdigest() for name, text in found if text is not None}


def main() -> None:
    """Write, check, or keep the lines themselves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        runs: list[tuple[str, str, int, int | None]] = [("scripted:keyword", name, 60, None) for name in names()]
        if asked.demo:
            runs += [("demo", name, 100, 20) for name in ("deepwordbug", "pwws", "natural:keyboard")]
        for victim, name, budget, limit in runs:
            text = lines(victim, name, budget, limit)
            if text is not None:
                (asked.out / f"{victim.replace(':', '-')}-{name.replace(':', '-')}.jsonl").write_bytes(text)
    if asked.write:
        DIGESTS.write_text(json.dumps(digests(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    if asked.check:
        expected = json.loads(DIGESTS.read_text(encoding="utf-8"))
        moved = sorted(name for name, digest in digests().items() | expected.items() if expected.get(name) != digest)
        sys.exit(f"changed: {', '.join(sorted(set(moved)))}" if moved else 0)


if __name__ == "__main__":
    main()
