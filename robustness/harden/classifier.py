"""A Hugging Face classifier as training needs it: with its weights free, and saved so that plain transformers loads it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from attacks.search import Input
from robustness.errors import UsageError
from robustness.harden.rows import Row
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.classifier import padding
from robustness.victims.transformers.heads import check_kind, reading
from robustness.victims.transformers.opening import opening
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.tokens import Tokens, batch


class Classifier:
    """A checkpoint with a head of exclusive classes, opened for training. ``labels``: in class order; ``pins``: its identity."""

    def __init__(self, path: str, *, device: str | None = None, allow_pickle: bool = False, offline: bool = False) -> None:
        with opening(
            path, device=device, allow_pickle=allow_pickle, trust_remote_code=False, offline=offline, takes_adapter=False
        ) as begun:
            check_kind(begun.config)
            head = reading(begun.config, None)
            if head.task != "classification":
                raise UsageError(
                    f"{path} answers for the task {head.task}; only classifiers with one label a text are fine-tuned"
                )
            self.tokenizer = begun.tokenizer()
            self.model = begun.headed("AutoModelForSequenceClassification", "sequence classifier", allow_pickle=allow_pickle)
            self.pins = begun.pins(self.model, self.tokenizer)
        self.labels, self.device = head.labels, begun.device
        self.pad_id, _ = padding(self.tokenizer, self.model.config)
        if self.model.config.pad_token_id is None:  # heads that read the last token that is not padding must know it
            self.model.config.pad_token_id = self.pad_id
        self.tokens = Tokens(self.tokenizer, token_limit(self.tokenizer, self.model, None), cached=0)
        self._left = getattr(self.model.config, "model_type", "") == "xlnet"
        self.model.to(self.device)

    def freeze(self, lower: int) -> None:
        """Fix the embeddings, and the ``lower`` first layers; what is left learns.

        A typo cuts a word into pieces of the vocabulary that all texts share; what they add up to is learnt in the layers.
        """
        for name, weight in self.model.named_parameters():
            weight.requires_grad = not (".embeddings." in f".{name}" or 0 <= _layer(name) < lower)

    def trainable(self) -> dict[str, Any]:
        """The weights that learn, by name."""
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    def columns(self, inputs: Sequence[Input]) -> dict[str, Any]:
        """Inputs as tensors, padded to the longest."""
        import torch

        columns = batch(self.tokens.encode(inputs), self.pad_id, left=self._left, limit=self.tokens.limit)
        return {name: torch.from_numpy(np.ascontiguousarray(c)).to(self.device) for name, c in columns.items()}

    def logits(self, inputs: Sequence[Input]) -> Any:
        """(n, classes)."""
        return self.model(**self.columns(inputs)).logits

    def accuracy(self, rows: Sequence[Row], size: int = 64) -> float:
        """The share of the rows that it gets right, dropout off."""
        import torch

        self.model.eval()
        order = sorted(rows, key=lambda row: sum(map(len, row.inputs)))
        right = 0
        with torch.inference_mode():
            for at in range(0, len(order), size):
                part = order[at : at + size]
                best = self.logits([row.inputs for row in part]).argmax(1).tolist()
                right += sum(found == row.label for found, row in zip(best, part, strict=True))
        return right / len(rows)

    def save(self, folder: Path) -> None:
        """Write a folder that ``AutoModelForSequenceClassification`` and ``AutoTokenizer`` load, whole or not at all."""
        temporary = folder.with_name(folder.name + ".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        with checkpoints.quietly():
            self.model.eval().save_pretrained(temporary, safe_serialization=True)
            self.tokenizer.save_pretrained(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)


def _layer(name: str) -> int:
    """The number of the layer that a weight belongs to, -1 where its name has none."""
    parts = name.split(".")
    numbers = [int(part) for before, part in pairwise(parts) if part.isdigit() and before in _LISTS]
    return numbers[0] if numbers else -1


_LISTS = ("layer", "layers", "h", "block", "blocks")
