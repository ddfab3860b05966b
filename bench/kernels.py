"""Linear layers as torch has them and packed for oneDNN, and whole models by form: which is the fastest on this processor.

    python -m bench.kernels --victim hf:MODEL --data FILE.tsv [-n 64] [--threads 2]

Prints a table of products by shape, one of texts a second by batch size and length, with the fastest form last, and one line
of JSON. The forms are those of ``bench/floors.py`` and ``ours``, the victim as an audit asks it; they take turns, and the best
of three rounds counts. Texts of ``--data`` are cut, or joined, to have the length.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench import floors, ours
from bench.processor import in_words, processor

SHAPES = ((384, 384), (384, 1536), (1536, 384), (768, 768), (768, 3072))
ROWS = (64, 256, 1024)
BATCHES, LENGTHS = (1, 8, 32, 64), (8, 32, 128)
REPEATS, ROUNDS = 30, 3


def seconds(calls: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Of one call each, the best of a few rounds in which they take turns."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(repeats):
                call()
            found[name].append((time.perf_counter() - started) / repeats)
    return {name: min(times) for name, times in found.items()}


def products() -> list[dict[str, Any]]:
    """Billions of operations a second of single layers."""
    import torch

    from robustness.victims.transformers.fast.kernels import pack

    rows = []
    for inner, outer in SHAPES:
        plain, packed = (torch.nn.Linear(inner, outer).eval() for _ in range(2))
        pack(packed)
        for count in ROWS:
            x, work = torch.randn(count, inner), 2e-9 * count * inner * outer
            with torch.inference_mode():
                took = seconds({"plain": lambda: plain(x), "packed": lambda: packed(x)}, REPEATS)  # noqa: B023 - called here
            rows.append({"rows": count, "layer": f"{inner}x{outer}", **{name: round(work / one) for name, one in took.items()}})
    return rows


def texts_of(rows: list[str], length: int, count: int, measure: Callable[[str], int]) -> list[str]:
    """As many texts of about ``length`` tokens, made of the words of ``rows``."""
    words = " ".join(rows).split()
    size = max(1, round(length * len(words) / max(1, measure(" ".join(words[:2000])) * len(words) / min(2000, len(words)))))
    return [" ".join((words * 2)[at * size % len(words) :][:size]) for at in range(count)]


def models(path: str, rows: list[str], threads: int) -> list[dict[str, Any]]:
    """Texts a second of the whole model by form, batch size and length."""
    from robustness.victims.transformers.classifier import load_huggingface

    victim: Any = load_huggingface(path, device="cpu")
    tokenizer = victim._tokens.tokenizer
    measure = lambda text: len(tokenizer(text, verbose=False)["input_ids"])  # noqa: E731
    (probe,) = floors.padded(tokenizer, texts_of(rows, 12, 4, measure), 4)
    asks = {form: floors.asking(form, path, probe, head=True, threads=threads) for form in floors.FORMS}
    found = []
    for size in BATCHES:
        for length in LENGTHS:
            texts = texts_of(rows, length, size, measure)
            (columns,) = floors.padded(tokenizer, texts, size)
            calls: dict[str, Callable[[], Any]] = {form: partial(ask, columns) for form, ask in asks.items() if ask is not None}
            calls["ours"] = partial(victim.predict, [(text,) for text in texts])
            took = seconds(calls, max(1, 512 // (size * length)))
            rates = {form: round(size / one, 1) for form, one in took.items()}
            found.append(
                {"batch": size, "tokens": columns["input_ids"].shape[1], **rates, "best": max(rates, key=lambda f: rates[f])}
            )
    return found


def table(rows: list[dict[str, Any]]) -> None:
    """Columns as the first row names them."""
    print(" | ".join(rows[0]))
    for row in rows:
        print(" | ".join(map(str, row.values())))
    print()


def main() -> None:
    """Measure both and print them."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    layers = products()
    print("single layers, GFLOP/s")
    table(layers)
    found = models(args.victim.removeprefix("hf:"), [text for text, _ in ours.read_rows(args.data, args.n)], args.threads)
    print("whole model, texts a second")
    table(found)
    machine = processor()
    print(in_words(machine))
    print(json.dumps({"bench": "kernels", "processor": machine, "layers": layers, "texts_per_s": found}))


if __name__ == "__main__":
    main()
