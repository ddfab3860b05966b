"""A2T-style adversarial training: the words that the loss leans on most are replaced, and the worst of a few tries is learnt.

After Yoo and Qi (Findings of EMNLP 2021, arXiv 2109.00544): words are ranked by the gradient of the loss with regard to their
embeddings, and a share of each epoch's rows is attacked. Where A2T searches word by word, this asks a handful of whole texts in
one batch and keeps the one of highest loss: one gradient and ``TRIES`` forwards a row, whatever its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from attacks.search import Input
from attacks.transformations.base import Transformation, WordSwap
from attacks.words import words_of
from robustness.errors import UsageError
from robustness.harden.classifier import Classifier
from robustness.harden.noise import Noise
from robustness.harden.rows import Row
from robustness.harden.training import Worse, perturbed_last
from robustness.victims.transformers.derivatives import embedding_layer

TRIES = 4
WORDS = (0.1, 0.2, 0.35)
"""Shares of the words that may be replaced, at least one; which, is drawn for each text."""
ATTACKED = 0.5
"""Share of the perturbed rows that are attacked; the others are perturbed at random."""


def adversarial(noise: Noise) -> Worse:
    """Texts perturbed at random, and a share of them where it hurts most.

    Raises:
        UsageError: none of the techniques replaces single words.
    """
    swaps = [one for one in noise.own if isinstance(one, WordSwap)]
    if not swaps:
        raise UsageError(
            f"--method adversarial replaces words or letters of words, and {', '.join(noise.names)} do not; use --method augment"
        )

    def made(victim: Classifier, rows: Sequence[Row], epoch: int) -> list[Input]:
        texts = [perturbed_last(row.inputs, noise, epoch) for row in rows]
        chosen = [n for n, row in enumerate(rows) if texts[n] != row.inputs and _drawn(noise, row, epoch) < ATTACKED]
        if not chosen:
            return texts
        found = _worst(victim, [rows[n] for n in chosen], swaps, noise, epoch)
        for n, inputs in zip(chosen, found, strict=True):
            texts[n] = inputs
        return texts

    return made


def check_tokenizer(victim: Classifier) -> None:
    """Raise ``UsageError`` where the tokenizer cannot say which token stands where."""
    if not victim.tokenizer.is_fast or embedding_layer(victim.model) is None:
        raise UsageError("--method adversarial needs a fast tokenizer and an embedding layer; use --method augment")


def _drawn(noise: Noise, row: Row, epoch: int) -> float:
    return Random(f"{noise.seed}|attacked|{epoch}|{row.inputs[-1]}").random()


def _worst(victim: Classifier, rows: Sequence[Row], swaps: Sequence[Transformation], noise: Noise, epoch: int) -> list[Input]:
    """Of each row the variant of highest loss; the row itself where none can be made."""
    import torch

    victim.model.eval()
    ranks = _ranked(victim, rows)
    tries: list[tuple[int, Input]] = []
    for n, row in enumerate(rows):
        rng = Random(f"{noise.seed}|tries|{epoch}|{row.inputs[-1]}")
        variants = [_replaced(row.inputs, ranks[n], swaps, rng) for _ in range(TRIES)]
        tries += [(n, one) for one in dict.fromkeys(variants) if one != row.inputs]
    found = [row.inputs for row in rows]
    if not tries:
        return found
    labels = torch.tensor([rows[n].label for n, _ in tries], device=victim.device)
    with torch.inference_mode():
        losses = torch.nn.functional.cross_entropy(victim.logits([t for _, t in tries]), labels, reduction="none").tolist()
    best: dict[int, float] = {}
    for (n, inputs), loss in zip(tries, losses, strict=True):
        if loss > best.get(n, float("-inf")):
            best[n], found[n] = loss, inputs
    return found


def _ranked(victim: Classifier, rows: Sequence[Row]) -> list[list[int]]:
    """The words of each row's last text, those of the largest gradient first."""
    import torch

    tapped: list[Any] = []

    def tap(_layer: Any, _inputs: Any, output: Any) -> Any:
        if tapped:
            return output
        tapped.append(output.detach().requires_grad_(True))
        return tapped[0]

    inputs = [row.inputs for row in rows]
    layer = embedding_layer(victim.model)
    handle = layer.register_forward_hook(tap)
    try:
        labels = torch.tensor([row.label for row in rows], device=victim.device)
        loss = torch.nn.functional.cross_entropy(victim.logits(inputs), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, tapped[:1])
    finally:
        handle.remove()
    size = gradient.norm(p=1, dim=-1).tolist()
    last = len(inputs[0]) - 1
    return [
        _by_word(one[-1], size[n], places, last)
        for n, (one, places) in enumerate(zip(inputs, _places(victim, inputs), strict=True))
    ]


def _places(victim: Classifier, inputs: Sequence[Input]) -> list[tuple[tuple[int, int, int] | None, ...]]:
    return victim.tokens.places(inputs)


def _by_word(text: str, sizes: Sequence[float], places: Sequence[tuple[int, int, int] | None], field: int) -> list[int]:
    spans = words_of(text).spans()
    sums = [0.0] * len(spans)
    at = 0
    for place, size in zip(places, sizes, strict=False):
        if place is None or place[0] != field:
            continue
        while at < len(spans) and spans[at][1] <= place[1]:
            at += 1
        if at < len(spans) and place[2] > spans[at][0]:
            sums[at] += size
    return sorted(range(len(spans)), key=lambda n: (-sums[n], n))


def _replaced(inputs: Input, ranking: Sequence[int], swaps: Sequence[Any], rng: Random) -> Input:
    words = words_of(inputs[-1])
    wanted = max(1, round(len(words) * rng.choice(WORDS)))
    changes: dict[int, str] = {}
    for index in ranking:
        options = rng.choice(swaps).swaps(words, index, rng)
        if options:
            changes[index] = options[int(rng.random() * len(options))]
        if len(changes) >= wanted:
            break
    return (*inputs[:-1], str(words.replace_many(changes))) if changes else inputs
