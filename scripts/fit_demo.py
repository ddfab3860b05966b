"""Fit the demo victim's delta to 7,500 Rotten Tomatoes sentences: biases, LayerNorm values, low-rank terms and head of MiniLM-L6.

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
from torch.nn.utils import parametrize
from transformers import AutoModel, AutoTokenizer

from robustness.demo import DELTA, LABELS, Row, demo_examples, digest, fitting_rows
from robustness.victims.demo import (
    DOWN,
    MAX_TOKENS,
    UP,
    apply_delta,
    encoder_folder,
    is_fitted,
    is_turned,
    mean_pooled_classifier,
)

VALIDATION = 750


@dataclass(frozen=True)
class Setting:
    """What is varied. Rates peak after a tenth of the steps and fall linearly to zero; ``turn_rate`` is the low-rank terms'.

    ``drop``: share of the tokens left out of each sentence, anew in each epoch.
    """

    rate: float = 1e-3
    turn_rate: float = 2e-3
    rank: int = 8
    epochs: int = 6
    dropout: float = 0.1
    drop: float = 0.15
    batch: int = 32
    seed: int = 1


CHOSEN = Setting()

CANDIDATES = (
    Setting(epochs=2, drop=0.0),
    Setting(epochs=4),
)


class Turned(torch.nn.Module):
    """A weight plus a product of two thin matrices, which is zero at first."""

    def __init__(self, rows: int, columns: int, rank: int) -> None:
        super().__init__()
        self.up = torch.nn.Parameter(torch.zeros(rows, rank))
        self.down = torch.nn.Parameter(torch.randn(rank, columns) / columns**0.5)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The turned weight."""
        return weight + self.up @ self.down


def build(setting: Setting) -> Any:
    """The encoder with a fresh head; only what the delta may hold is trainable."""
    model = fresh(setting)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = is_fitted(name)
    for name in [name for name, _ in model.named_parameters() if is_turned(name)]:
        module = model.get_submodule(name.removesuffix(".weight"))
        rows, columns = module.weight.shape
        parametrize.register_parametrization(module, "weight", Turned(rows, columns, setting.rank))
    return model


def fresh(setting: Setting) -> Any:
    """The encoder with a head that knows nothing."""
    torch.manual_seed(setting.seed)
    encoder = AutoModel.from_pretrained(str(encoder_folder()), local_files_only=True)
    return mean_pooled_classifier(encoder, len(LABELS), setting.dropout)


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


def thinned(ids: list[int], drop: float, rng: random.Random) -> list[int]:
    """A sentence without a random share of its tokens; the first and the last, which the tokenizer added, stay."""
    return [ids[0], *(one for one in ids[1:-1] if rng.random() >= drop), ids[-1]]


def train(setting: Setting, data: Sequence[tuple[list[int], int]]) -> Iterator[tuple[int, Any]]:
    """Yield (epoch, model) after each epoch."""
    model = build(setting)
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    groups = [{"params": [p for n, p in named if is_fitted(n)], "lr": setting.rate}]
    groups += [{"params": [p for n, p in named if not is_fitted(n)], "lr": setting.turn_rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    steps = setting.epochs * -(-len(data) // setting.batch) + setting.epochs
    warm = steps // 10
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / (steps - warm))))
    loss = torch.nn.CrossEntropyLoss()
    rng = random.Random(setting.seed)
    for epoch in range(setting.epochs):
        model.train()
        for batch in batches(data, setting.batch, rng):
            ids, mask, labels = tensors([(thinned(one, setting.drop, rng), label) for one, label in batch])
            optimizer.zero_grad()
            loss(model(ids, mask).logits, labels).backward()
            torch.nn.utils.clip_grad_norm_([p for _, p in named], 1.0)
            optimizer.step()
            schedule.step()
        yield epoch + 1, model.eval()


def delta(model: Any) -> dict[str, torch.Tensor]:
    """What was fitted, in half precision, under the names that ``apply_delta`` reads."""
    values = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            name = name.replace(".parametrizations.weight.0.up", ".weight" + UP)
            name = name.replace(".parametrizations.weight.0.down", ".weight" + DOWN)
            values[name] = parameter.detach().half().contiguous()
    return values


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
    """Fit on all fitting rows, write the delta, then look once at how the held-out rows are classified by what was written."""
    *_, (_epoch, model) = train(setting, encode(fitting_rows()))
    save_file(delta(model), out, metadata={"setting": json.dumps(asdict(setting))})
    shipped = fresh(setting)
    apply_delta(shipped, out)
    found = {"held_out": round(accuracy(shipped.eval(), encode(demo_examples())), 4), "bytes": out.stat().st_size}
    print(json.dumps({**found, **asdict(setting)}))


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
