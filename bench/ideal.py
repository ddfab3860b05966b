"""The floor: the forwards of a native run replayed bare, sorted by length in batches of the best size, nothing else done.

    python -m bench.ideal --victim hf:MODEL --data FILE.tsv [--recipes deepwordbug,pwws] [-n 20] [--threads 2]

Prints, for each recipe, the wall seconds of the run, of the bare replay with each batch size, and run over best replay, once with
torch's own linear layers (``floor_s``, ``ratio``) and once with packed ones (``packed_s``, ``packed_ratio``), as the run has
them. Replays tokenise too, all texts at once, and pad each batch to its longest; victim and encoder take turns.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

from bench import ours

SIZES = (16, 32, 64)
Replay = Callable[[list[Any], int], float]


def recording(oracle: Any) -> list[Any]:
    """A list that fills with every item that the oracle sends to its backend."""
    seen: list[Any] = []
    compute = oracle.backend.compute

    def spy(items: Any) -> Any:
        seen.extend(dict.fromkeys(items))
        return compute(items)

    oracle.backend.compute = spy
    return seen


def bare(path: str, head: bool, *, packed: bool) -> Replay:
    """A function from texts and a batch size to the seconds of their bare forwards."""
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

    from robustness.victims.transformers.fast.kernels import pack

    auto = AutoModelForSequenceClassification if head else AutoModel
    model, tokenizer = auto.from_pretrained(path, dtype=torch.float32).eval(), AutoTokenizer.from_pretrained(path)
    if packed:
        pack(model)

    def run(texts: list[Any], size: int) -> float:
        started = time.perf_counter()
        ids = sorted(tokenizer(texts, truncation=True, max_length=256, verbose=False)["input_ids"], key=len)
        with torch.inference_mode():
            for at in range(0, len(ids), size):
                part = ids[at : at + size]
                rows = torch.zeros(len(part), len(part[-1]), dtype=torch.long)
                mask = torch.zeros_like(rows)
                for n, row in enumerate(part):
                    rows[n, : len(row)], mask[n, : len(row)] = torch.tensor(row), 1
                model(input_ids=rows, attention_mask=mask)
        return time.perf_counter() - started

    return run


def floor(models: tuple[Replay, ...], inputs: list[Any], texts: list[Any]) -> dict[int, float]:
    """Seconds of all forwards of victim and encoder by batch size."""
    victim, encoder = models
    victim(inputs[:64], 64)
    return {size: round(victim(inputs, size) + (encoder(texts, size) if texts else 0.0), 2) for size in SIZES}


def main() -> None:
    """Run each recipe, replay its forwards."""
    from robustness.victims.demo import encoder_folder

    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    parser.add_argument("--recipes", default="deepwordbug,pwws,textfooler,textbugger")
    args = parser.parse_args()
    models = {
        name: tuple(
            bare(path, head, packed=name == "packed") for path, head in ((args.victim[3:], True), (str(encoder_folder()), False))
        )
        for name in ("floor", "packed")
    }
    for recipe in args.recipes.split(","):
        audit = ours.prepared(recipe, args)
        inputs = recording(audit.oracles.victim)
        texts = recording(audit.oracles.by_role["encoder"]) if "encoder" in audit.oracles.by_role else []
        outcomes, seconds = ours.attack(audit)
        inputs = [text for (text,) in inputs]
        found = {name: floor(pair, inputs, texts) for name, pair in models.items()}
        ratios = {name: round(seconds["wall_s"] / min(of.values()), 2) for name, of in found.items()}
        counts = {"examples": len(outcomes), "victim_forwards": len(inputs), "encoder_forwards": len(texts)}
        line = {
            "floor_s": found["floor"],
            "ratio": ratios["floor"],
            "packed_s": found["packed"],
            "packed_ratio": ratios["packed"],
        }
        print(json.dumps({"bench": "ideal", "recipe": recipe, **counts, **seconds, **line}), flush=True)


if __name__ == "__main__":
    main()
