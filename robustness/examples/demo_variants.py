"""Two relatives of the demo victim for `robustness compare`: one with a damaged head, one trained with typos in its texts.

Run it to write the held-out rows as ``held-out.csv`` and to train the second (about eight minutes), then audit the relatives:

    robustness examples variants
    python demo_variants.py
    robustness audit --victim python:demo_variants.py:worse --data held-out.csv --recipes natural:keyboard-typo
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from robustness.demo import DELTA, LABELS, demo_examples, fitting_rows
from robustness.victims.demo import apply_delta, encoder_folder, mean_pooled_classifier

TRAINED = Path("typo-trained.safetensors")
BATCH, EPOCHS = 32, 1


class Relative:
    """The demo's encoder with another head: from texts to probabilities, (n, 2)."""

    labels = LABELS

    def __init__(self) -> None:
        from transformers import AutoModel, AutoTokenizer

        folder = str(encoder_folder())
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model = mean_pooled_classifier(AutoModel.from_pretrained(folder, local_files_only=True), len(LABELS))
        apply_delta(self.model, DELTA)
        self.model.eval()
        self.robustness_identity = "demo"

    def tokens(self, texts: Sequence[str]) -> Any:
        """What the model reads."""
        return self.tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")

    def __call__(self, texts: Sequence[str]) -> Any:
        """Probabilities, batch by batch as the audit sends them."""
        import torch

        with torch.inference_mode():
            return self.model(**self.tokens(texts)).logits.double().softmax(-1).numpy()


def worse() -> Relative:
    """The demo with noise on its head, six times as large as the head itself."""
    import torch

    found = Relative()
    generator = torch.Generator().manual_seed(1)
    weight = found.model.head.weight.data
    noise = torch.randn(weight.shape, generator=generator)
    found.model.head.weight.data = weight + 6 * noise * weight.norm() / noise.norm()
    found.robustness_identity = "demo, head spoilt with seed 1"
    return found


def typo_trained() -> Relative:
    """The demo trained on for one pass over its rows, two texts in three with typos."""
    from safetensors.torch import load_file

    found = Relative()
    found.model.load_state_dict(load_file(TRAINED))
    found.robustness_identity = f"demo, typos, {sha256(TRAINED.read_bytes()).hexdigest()[:16]}"
    return found


def train(found: Relative) -> None:
    """Fit every weight, from the demo's own."""
    import torch

    torch.manual_seed(0)
    rng, every = Random(0), (2, 4, 10**9)
    rows = [(typed(text, rng.choice(every), rng), LABELS.index(label)) for _, text, label in fitting_rows() * EPOCHS]
    rng.shuffle(rows)
    optimiser = torch.optim.AdamW(found.model.parameters(), lr=5e-5)
    falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, total_iters=len(rows) // BATCH + 1)
    for start in range(0, len(rows), BATCH):
        texts, labels = zip(*rows[start : start + BATCH], strict=True)
        loss = torch.nn.functional.cross_entropy(found.model(**found.tokens(texts)).logits, torch.tensor(labels))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()
        falling.step()


def typed(text: str, every: int, rng: Random) -> str:
    """The text with a keyboard neighbour in about one word of so many."""
    from attacks.transformations.characters.keyboard import KeyboardTypo
    from attacks.words import Words

    words, typo = Words(text), KeyboardTypo()
    for index in range(len(words)):
        swap = typo.pick(words, index, rng) if rng.random() < 1 / every else None
        words = words.replace(index, swap) if swap else words
    return str(words)


def main() -> None:
    """Write the audited rows, and the values of the typo-trained relative."""
    from safetensors.torch import save_file

    with open("held-out.csv", "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "text", "label"), *demo_examples()])
    found = Relative()
    train(found)
    save_file(found.model.state_dict(), TRAINED)


if __name__ == "__main__":
    main()
