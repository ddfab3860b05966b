"""An exhaustive certificate beside the bare floor: the same texts through the victim, sorted and batched, nothing else done.

    python -m bench.certify_floor --victim hf:MODEL --data FILE.tsv [--space char-1:swap+delete] [-n 8] [--threads 1]

One process, turns of certificate and floor after a warm-up; the best of each counts, in CPU seconds, because other work on the
machine moves wall time. The floors are the victim's own ``predict`` and each bare form of ``bench/floors.py`` (--forms), in
sorted batches of 16, 32 and 64 texts (--sizes). Prints one line of JSON: forwards, seconds, ratios of floor to certificate, the
processor.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench import ours
from bench.ideal import SIZES, Side, recording
from bench.processor import in_words, processor


def timed(call: Callable[[], Any]) -> float:
    """CPU seconds of a call."""
    started = time.process_time()
    call()
    return time.process_time() - started


def main() -> None:
    """Measure and print."""
    import torch

    from robustness.auditing import open_victim
    from robustness.certify.certify import certify
    from robustness.certify.exhaustive import Exhaustive
    from robustness.certify.frame import Asked, Frame
    from robustness.certify.spaces import parse_space
    from robustness.engine.backends import VictimBackend
    from robustness.engine.converse import over_victim
    from robustness.engine.engine import VICTIM, Oracles
    from robustness.tasks.registry import task_named
    from robustness.tasks.task import space_of

    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    parser.add_argument("--space", default="char-1:swap+delete")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--forms", nargs="+", help="of bench/floors.py, such as plain (default: all)")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    victim, task = open_victim(args.victim), task_named("classification")
    space = space_of(victim)
    frame = Frame(task, task.goal("", space), 0, space)
    method = Exhaustive(parse_space(args.space), all_texts=True)
    examples = [Asked(str(i), (text,), label) for i, (text, label) in enumerate(ours.read_rows(args.data, args.n))]

    def certified() -> list[Any]:
        oracles = Oracles(over_victim(VictimBackend(victim, timeout=300.0), batch_tokens=args.batch_tokens))
        seen = recording(oracles.by_role[VICTIM])
        certify(oracles, frame, method, examples)
        return seen

    asked = list(dict.fromkeys(certified()))
    side = Side(args.victim.removeprefix("hf:"), head=True, threads=args.threads)
    forms = [form for form in side.asks if args.forms is None or form in args.forms]
    sorted_ = sorted(asked, key=lambda one: victim.lengths([one])[0])

    def own(size: int) -> None:
        for at in range(0, len(sorted_), size):
            part = sorted_[at : at + size]
            victim.predict(part + part[:1] * (-len(part) % max(1, victim.info.row_quantum)))

    texts = [text for (text,) in asked]
    ways: dict[str, Callable[[], Any]] = {f"victim, {size}": partial(own, size) for size in args.sizes}
    ways |= {f"{form}, {size}": partial(side.seconds, form, texts, size) for form in forms for size in args.sizes}
    best: dict[str, float] = {}
    for _ in range(args.rounds):
        for name, call in {"certificate": certified, **ways}.items():
            getattr(victim, "_tokens")._memory.clear()  # noqa: B009 - each starts with no text tokenised
            best[name] = min(best.get(name, float("inf")), timed(call))
    floors = {kind: min(best[way] for way in ways if way.rpartition(",")[0] == kind) for kind in ("victim", *forms)}
    print(
        json.dumps(
            {
                "bench": "certify_floor",
                "space": method.name,
                "examples": len(examples),
                "forwards": len(asked),
                "certificate_s": round(best["certificate"], 2),
                "floor_s": {kind: round(value, 2) for kind, value in floors.items()},
                "ratio": {kind: round(value / best["certificate"], 3) for kind, value in floors.items()},
                "ways_s": {name: round(value, 2) for name, value in best.items()},
                "texts_per_cpu_s": round(len(asked) / best["certificate"]),
                "threads": args.threads,
                "processor": in_words(processor()),
            }
        )
    )


if __name__ == "__main__":
    main()
