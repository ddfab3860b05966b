"""Fit the demo victim's delta to 7,500 Rotten Tomatoes sentences: biases, LayerNorm values, low-rank terms and head of MiniLM-L6.

``choose`` compares settings on 750 of those rows that it keeps out of the fit; ``fit`` fits on all of them with the
chosen setting, writes ``robustness/demo/delta.safetensors`` and says how well the held-out rows are classified.

What is kept is the moving average of the weights (Polyak and Juditsky 1992). Each sentence passes twice, with other units
dropped, and pays for the two answers' difference (R-Drop, Liang et al. 2021, arXiv 2106.14448).

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

    ``drop``: share of the tokens left out of each sentence, anew in each epoch. ``agree``: weight of the divergence between a
    sentence's two answers. ``average``: how much of the moving average each step keeps.
    """

    rate: float = 1e-3
    turn_rate: float = 2e-3
    rank: int = 12
    epochs: int = 8
    dropout: float = 0.1
    drop: float = 0.15
    agree: float = 1.0
    average: float = 0.998
    batch: int = 32
    seed: int = 1


CHOSEN = Setting()

CANDIDATES = (
    Setting(drop=0.2, agree=0.0),
    Setting(),
)


class Product(torch.autograd.Function):
    """A product with a frozen matrix, packed in both directions: half the time of a linear layer whose weight never changes."""

    @staticmethod
    def forward(ctx: Any, x: Any, bias: Any, there: Any, back: Any) -> Any:
        """``x`` times the matrix, plus the bias."""
        ctx.back = back
        return torch.ops.mkldnn._linear_pointwise(x, there, bias, "none", [], "")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Gradients of input and bias."""
        (gradient,) = gradients
        gradient = gradient.contiguous()
        before = torch.ops.mkldnn._linear_pointwise(gradient, ctx.back, None, "none", [], "")
        return before, gradient.reshape(-1, gradient.shape[-1]).sum(0), None, None


class Turned(torch.nn.Module):
    """A linear layer with a frozen weight and, where ``rank`` is not 0, a product of two thin matrices, zero at first."""

    def __init__(self, layer: torch.nn.Linear, rank: int) -> None:
        super().__init__()
        weight = layer.weight.detach()
        self.there, self.back = (torch.ops.mkldnn._reorder_linear_weight(w.contiguous(), 1024) for w in (weight, weight.t()))
        self.bias = torch.nn.Parameter(layer.bias.detach().clone())
        self.rank = rank
        if rank:
            self.up = torch.nn.Parameter(torch.zeros(weight.shape[0], rank))
            self.down = torch.nn.Parameter(torch.randn(rank, weight.shape[1]) / weight.shape[1] ** 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the turned weight answers."""
        made: torch.Tensor = Product.apply(x, self.bias, self.there, self.back)  # type: ignore[no-untyped-call]
        return made + (x @ self.down.T) @ self.up.T if self.rank else made


def build(setting: Setting) -> Any:
    """The encoder with a fresh head; only what the delta may hold is trainable."""
    model = fresh(setting)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = is_fitted(name)
    encoder = model.encoder.encoder
    for name in [name for name, layer in encoder.named_modules() if isinstance(layer, torch.nn.Linear)]:
        rank = setting.rank if is_turned(f"{name}.weight") else 0
        encoder.set_submodule(name, Turned(encoder.get_submodule(name), rank))
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


def loss(model: Any, ids: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor, agree: float) -> torch.Tensor:
    """Cross-entropy; where ``agree`` is not 0, of two passes, plus their symmetric divergence."""
    if not agree:
        return torch.nn.functional.cross_entropy(model(ids, mask).logits, labels)
    logits: torch.Tensor = model(torch.cat([ids, ids]), torch.cat([mask, mask])).logits
    one, two = logits.log_softmax(-1).chunk(2)
    apart = ((one.exp() - two.exp()) * (one - two)).sum(-1).mean() / 2
    wrong = torch.nn.functional.cross_entropy(logits, torch.cat([labels, labels]))
    return wrong + agree * apart


def groups(model: Any, setting: Setting) -> list[dict[str, Any]]:
    """What is fitted, each part with its rate."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    turns = [p for name, p in named if name.endswith((UP, DOWN))]
    return [
        {"params": [p for name, p in named if not name.endswith((UP, DOWN))], "lr": setting.rate},
        {"params": turns, "lr": setting.turn_rate},
    ]


def train(setting: Setting, data: Sequence[tuple[list[int], int]]) -> Iterator[tuple[int, Any]]:
    """Yield (epoch, model with the averaged weights) after each epoch."""
    model = build(setting)
    fitted = [p for p in model.parameters() if p.requires_grad]
    average = [p.detach().clone() for p in fitted]
    optimizer = torch.optim.AdamW(groups(model, setting), weight_decay=0.0)
    steps = setting.epochs * -(-len(data) // setting.batch) + setting.epochs
    warm = steps // 10
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / (steps - warm))))
    rng = random.Random(setting.seed)
    for epoch in range(setting.epochs):
        model.train()
        for batch in batches(data, setting.batch, rng):
            optimizer.zero_grad()
            ids, mask, labels = tensors([(thinned(one, setting.drop, rng), label) for one, label in batch])
            torch.autograd.backward(loss(model, ids, mask, labels, setting.agree))
            torch.nn.utils.clip_grad_norm_(fitted, 1.0)
            optimizer.step()
            schedule.step()
            for kept, value in zip(average, fitted, strict=True):
                kept.lerp_(value.detach(), 1 - setting.average)
        exchange(fitted, average)
        yield epoch + 1, model.eval()
        exchange(fitted, average)


def exchange(some: Sequence[torch.Tensor], others: Sequence[torch.Tensor]) -> None:
    """Swap the values of tensors pair by pair."""
    with torch.no_grad():
        for one, other in zip(some, others, strict=True):
            value = one.detach().clone()
            one.copy_(other)
            other.copy_(value)


def delta(model: Any) -> dict[str, torch.Tensor]:
    """What was fitted, in half precision, under the names that ``apply_delta`` reads."""
    named = ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)
    return {
        name.replace(UP, f".weight{UP}").replace(DOWN, f".weight{DOWN}"): parameter.detach().half().contiguous()
        for name, parameter in named
    }


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
