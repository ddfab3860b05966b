"""Fit the demo victim's delta: biases, LayerNorm values and head of MiniLM-L6 on 7,500 Rotten Tomatoes sentences.

``choose`` compares settings on 750 of those rows that it keeps out of the fit; ``fit`` fits on all of them with the
chosen setting, writes ``robustness/demo/delta.safetensors`` and says how well the held-out rows are classified.

    OMP_NUM_THREADS=2 python scripts/fit_demo.py fit
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

from robustness.demo import DELTA, LABELS, Row, demo_examples, digest, fitting_rows
from robustness.victims.demo import MAX_TOKENS, encoder_folder, is_fitted, mean_pooled_classifier

VALIDATION = 750


@dataclass(frozen=True)
class Setting:
    """What is varied. ``rate`` peaks after a tenth of the steps and falls linearly to zero."""

    rate: float = 2e-3
    epochs: int = 4
    dropout: float = 0.1
    batch: int = 32
    smoothing: float = 0.0
    decay: float = 0.0
    seed: int = 1


CHOSEN = Setting()

CANDIDATES = (
    Setting(rate=1e-3, epochs=3),
    Setting(rate=2e-3, epochs=3),
    Setting(rate=4e-3, epochs=3),
)


def build(setting: Setting) -> Any:
    """The encoder with a fresh head; only what the delta may hold is trainable."""
    torch.manual_seed(setting.seed)
    encoder = AutoModel.from_pretrained(str(encoder_folder()), local_files_only=True)
    model = mean_pooled_classifier(encoder, len(LABELS), setting.dropout)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = is_fitted(name)
    return model


def encode(rows: Sequence[Row]) -> list[tuple[list[int], int]]:
    """Token ids and label index of each row."""
    tokenizer = AutoTokenizer.from_pretrained(str(encoder_folder()), local_files_only=True)
    ids = tokenizer([text for _, text, _ in rows], truncation=True, max_length=MAX_TOKENS)["input_ids"]
    return [(i, LABELS.index(label)) for i, (_, _, label) in zip(ids, rows, strict=True)]


def batches(data: Sequence[tuple[list[int], int]], size: int, rng: random.Random) -> list[list[tuple[list[int], int]]]:
    """Batches of similar length in random order: sorted within chunks of twenty batches, so that little is padded."""
    order = list(data)
    rng.shuffle(order)
    made = []
    for start in range(0, len(order), size * 20):
        chunk = sorted(order[start : start + size * 20], key=lambda pair: len(pair[0]))
        made += [chunk[i : i + size] for i in range(0, len(chunk), size)]
    rng.shuffle(made)
    return made


def tensors(batch: Sequence[tuple[list[int], int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Padded ids, mask and labels."""
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in batch])
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in batch])
    return ids, mask, torch.tensor([label for _, label in batch])


def train(setting: Setting, data: Sequence[tuple[list[int], int]]) -> Iterator[tuple[int, Any]]:
    """Yield (epoch, model) after each epoch."""
    model = build(setting)
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([p for _, p in named], lr=setting.rate, weight_decay=setting.decay)
    steps = setting.epochs * -(-len(data) // setting.batch) + setting.epochs
    warm = steps // 10
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / (steps - warm))))
    loss = torch.nn.CrossEntropyLoss(label_smoothing=setting.smoothing)
    rng = random.Random(setting.seed)
    for epoch in range(setting.epochs):
        model.train()
        for batch in batches(data, setting.batch, rng):
            ids, mask, labels = tensors(batch)
            optimizer.zero_grad()
            loss(model(ids, mask).logits, labels).backward()
            torch.nn.utils.clip_grad_norm_([p for _, p in named], 1.0)
            optimizer.step()
            schedule.step()
        yield epoch + 1, model.eval()


def accuracy(model: Any, data: Sequence[tuple[list[int], int]]) -> float:
    """Share classified correctly, batches of one exact length."""
    groups: dict[int, list[tuple[list[int], int]]] = defaultdict(list)
    for pair in data:
        groups[len(pair[0])].append(pair)
    right = 0
    with torch.inference_mode():
        for group in groups.values():
            ids, mask, labels = tensors(group)
            right += int((model(ids, mask).logits.argmax(1) == labels).sum())
    return right / len(data)


def choose(settings: Sequence[Setting]) -> None:
    """Fit each setting without the validation rows and print its validation accuracy after each epoch."""
    rows = sorted(fitting_rows(), key=lambda row: digest("validation " + row[1]))
    validation, rest = encode(rows[:VALIDATION]), encode(rows[VALIDATION:])
    for setting in settings:
        start = time.monotonic()
        for epoch, model in train(setting, rest):
            seconds = time.monotonic() - start
            print(
                json.dumps(
                    {"epoch": epoch, "validation": round(accuracy(model, validation), 4), "s": round(seconds), **asdict(setting)}
                ),
                flush=True,
            )


def fit(setting: Setting, out: Path) -> None:
    """Fit on all fitting rows, write the delta, then look at the held-out rows once."""
    *_, (_epoch, model) = train(setting, encode(fitting_rows()))
    values = {name: p.detach().clone().contiguous() for name, p in model.named_parameters() if p.requires_grad}
    save_file(values, out, metadata={"setting": json.dumps(asdict(setting))})
    print(
        json.dumps(
            {"held_out": round(accuracy(model, encode(demo_examples())), 4), "bytes": out.stat().st_size, **asdict(setting)}
        )
    )


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("choose", "fit"))
    parser.add_argument("--out", type=Path, default=DELTA)
    parser.add_argument("--setting", action="append", type=json.loads, help="JSON of changed values, e.g. '{\"rate\": 0.001}'")
    args = parser.parse_args()
    settings = [replace(CHOSEN, **s) for s in args.setting or ()]
    if args.what == "choose":
        choose(settings or CANDIDATES)
    else:
        fit(settings[0] if settings else CHOSEN, args.out)


if __name__ == "__main__":
    main()
