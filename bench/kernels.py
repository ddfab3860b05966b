"""Linear layers as torch has them and packed for oneDNN: products a second by shape, texts a second of a whole model.

    python -m bench.kernels --victim hf:MODEL --data FILE.tsv [-n 256] [--threads 2]

Prints a table, one line of JSON last. The model answers sorted batches of 32 texts; the best of three rounds counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

from bench import ours

SHAPES = ((384, 384), (384, 1536), (1536, 384), (768, 768), (768, 3072))
ROWS = (64, 256, 1024)
REPEATS, ROUNDS = 30, 3


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """Of one call, the best of a few rounds."""
    call()
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(repeats):
            call()
        found.append((time.perf_counter() - started) / repeats)
    return min(found)


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
                rates = [round(work / seconds(lambda: layer(x), REPEATS)) for layer in (plain, packed)]  # noqa: B023 - called here
            rows.append({"rows": count, "layer": f"{inner}x{outer}", "plain": rates[0], "packed": rates[1]})
    return rows


def model(path: str, texts: list[str]) -> dict[str, int]:
    """Texts a second of the whole model: plain, packed, and packed with the last layer's unread tokens left out."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from robustness.victims.transformers.fast.kernels import pack, read_first

    tokenizer = AutoTokenizer.from_pretrained(path)
    victim = AutoModelForSequenceClassification.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
    texts = sorted(texts, key=lambda text: len(tokenizer(text)["input_ids"]))
    batches = [tokenizer(texts[at : at + 32], padding=True, return_tensors="pt") for at in range(0, len(texts), 32)]

    def ask() -> Any:
        with torch.inference_mode():
            return [victim(**batch).logits for batch in batches]

    found = {"plain": round(len(texts) / seconds(ask, 1))}
    pack(victim)
    found["packed"] = round(len(texts) / seconds(ask, 1))
    if read_first(victim, lambda: torch.cat(ask()).numpy()):
        found["packed, first token"] = round(len(texts) / seconds(ask, 1))
    return found


def main() -> None:
    """Measure both and print them."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    layers = products()
    print("rows | layer | plain, GFLOP/s | packed, GFLOP/s")
    for row in layers:
        print(" | ".join(map(str, row.values())))
    texts = model(args.victim.removeprefix("hf:"), [text for text, _ in ours.read_rows(args.data, args.n)])
    print("texts a second: " + ", ".join(f"{name} {rate}" for name, rate in texts.items()))
    print(json.dumps({"bench": "kernels", "threads": args.threads, "layers": layers, "texts_per_s": texts}))


if __name__ == "__main__":
    main()
