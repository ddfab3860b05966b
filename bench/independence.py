"""Whether a score depends on its neighbours in the batch: on the processor it may not, on a GPU this says how far it does.

    python -m bench.independence --victim hf:MODEL --data FILE.tsv [-n 64] [--device cuda]

Each text is asked in four equal rows, then among others in batches of several sizes, drawn anew and padded to the longest.
Prints how many scores differ in any bit, the largest difference, and how many labels, with one line of JSON last. Exit code 1
where the victim promises the same bits and does not keep to it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from bench import ours
from bench.processor import in_words, processor

SIZES = (8, 32, 64)


def measured(victim: Any, texts: Sequence[tuple[str, ...]], size: int) -> dict[str, Any]:
    """Texts alone against the same texts in batches of ``size``."""
    alone = np.stack([victim.predict([text] * 4)[0] for text in texts])
    order = list(range(len(texts)))
    Random(size).shuffle(order)
    order += order[: -len(order) % size]
    among = np.empty_like(alone)
    for at in range(0, len(order), size):
        among[order[at : at + size]] = victim.predict([texts[n] for n in order[at : at + size]])
    return {
        "batch": size,
        "texts": len(texts),
        "differ": int((alone != among).any(axis=1).sum()),
        "largest": float(np.abs(alone - among).max()),
        "labels": int((alone.argmax(axis=1) != among.argmax(axis=1)).sum()),
    }


def main() -> None:
    """Measure and print; exit 1 where a promise is broken."""
    import torch

    from robustness.auditing import open_victim

    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    victim = open_victim(args.victim, device=args.device)
    texts: list[tuple[str, ...]] = [(text,) for text, _ in ours.read_rows(args.data, args.n)]
    low, high = victim.info.mixed_lengths
    lengths = victim.lengths(texts)
    mixing = [text for text, length in zip(texts, lengths, strict=True) if length <= high]  # longer ones never share a batch
    rows = [measured(victim, mixing, size) for size in SIZES] if mixing else []
    promised = victim.info.row_quantum > 0
    print(" | ".join(("batch", "texts", "differ", "largest difference", "other label")))
    for row in rows:
        print(" | ".join(map(str, row.values())))
    machine, where = processor(), getattr(victim, "_device", "cpu")
    print(f"promised: {promised}; lengths that mix: {low} to {high}; on {where}; {in_words(machine)}")
    print(json.dumps({"bench": "independence", "ran_on": where, "promised": promised, "rows": rows, "processor": machine}))
    sys.exit(1 if promised and any(row["differ"] for row in rows) else 0)


if __name__ == "__main__":
    main()
